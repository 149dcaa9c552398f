import Contracts
import Redis
import Scripts
import TestSupport

/// Seats that are reserved and that no booking follows, as when a Book process dies at that moment.
extension FaultDeployment {
    func orphanReservation(_ random: inout SeededRandom) async throws -> Int {
        guard let lasting = state.all.first(where: { $0.kind == .ample })?.id else { return 0 }
        var count = 0
        for _ in 0..<5 {
            count += await reserve(on: lasting, seats: 1...3, &random)
            try await Task.sleep(for: random.milliseconds(0...100))
        }
        if let deleted = try? await visitor.register(capacity: 100) {
            count += await reserve(on: deleted, seats: 1...3, &random)
            count += await reserve(on: deleted, seats: 1...3, &random)
            try await Task.sleep(for: random.milliseconds(0...50))
            let answer = try? await visitor.send("DELETE", "/museums/\(deleted)", within: ClientWorkload.timeout)
            note("\(deleted) has orphans and its DELETE was answered \(answer.map { String($0.status) } ?? "nothing")")
        }
        return try await count + revokeUnknown(on: lasting, &random)
    }

    /// Asks a museum process itself, as Book does.
    private func reserve(on exhibition: String, seats: ClosedRange<Int>, _ random: inout SeededRandom) async -> Int {
        guard let id = ExhibitionID(exhibition),
            let museum = services.filter({ $0.process.roles.contains("museum") }).randomElement(using: &random)
        else { return 0 }
        let booking = BookingID(exhibition: id, bits: random.next()).text
        let seats = Int.random(in: seats, using: &random)
        // Even without an answer it may have been done.
        orphans.update { _ = $0.insert(booking) }
        let answer = try? await Visitor(museum.process.url("museum")).send(
            "POST", "/museums/\(exhibition)/reservations",
            #"{"reservations":[{"bookId":"\#(booking)","seats":\#(seats),"visitor":"orphan"}]}"#, within: ClientWorkload.timeout)
        return answer?.text.contains("RESERVED") == true ? 1 : 0
    }

    /// What Book is told where the event of the reservation itself is gone: seats revoked of a booking that it has never seen.
    private func revokeUnknown(on exhibition: String, _ random: inout SeededRandom) async throws -> Int {
        guard let id = ExhibitionID(exhibition) else { return 0 }
        let booking = BookingID(exhibition: id, bits: random.next()).text
        let stream = Keys(partition: id.partition).events(of: "museum")
        orphans.update { _ = $0.insert(booking) }
        let entry = try await client.send(
            "XADD", stream, "*", "eventType", "SeatsRevoked", "timestamp", "1764000000000", "museumId", exhibition, "bookId",
            booking, "seats", "2", "available", "1")
        addedEvents.update { _ = $0.insert("\(stream) \((try? entry.asText()) ?? "")") }
        return 1
    }
}
