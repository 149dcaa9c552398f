@testable import Book
import Contracts
import Foundation
@testable import HTTPServer
@testable import Messaging
import NIOCore
@testable import Redis
@testable import Scripts
import Synchronization

// Does one piece of the work of a booking as often as is asked, so that callgrind can count its instructions.
// Usage: instruction-counts PIECE TIMES

private let bookings = (0..<64).map { number in
    BookRecord.Booking(
        id: "a1-7q2k9fx03m\(10 + number)", exhibition: "a1", visitor: "visitor-\(number)", seats: 2, now: 1_795_806_724_333,
        requestId: "820b7c48afa5f74b", traceparent: nil)
}

/// What XREADGROUP returns for 64 events of one booking each.
private let delivered: [UInt8] = {
    func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }
    let entries = (0..<64).map { number in
        let fields = [
            "eventType", "SeatsReserved", "timestamp", "1795806724333", "museumId", "a1", "bookId", "a1-7q2k9fx03m\(10 + number)",
            "visitor", "visitor-\(number)", "seats", "2", "available", "970265", "requestId", "820b7c48afa5f74b",
        ]
        return "*2\r\n" + bulk("1795806728327-\(number)") + "*\(fields.count)\r\n" + fields.map(bulk).joined()
    }
    return Array(("*1\r\n*2\r\n" + bulk("museum:{a}:events") + "*64\r\n" + entries.joined()).utf8)
}()

private func reply() throws -> Reply {
    var reader = ReplyReader()
    return try delivered.withUnsafeBytes { bytes throws(RedisError) in try reader.feed(bytes)[0] }
}

private let entries = try Entry.list(
    streams: reply(), sources: ["museum:{a}:events": .museum], relevant: [.seatsReserved])

/// Says that each booking of a call has changed.
private struct AlwaysApplied: RedisSender {
    func sendOnce(_ commands: [Command]) async -> [Result<Reply, RedisError>] {
        commands.map { _ in .success(.array((0..<64).map { _ in .text("APPLIED") })) }
    }
}

private let handler = BookModule.eventHandler(on: AlwaysApplied(), now: { 5 })
private let deliveries = entries.compactMap { entry in
    if case .event(let event) = entry.content { Delivery(event: event, age: .zero) } else { nil }
}

private let order = ByteBuffer(string: #"{"museumId":"a1","visitor":"visitor-17","seats":2}"#)
private let booking = Booking(
    id: BookingID("a1-7q2k9fx03mzr")!, visitor: "visitor-17", seats: 2, status: .requested, version: 1,
    createdAt: 1_795_806_724_333, updatedAt: 1_795_806_724_333)

private final class Count: Sendable {
    let value = Atomic(0)
}

private func run(_ piece: String) throws {
    switch piece {
    case "reply": _ = try reply()
    case "command":
        var buffer = ByteBuffer()
        Command(BookRecord(in: Keys(partition: "a"), bookings: bookings)).encode(into: &buffer)
    case "json":
        var fields = try RequestFields(JSON(parsing: order.readableBytesView))
        _ = try (
            fields.text("museumId", length: 1...100), fields.text("visitor", length: 1...64), fields.integer("seats", in: 1...100)
        )
        try fields.finish()
        var writer = JSONWriter()
        booking.write(to: &writer)
    case "events":
        _ = try Entry.list(entries: reply().asArray()[0].asArray()[1], source: .museum, relevant: [.seatsReserved])
    // It waits for nothing, so it has ended when the task has begun: valgrind does not run with Dispatch's threads.
    case "batch":
        let handled = Count()
        Task.immediate {
            if let dispositions = try? await handler.handle(deliveries) {
                handled.value.store(dispositions.count, ordering: .relaxed)
            }
        }
        guard handled.value.load(ordering: .relaxed) == 64 else { throw RedisError.unexpected("the batch waits for something") }
    default: throw RedisError.unexpected("\(piece) is no piece")
    }
}

for _ in 0..<(Int(CommandLine.arguments[2]) ?? 0) { try run(CommandLine.arguments[1]) }
