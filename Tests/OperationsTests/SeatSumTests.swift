import Contracts
import Testing

@testable import Operations

struct SeatSumTests {
    private static func violations(_ numbers: [Int?]) -> [String] { SeatSum.addsUp(numbers, key: "k").map(\.what) }

    @Test func availableAndHeldMakeUpTheCapacity() {
        #expect(Self.violations([20, 18, 2]) == [])
        #expect(Self.violations([20, 0, 20]) == [])
        #expect(Self.violations([20, 19, 2]) == ["available 19 + held 2 is not capacity 20"])
    }

    @Test func neitherIsBelowZero() {
        #expect(Self.violations([20, 22, -2]) == ["held is -2"])
        #expect(Self.violations([20, -1, 21]) == ["available is -1"])
    }

    @Test(arguments: [[], [20, 18], [nil, 18, 2], [20, nil, 2], [20, 18, nil]] as [[Int?]])
    func aNumberThatIsMissingIsAViolation(numbers: [Int?]) {
        #expect(Self.violations(numbers) == ["capacity, available or held is missing or no number"])
    }

    @Test func heldIsTheSumOfTheSeats() {
        #expect(SeatSum.compare([:], held: 0, key: "k") == nil)
        #expect(SeatSum.compare(["b": 2, "c": 0, "d": 3], held: 5, key: "k") == nil)
        #expect(
            SeatSum.compare(["b": 2, "d": 3], held: 4, key: "k")
                == Audit.Violation(key: "k", what: "held is 4, the seats of its bookings are 5"))
    }

    /// Events since the reading began replace what was read.
    @Test func laterEventsReplaceSeats() {
        let id = ExhibitionID("a1")!
        var seats = ["a1-b": 2, "a1-c": 1, "a1-e": 5]
        for event in [
            ["eventType": "SeatsReserved", "museumId": "a1", "bookId": "a1-d", "seats": "4"],
            ["eventType": "SeatsReleased", "museumId": "a1", "bookId": "a1-b", "seats": "2"],
            ["eventType": "SeatsReleased", "museumId": "a1", "bookId": "a1-e", "seats": "3", "remaining": "2"],
            ["eventType": "SeatsReserved", "museumId": "a2", "bookId": "a2-x", "seats": "9"],
            ["eventType": "MuseumChanged", "museumId": "a1", "capacity": "9"],
        ] { SeatSum.apply(event, of: id, to: &seats) }
        #expect(seats == ["a1-b": 0, "a1-c": 1, "a1-d": 4, "a1-e": 2])
    }

    @Test func findingsKeepWhatIsNotAsExpected() {
        var findings = Findings()
        findings.expect(true, "right", "is right")
        #expect(findings.violations == [])
        findings.expect(false, "k", "is wrong")
        findings.expect(false, "l", "is wrong, too")
        #expect(findings.violations.map(\.key) == ["k", "l"])
    }
}
