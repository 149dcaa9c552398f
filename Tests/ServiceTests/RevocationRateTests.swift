import Contracts
import Redis
import Scripts
import TestSupport
import Testing

@testable import Museum

/// A deletion leaves most of Redis' time to others.
@Suite struct RevocationRateTests {
    @Test func aDeletionTakesItsTime() async throws {
        let server = try await RedisServer.start()
        let client = try server.client()
        let store = RedisSeatStore(client: client)
        _ = try await client.run(MuseumRegister.a1)
        _ = try await client.send("HSET", "museum:{a}:a1", "capacity", "1000", "available", "1000")
        let exhibition = ExhibitionID(partition: "a", number: 1)
        for call in 0..<10 {
            let reservations = (0..<64).map { number in
                let booking = BookingID(exhibition: exhibition, bits: UInt64(call * 64 + number))
                return Reservation(booking: booking, seats: 1, visitor: "kim", requestId: nil)
            }
            _ = try await store.reserve(reservations, for: exhibition, at: 1, local: .longBefore)
        }
        _ = try await client.run(
            MuseumDelete(in: Keys(partition: "a"), now: 1, requestId: nil, traceparent: nil, exhibition: "a1"))

        let start = ContinuousClock.now
        try await SeatReservationService(store: store).revoke(exhibition, now: { 1 })
        let took = ContinuousClock.now - start
        #expect(try await client.send("HGET", "museum:{a}:a1", "held").asText() == "0")
        // 640 bookings at 3,300 a second.
        #expect(took >= .milliseconds(190), "\(took)")
    }
}
