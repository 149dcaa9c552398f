import Contracts
import Testing

@testable import Book
@testable import Confirm
@testable import HTTPServer
@testable import MyPage

/// The columns of a list are the members that its JSON has.
struct CSVColumnsTests {
    private func check<Resource: HALResource>(_ resource: Resource) throws {
        var writer = JSONWriter()
        writer.object { resource.writeMembers(to: &$0) }
        guard case .object(let members) = try JSON(parsing: writer.text.utf8) else { return }
        #expect(Resource.csvColumns == members.map(\.name))
        #expect(
            try resource.csvCells()
                == members.map { if case .number(let digits) = $0.value { digits } else { $0.value.text ?? "?" } })
    }

    private static let id = BookingID(exhibition: ExhibitionID(partition: "a", number: 1), bits: 7)

    @Test func ofBookings() throws {
        var details = BookingDetails()
        for detail in BookingDetail.allCases { details[detail] = "a \(detail.rawValue)" }
        try check(
            Booking(
                id: Self.id, visitor: "kim \"k\"", seats: 2, status: .canceled, version: 3, createdAt: 1, updatedAt: 2,
                details: details))
    }

    @Test func ofAdmissions() throws {
        try check(Admission(booking: Self.id, visitor: "김", seats: 2, status: .confirmed, updatedAt: 2))
    }

    @Test func ofPages() throws {
        let details = ExhibitionDetails(title: "T", hall: "H", date: "2099-12-24", startTime: "10:00", endTime: "11:00")
        try check(
            MyPageRow(
                booking: Self.id, visitor: "kim", seats: 2, status: .completed, admission: .confirmed, exhibition: details,
                updatedAt: 2))
        let bare = MyPageRow(
            booking: Self.id, visitor: "kim", seats: 2, status: .requested, admission: nil, exhibition: nil, updatedAt: 2)
        #expect(
            try bare.csvCells() == [Self.id.text, "a1", "kim", "2", "REQUESTED"] + Array(repeating: "", count: 6)
                + ["1970-01-01T00:00:00.002Z"])
    }
}
