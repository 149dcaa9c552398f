import Contracts
import Foundation
import HTTPServer
import Redis
import Scripts
import TestSupport
import Testing

/// Bookings that a failover has kept without their reservations, in a whole process, with the times that it really has.
@Suite(.timeLimit(.minutes(3)))
struct LostReservationTests {
    private func record(_ number: UInt64, of exhibition: String, seats: Int, _ client: RedisClient) async throws -> String {
        let id = BookingID(exhibition: try #require(ExhibitionID(exhibition)), bits: number)
        _ = try await client.run(
            BookRecord(
                in: Keys(partition: "a"),
                bookings: [
                    BookRecord.Booking(
                        id: id.text, exhibition: exhibition, visitor: "kim", seats: seats,
                        now: Int64(Date.now.timeIntervalSince1970 * 1000), requestId: nil)
                ]))
        return id.text
    }

    /// Book's connections are cut, as by a failover. The booking whose seats are left gets them; the other stays, is reported, and
    /// the audit names it.
    @Test func seatsAreReservedAgainAfterALostConnection() async throws {
        let single = try await SingleProcess.start()
        let (client, visitor) = (try single.redis.client(), single.visitor)
        let (free, full) = (try await visitor.register(capacity: 10), try await visitor.register(capacity: 2))
        #expect(try await visitor.book(full, visitor: "lee", seats: 2).status == 201)
        let mended = try await record(1, of: free, seats: 3, client)
        let without = try await record(2, of: full, seats: 1, client)
        _ = try await client.send("CLIENT", "KILL", "TYPE", "normal")
        try await eventually("the seats are reserved again", within: .seconds(60), every: .milliseconds(100)) {
            try await visitor.get("/books/\(mended)").json["status"]?.text == "REQUEST_COMPLETED"
        }
        #expect(try await client.send("HGET", "museum:{a}:\(free):seats", mended) == .text("3"))
        try await eventually("the other is reported", within: .seconds(60), every: .milliseconds(100)) {
            try await visitor.get("/metrics").text.contains(#"skmuseum_bookings_without_seats_total{service="book"} 1"#)
        }
        #expect(single.process.printed().contains("booking has no seats"))
        #expect(try await visitor.get("/books/\(without)").json["status"]?.text == "REQUESTED")
        let audit = try await single.process.run("audit", "--wait", "10s")
        #expect(audit.code == 1 && audit.output.contains(without) && !audit.output.contains(mended), "\(audit.output)")

        // What the runbook says: a canceled booking is no violation any more.
        #expect(try await visitor.delete("/books/\(without)").status == 200)
        let settled = try await single.process.run("audit", "--wait", "10s")
        #expect(settled.code == 0, "\(settled.output)")
    }
}
