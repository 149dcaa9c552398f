import Operations
import Testing

struct PurgePlanTests {
    private static func isIncluded(_ fields: [String: String]) -> Bool { PurgePlan.includes(fields, before: "2026-01-01") }

    @Test func whatEndedBeforeTheDayIsIncluded() {
        #expect(Self.isIncluded(["date": "2025-12-31"]))
        #expect(Self.isIncluded(["date": "2020-02-29"]))
        #expect(!Self.isIncluded(["date": "2026-01-01"]), "the day itself stays")
        #expect(!Self.isIncluded(["date": "2026-12-24"]))
    }

    /// An end at or before the start is on the next day.
    @Test func anEndAfterMidnightIsOnTheNextDay() {
        #expect(!Self.isIncluded(["date": "2025-12-31", "startTime": "22:00", "endTime": "02:00"]))
        #expect(!Self.isIncluded(["date": "2025-12-31", "startTime": "22:00", "endTime": "22:00"]))
        #expect(Self.isIncluded(["date": "2025-12-30", "startTime": "22:00", "endTime": "02:00"]))
        #expect(Self.isIncluded(["date": "2025-12-31", "startTime": "20:00", "endTime": "23:59"]))
        #expect(Self.isIncluded(["date": "2025-12-31", "startTime": "22:00"]), "without an end it is one day")
    }

    @Test(arguments: [[:], ["date": ""], ["date": "2025-02-30"], ["date": "yesterday"], ["title": "Monet"]])
    func oneWhoseDateCannotBeReadStays(fields: [String: String]) {
        #expect(!Self.isIncluded(fields))
    }

    /// An earlier run has begun to remove it.
    @Test func oneThatIsBeingPurgedIsIncludedWheneverItEnds() {
        #expect(Self.isIncluded(["date": "2099-01-01", "purging": "1"]))
        #expect(Self.isIncluded(["purging": "1"]))
        #expect(!Self.isIncluded(["date": "2099-01-01", "purging": "0"]))
    }
}
