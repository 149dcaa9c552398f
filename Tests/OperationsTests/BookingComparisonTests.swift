import Contracts
import Scripts
import Testing

@testable import Operations

/// What the audit finds in one booking: nothing in a sound one, and the one key that is wrong in any other.
struct BookingComparisonTests {
    private static let id = BookingID("a1-7q2k9fx03mzr")!
    private static let keys = Keys(partition: "a")

    /// A booking in each state as the services have it when all events are applied.
    static func sound(_ status: BookingStatus) -> BookingComparison {
        var comparison = BookingComparison(id: id)
        let version = status == .requested ? "1" : status == .completed || status == .aborted ? "2" : "3"
        comparison.booking = [
            "visitor": "kim", "museumId": "a1", "seats": "2", "status": status.rawValue, "version": version, "createdAt": "100",
            "updatedAt": "200",
        ]
        comparison.seats = status == .completed ? 2 : 0
        comparison.page = comparison.booking.merging(["bookVersion": version]) { $1 }.filter { $0.key != "version" }
        if let admission = AdmissionStatus(following: status) {
            comparison.admission = [
                "visitor": "kim", "museumId": "a1", "seats": "2", "status": admission.rawValue, "version": "1",
                "bookVersion": version, "updatedAt": "300",
            ]
            comparison.page["admission"] = admission.rawValue
            comparison.page["admissionVersion"] = "1"
            comparison.page["admissionUpdatedAt"] = "300"
            comparison.places.admission = "100"
        }
        if status != .aborted {
            comparison.places.booking = "100"
            comparison.places.page = "100"
            comparison.places.isVisitorKnown = true
        }
        return comparison
    }

    @Test(arguments: [BookingStatus.completed, .canceled, .forceCanceled, .aborted])
    func aSoundBookingHasNoViolations(status: BookingStatus) {
        #expect(Self.sound(status).violations == [])
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let key: String
        let what: String
        var status = BookingStatus.completed
        let make: @Sendable (inout BookingComparison) -> Void

        static func seats(_ name: String, _ what: String, make: @escaping @Sendable (inout BookingComparison) -> Void) -> Fault {
            Fault(testDescription: name, key: keys.seats("a1"), what: what, make: make)
        }

        static func booking(_ name: String, _ what: String, make: @escaping @Sendable (inout BookingComparison) -> Void) -> Fault
        {
            Fault(testDescription: name, key: keys.booking(id.text), what: what, make: make)
        }

        static func admission(_ name: String, _ what: String, make: @escaping @Sendable (inout BookingComparison) -> Void)
            -> Fault
        {
            Fault(testDescription: name, key: keys.admission(id.text), what: what, make: make)
        }

        static func page(_ name: String, _ what: String, make: @escaping @Sendable (inout BookingComparison) -> Void) -> Fault {
            Fault(testDescription: name, key: keys.page(id.text), what: what, make: make)
        }
    }

    static let faults: [Fault] = [
        .seats("seats changed", "holds 3 seats for \(id.text), the booking has 2") {
            $0.seats = 3
        },
        .seats("seats missing", "holds 0 seats for \(id.text), the booking has 2") {
            $0.seats = nil
        },
        Fault(
            testDescription: "seats held for a canceled booking", key: keys.seats("a1"),
            what: "holds 2 seats for \(id.text), which is CANCELED", status: .canceled
        ) { $0.seats = 2 },
        .booking(
            "booking canceled alone",
            "is CANCELED at version 2; Museum, Confirm and MyPage know it as REQUEST_COMPLETED at version 2"
        ) { $0.booking["status"] = "CANCELED" },
        .booking(
            "booking missing", "is missing at version none; Museum, Confirm and MyPage know it as REQUEST_COMPLETED at version 2"
        ) { $0.booking = [:] },
        .admission("admission missing", "is missing, the booking is REQUEST_COMPLETED") {
            $0.admission = [:]
            $0.places.admission = "100"
        },
        .admission("admission's status", "is CANCELED, the booking is REQUEST_COMPLETED") { $0.admission["status"] = "CANCELED" },
        .admission("admission behind", "has seen version 1 of the booking, not 2") { $0.admission["bookVersion"] = "1" },
        .admission("admission's visitor", "has visitor lee, the booking has visitor kim") { $0.admission["visitor"] = "lee" },
        .page("page missing", "is missing, the booking is REQUEST_COMPLETED") {
            $0.page = [:]
        },
        .page("page's status", "shows REQUESTED, the booking is REQUEST_COMPLETED") { $0.page["status"] = "REQUESTED" },
        .page("page behind", "shows version 1 of the booking, not 2") {
            $0.page["bookVersion"] = "1"
        },
        .page("page's seats", "has seats 77, the booking has seats 2") {
            $0.page["seats"] = "77"
        },
        .page("page's admission", "shows admission CANCELED, it is CONFIRMED") { $0.page["admission"] = "CANCELED" },
        .page("page's admission time", "has admissionUpdatedAt 5, the admission has updatedAt 300") {
            $0.page["admissionUpdatedAt"] = "5"
        },
        Fault(
            testDescription: "booking in no index", key: keys.bookings(of: "a1"), what: "has \(id.text) at no place, not at 100"
        ) { $0.places.booking = nil },
        Fault(
            testDescription: "admission in no index", key: keys.admissions(to: "a1"),
            what: "has \(id.text) at no place, not at 100"
        ) { $0.places.admission = nil },
        Fault(
            testDescription: "on the visitor's list at another place", key: keys.pages(of: "kim"),
            what: "has \(id.text) at 7, not at 100"
        ) { $0.places.page = "7" },
        Fault(testDescription: "visitor unknown", key: keys.visitors, what: "does not list kim") {
            $0.places.isVisitorKnown = false
        },
        Fault(
            testDescription: "an aborted attempt listed", key: keys.bookings(of: "a1"),
            what: "has \(id.text) at 100, not at none", status: .aborted
        ) { $0.places.booking = "100" },
    ]

    @Test(arguments: faults)
    func theKeyThatIsWrongIsNamedAlone(fault: Fault) {
        var comparison = Self.sound(fault.status)
        fault.make(&comparison)
        #expect(comparison.violations == [Audit.Violation(key: fault.key, what: fault.what)])
    }

    /// A booking that is still REQUESTED when all events are applied has been left alone.
    @Test func aBookingMustNotStayRequested() {
        var comparison = Self.sound(.requested)
        comparison.seats = 2
        #expect(
            comparison.violations == [
                Audit.Violation(key: Self.keys.booking(Self.id.text), what: "is still REQUESTED though all events are applied")
            ])
    }

    @Test func whatIsLeftWithoutABookingIsNamed() {
        var comparison = BookingComparison(id: Self.id)
        #expect(comparison.violations == [], "nothing is there")
        comparison.seats = 0
        #expect(comparison.violations == [], "a tombstone holds nothing")
        comparison.seats = 3
        comparison.admission = ["status": "CONFIRMED"]
        comparison.page = ["status": "REQUESTED"]
        comparison.places.booking = "100"
        let keys = Self.keys
        #expect(
            comparison.violations.map(\.key) == [
                keys.seats("a1"), keys.admission(Self.id.text), keys.page(Self.id.text), keys.bookings(of: "a1"),
            ])
    }

    /// A purge removes a booking step by step.
    @Test func aBookingThatIsBeingPurgedIsNotCompared() {
        var comparison = Self.sound(.completed)
        comparison.isBeingPurged = true
        comparison.page = [:]
        comparison.seats = 7
        #expect(comparison.violations == [])
    }
}
