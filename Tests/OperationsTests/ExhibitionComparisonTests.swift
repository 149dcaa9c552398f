import Contracts
import Scripts
import Testing

@testable import Operations

struct ExhibitionComparisonTests {
    private static let keys = Keys(partition: "a")

    static func sound(status: String = "OPEN") -> ExhibitionComparison {
        var comparison = ExhibitionComparison(id: ExhibitionID("a1")!)
        let page = [
            "title": "Monet", "hall": "A", "date": "2026-12-24", "startTime": "14:00", "endTime": "15:30", "status": status,
            "version": "3",
        ]
        comparison.exhibition = page.merging(["capacity": "20", "available": "18", "held": "2", "createdAt": "1"]) { $1 }
        comparison.page = page
        comparison.places.listed = status == "DELETED" ? "" : "202612241400"
        comparison.places.deleted = status == "DELETED" ? "202612241400" : ""
        comparison.places.isRevoking = status == "DELETED"
        comparison.places.hasBookings = true
        comparison.places.isListedWithBookings = true
        comparison.places.hasAdmissions = true
        comparison.places.isListedWithAdmissions = true
        comparison.places.hasSeats = true
        return comparison
    }

    @Test(arguments: ["OPEN", "CLOSED", "DELETED"])
    func aSoundExhibitionHasNoViolations(status: String) {
        #expect(Self.sound(status: status).violations == [])
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let key: String
        let what: String
        var status = "OPEN"
        let make: @Sendable (inout ExhibitionComparison) -> Void
    }

    static let faults: [Fault] = [
        Fault(testDescription: "not listed", key: keys.exhibitions, what: "has a1 at no place, not at 202612241400") {
            $0.places.listed = ""
        },
        Fault(testDescription: "listed at another time", key: keys.exhibitions, what: "has a1 at 1, not at 202612241400") {
            $0.places.listed = "1"
        },
        Fault(testDescription: "an open one among the deleted", key: keys.deletedExhibitions, what: "has a1 at 1, not at ") {
            $0.places.deleted = "1"
        },
        Fault(
            testDescription: "deleted, with seats, not revoking", key: keys.revoking,
            what: "does not list a1, which is deleted and holds seats", status: "DELETED"
        ) { $0.places.isRevoking = false },
        Fault(
            testDescription: "bookings not listed", key: keys.exhibitionsWithBookings, what: "does not list a1, which has some"
        ) { $0.places.isListedWithBookings = false },
        Fault(
            testDescription: "admissions listed without any", key: keys.exhibitionsWithAdmissions,
            what: "lists a1, which has none"
        ) { $0.places.hasAdmissions = false },
        Fault(testDescription: "page's title", key: keys.pageExhibition("a1"), what: "shows title Manet, it is Monet") {
            $0.page["title"] = "Manet"
        },
        Fault(testDescription: "page's end", key: keys.pageExhibition("a1"), what: "shows endTime 15:30, it is none") {
            $0.exhibition["endTime"] = nil
        },
        Fault(
            testDescription: "missing", key: keys.exhibition("a1"), what: "is missing, though it is listed or has seats"
        ) { $0.exhibition = [:] },
        Fault(
            testDescription: "purging, not deleted", key: keys.exhibition("a1"), what: "is being purged, and not deleted"
        ) { $0.exhibition["purging"] = "1" },
    ]

    @Test(arguments: faults)
    func theKeyThatIsWrongIsNamedAlone(fault: Fault) {
        var comparison = Self.sound(status: fault.status)
        fault.make(&comparison)
        #expect(comparison.violations == [Audit.Violation(key: fault.key, what: fault.what)])
    }

    @Test func aPageOfNoExhibitionIsNamed() {
        var comparison = ExhibitionComparison(id: ExhibitionID("a1")!)
        #expect(comparison.violations == [])
        comparison.page = ["hall": "A"]
        #expect(
            comparison.violations == [
                Audit.Violation(key: Self.keys.pageExhibition("a1"), what: "shows an exhibition that is not there")
            ])
    }

    @Test func aDeletedOneThatHoldsNoSeatsNeedsNoRevoking() {
        var comparison = Self.sound(status: "DELETED")
        comparison.exhibition["held"] = "0"
        comparison.places.isRevoking = false
        #expect(comparison.violations == [])
    }
}
