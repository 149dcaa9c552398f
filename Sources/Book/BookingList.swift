import Chassis
import Contracts
import Redis
import Scripts

/// Bookings newest first within an exhibition, exhibition by exhibition.
struct BookingList: Sendable {
    let client: any RedisSender

    func page(
        _ request: PageRequest, of exhibition: ExhibitionID?, statuses: [BookingStatus]?, partitions: [String]
    ) async throws(Failure) -> Page<Booking> {
        let page = try await IndexReader(client).page(
            request, partitions: exhibition.map { [$0.partition] } ?? partitions,
            owners: { Keys(partition: $0).exhibitionsWithBookings }, only: exhibition?.text,
            members: { Keys(partition: $0).bookings(of: $1) })
        let bookings = try await RedisBookingStore(client: client).find(page.elements.compactMap(BookingID.init))
        return Page(elements: bookings.compactMap { $0 }.filter { statuses?.contains($0.status) ?? true }, next: page.next)
    }
}
