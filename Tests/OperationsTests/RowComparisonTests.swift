import Operations
import Testing

/// A live row against the rebuilt one, which was read before (`since`) and after it (`until`).
struct RowComparisonTests {
    private static func row(_ version: Int, _ status: String, admission: Int? = nil, _ admissionStatus: String = "CONFIRMED")
        -> RowState
    {
        var fields = ["bookVersion": String(version), "status": status]
        if let admission {
            fields["admissionVersion"] = String(admission)
            fields["admission"] = admissionStatus
        }
        return RowState(fields, version: "bookVersion")
    }

    @Test func theSameIsRight() {
        let row = Self.row(2, "REQUEST_COMPLETED", admission: 1)
        #expect(row.wrong(since: row, until: row) == nil)
        let nothing = RowState([:], version: "bookVersion")
        #expect(nothing.wrong(since: nothing, until: nothing) == nil)
    }

    @Test func aDifferentValueAtTheSameVersionIsWrong() {
        let (live, rebuilt) = (Self.row(2, "CANCELED"), Self.row(2, "REQUEST_COMPLETED"))
        #expect(live.wrong(since: rebuilt, until: rebuilt) == ["", ""])
    }

    @Test func aMissingOrSurplusRowIsWrong() {
        let (nothing, row) = (RowState([:], version: "bookVersion"), Self.row(2, "REQUEST_COMPLETED"))
        #expect(nothing.wrong(since: row, until: row) == ["", ""])
        #expect(row.wrong(since: nothing, until: nothing) == ["2", ""], "no event has told of version 2")
    }

    @Test func aVersionThatNoEventToldOfIsNamed() {
        let (live, rebuilt) = (Self.row(9, "CANCELED", admission: 5), Self.row(2, "REQUEST_COMPLETED", admission: 1))
        #expect(live.wrong(since: rebuilt, until: rebuilt) == ["9", "5"])
    }

    /// Each half has a version of its own.
    @Test func oneHalfAloneMayBeWrong() {
        let live = Self.row(2, "REQUEST_COMPLETED", admission: 1, "CANCELED")
        let rebuilt = Self.row(2, "REQUEST_COMPLETED", admission: 1)
        #expect(live.wrong(since: rebuilt, until: rebuilt) == ["", ""])
    }

    /// The read model moves on while it is compared.
    @Test func aLiveRowBetweenBothReadingsIsRight() {
        let (first, second) = (Self.row(1, "REQUESTED"), Self.row(3, "CANCELED"))
        #expect(Self.row(1, "REQUESTED").wrong(since: first, until: second) == nil, "it is as the first")
        #expect(Self.row(2, "REQUEST_COMPLETED").wrong(since: first, until: second) == nil, "it is on its way")
        #expect(Self.row(3, "CANCELED").wrong(since: first, until: second) == nil, "it is as the second")
        #expect(Self.row(3, "REQUEST_COMPLETED").wrong(since: first, until: second) == ["", ""])
        #expect(Self.row(4, "CANCELED").wrong(since: first, until: second) == ["4", ""])
    }

    @Test func aDigestDependsOnContentAndNotOnOrder() {
        let subjects = (0..<3).map { RowSubject.hash(live: "live\($0)", rebuilt: "rebuilt\($0)", version: "bookVersion") }
        let rows = (0..<3).map { Self.row($0 + 1, "REQUESTED") }
        func digest(_ order: [Int], _ rows: [RowState]) -> RowDigest {
            var digest = RowDigest()
            for index in order { digest.add(subjects[index], rows[index]) }
            return digest
        }
        let whole = digest([0, 1, 2], rows)
        #expect(digest([2, 0, 1], rows) == whole)
        #expect(digest([0, 1], rows) != whole)
        #expect(digest([0, 1, 2], [rows[0], rows[1], Self.row(3, "CANCELED")]) != whole)
        #expect(digest([0, 1, 2], [rows[1], rows[0], rows[2]]) != whole, "each row under its own name")
        #expect(digest([], rows).description == "0000000000000000")
        #expect(whole.description.count == 16)
    }
}
