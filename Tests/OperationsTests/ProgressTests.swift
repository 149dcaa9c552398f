import Messaging
import Operations
import Testing

struct ProgressTests {
    @Test func aBarHasCountTotalAndPercent() {
        let half = OperationProgress("rows", done: 6, of: 12, detail: "3 s left")
        #expect(half.percent == 50)
        #expect(half.bar == "rows [##########----------] 6/12 50%, 3 s left")
        #expect(half.text == "rows: 6 of 12 (50%), 3 s left")
    }

    @Test func itStaysWithinItsTotal() {
        #expect(OperationProgress("rows", done: 0, of: 12).bar == "rows [--------------------] 0/12 0%")
        #expect(OperationProgress("rows", done: 13, of: 12).bar == "rows [####################] 12/12 100%")
        #expect(OperationProgress("rows", done: 0, of: 0).percent == 100)
        #expect(OperationProgress("rows", done: 11, of: 12).percent == 91, "100 is reached at the end only")
    }

    @Test func withoutATotalThereIsNoBar() {
        #expect(OperationProgress("keys read", done: 7).bar == "keys read: 7")
        #expect(OperationProgress("waiting").bar == "waiting")
        #expect(OperationProgress("waiting").percent == nil)
    }

    /// How many events a group has yet to apply, by marks a thousand apart.
    @Test func whatIsLeftOfAReplay() {
        var marks = ReplayMarks()
        #expect(marks.total == 0)
        for (id, count) in [(1000, 1000), (2000, 1000), (2500, 500)] as [(UInt64, Int)] {
            marks.append(StreamID(milliseconds: id, sequence: 0), count: count)
        }
        #expect(marks.total == 2500)
        func left(_ applied: UInt64) -> Int { marks.left(after: StreamID(milliseconds: applied, sequence: 0)) }
        #expect(left(0) == 2500)
        #expect(left(999) == 2500)
        #expect(left(1000) == 1500)
        #expect(left(2499) == 500)
        #expect(left(2500) == 1, "the end itself is looked at elsewhere")
    }
}
