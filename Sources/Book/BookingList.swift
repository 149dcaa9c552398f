import HTTPServer
import Messaging
import Contracts
import Redis
import Scripts

/// Bookings newest first within an exhibition, exhibition by exhibition.
struct BookingList: Sendable {
    let client: any RedisSender

    func page(
        _ request: PageRequest, of exhibition: ExhibitionID?, statuses: [BookingStatus]?, partitions: [String]
    ) async throws(Failure) -> Page<Booking> {
        let reader = IndexReader(client)
        let page: Page<String>
        if let exhibition {
            page = try await reader.newest(request, in: [Keys(partition: exhibition.partition).bookings(of: exhibition.text)])
        } else {
            page = try await reader.byOwner(
                request, partitions: partitions, owners: { Keys(partition: $0).exhibitionsWithBookings },
                elements: { Keys(partition: $0).bookings(of: $1) })
        }
        let bookings = try await RedisBookingStore(client: client).find(page.elements.compactMap(BookingID.init))
        return Page(elements: bookings.compactMap { $0 }.filter { statuses?.contains($0.status) ?? true }, next: page.next)
    }
}
