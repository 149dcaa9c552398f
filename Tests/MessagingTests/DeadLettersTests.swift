import Contracts
import Logging
import Redis
import TestSupport
import Testing

@testable import Messaging

/// Dead letters: how they are read, and which are reprocessed automatically.
@Suite(.timeLimit(.minutes(5)))
struct DeadLettersTests {
    /// Applies everything but what the test has no subject for yet.
    private final class RecordingHandler: EventHandler {
        let relevant = Set(EventType.allCases)
        let received = LockedBox<[(booking: String, age: Duration)]>([])
        let missing = LockedBox<Set<String>>([])
        let broken = LockedBox<Set<String>>([])

        func handle(_ deliveries: [Delivery]) async throws(Failure) -> [EventDisposition] {
            var dispositions: [EventDisposition] = []
            for delivery in deliveries {
                guard case .booking(let booking) = delivery.event.subject else { throw .internal("a booking was due") }
                received.update { $0.append((booking.id.text, delivery.age)) }
                if broken.value.contains(booking.id.text) { throw .storageUnavailable("away") }
                dispositions.append(missing.value.contains(booking.id.text) ? .retryLater : .applied)
            }
            return dispositions
        }

        func times(_ id: String) -> Int { received.value.count { $0.booking == id } }
    }

    private let server: RedisServer
    private let client: RedisClient
    private let letters: DeadLetters

    init() async throws {
        server = try await RedisServer.start()
        client = try server.client()
        letters = DeadLetters(of: .confirm, in: "a", store: client)
        _ = try await client.send("SADD", "museum:partitions", "a")
    }

    private static func id(_ number: Int) -> String {
        BookingID(exhibition: ExhibitionID(partition: "a", number: 1), bits: UInt64(number)).text
    }

    private func write(_ number: Int, type: String = "Requested", reason: String, eventId: String? = nil) async throws {
        _ = try await client.send(
            "XADD", "confirm:{a}:dead", "*", "eventId", eventId ?? "\(number)-0", "service", "book", "reason", reason, "attempts",
            "1",
            "eventType", type, "timestamp", "1", "bookId", Self.id(number), "museumId", "a1", "visitor", "kim", "seats", "1",
            "status", "REQUESTED", "version", "1", "createdAt", "1")
    }

    private func reasons() async throws -> [String] {
        try await letters.page(after: .zero, through: try await letters.last()).map(\.reason)
    }

    private func consuming(_ handler: RecordingHandler, as user: RedisClient? = nil, _ body: () async throws -> Void) async throws
    {
        let partitions = Partitions(client)
        try await partitions.refresh()
        let configuration = ConsumerConfiguration(
            events: try user ?? server.client(), store: nil, consumer: "confirm-test"
        ) { _ in handler }
        let consumers = EventConsumers(
            service: .confirm, partitions: partitions, configuration: configuration, logger: Logger(label: "test"))
        try await running([consumers], body)
    }

    /// Older versions wrote the service under another name.
    @Test func theServiceOfALetterIsReadByItsPosition() async throws {
        _ = try await client.send(
            "XADD", "confirm:{a}:dead", "*", "eventId", "7-0", "origin", "book", "reason", "the service says so", "attempts", "3",
            "eventType", "Requested", "version", "1")
        let letters = try await letters.page(after: .zero, through: try await letters.last())
        let letter = try #require(letters.first)
        #expect(letter.service == "book" && letter.eventName == "book:7-0")
        #expect(letter.reason == "the service says so" && letter.attempts == "3")
        #expect(letter.fields.map(\.name) == [.text("eventType"), .text("version")])
    }

    @Test func aTypeKnownByNowIsAppliedByItself() async throws {
        let handler = RecordingHandler()
        try await write(1, reason: "the service says so")
        try await write(2, type: "Wondered", reason: "unknown event type Wondered")
        // Out of order, and one of them twice, as a process killed before acknowledging leaves it.
        for number in [40, 3, 3, 20] { try await write(number, reason: "unknown event type Requested") }
        for number in 50..<90 { try await write(number, reason: "unknown event type Requested") }
        try await consuming(handler) {
            try await eventually("those known by now are gone") {
                try await reasons() == ["the service says so", "unknown event type Wondered"]
            }
        }
        #expect(Set(handler.received.value.map(\.booking)) == Set(([40, 3, 20] + Array(50..<90)).map(Self.id)))
        #expect(handler.times(Self.id(3)) == 2)
    }

    @Test func newEventsDoNotWaitForOldLetters() async throws {
        let handler = RecordingHandler()
        handler.missing.value = Set((0..<100).map(Self.id))
        for number in 0..<100 { try await write(number, reason: "unknown event type Requested") }
        try await consuming(handler) {
            try await eventually("the letters have been tried") { handler.times(Self.id(99)) >= 1 }
            _ = try await client.send(
                "XADD", "book:{a}:events", "*", "eventType", "Requested", "timestamp", "1", "bookId", Self.id(500), "museumId",
                "a1", "visitor", "kim", "seats", "1", "status", "REQUESTED", "version", "1", "createdAt", "1")
            try await soon("the new one is applied", within: .seconds(2), with: [server.pid]) { handler.times(Self.id(500)) == 1 }
            handler.missing.value = [Self.id(7)]
            try await eventually("what is there by now is applied") { try await reasons().count == 1 }
        }
        #expect(handler.received.value.contains { $0.booking == Self.id(8) && $0.age >= .seconds(1) })
    }

    @Test func aLetterThatCannotBeAppliedStopsNothing() async throws {
        let handler = RecordingHandler()
        handler.broken.value = [Self.id(1)]
        for number in [1, 2] { try await write(number, reason: "unknown event type Requested") }
        try await consuming(handler) {
            try await eventually("the other is applied") { try await reasons().count == 1 && handler.times(Self.id(2)) == 1 }
        }
        #expect(handler.times(Self.id(1)) >= 1)
    }

    @Test(arguments: [true, false])
    func lettersThatCannotBeReadStopNothing(isDamaged: Bool) async throws {
        // A key changed by hand; or a user from before letters were read.
        if isDamaged { _ = try await client.send("SET", "confirm:{a}:dead", "x") }
        _ = try await client.send(
            "ACL", "SETUSER", "older", "on", "nopass", "~*", "+@all", isDamaged ? "+xrevrange" : "-xrevrange")
        let user = RedisClient(try RedisEndpoint(url: "redis://older:x@127.0.0.1:\(server.port)"))
        let handler = RecordingHandler()
        _ = try await client.send(
            "XADD", "book:{a}:events", "*", "eventType", "Requested", "timestamp", "1", "bookId", Self.id(5), "museumId", "a1",
            "visitor", "kim", "seats", "1", "status", "REQUESTED", "version", "1", "createdAt", "1")
        try await consuming(handler, as: user) {
            try await soon("the event is applied", within: .seconds(3), with: [server.pid]) { handler.times(Self.id(5)) == 1 }
            try await eventually("and acknowledged") {
                try await client.send("EXISTS", "confirm:{a}:progress:book") == .integer(1)
            }
        }
        #expect(handler.times(Self.id(5)) == 1)
    }

    @Test func retryAppliesAndRemoves() async throws {
        let handler = RecordingHandler()
        for number in 0..<3 { try await write(number, reason: "the process ended while applying it") }
        let page = try await letters.page(after: .zero, through: try await letters.last())
        handler.missing.value = [Self.id(1)]
        handler.broken.value = [Self.id(2)]
        var outcomes: [DeadLetters.Outcome] = []
        for letter in page { outcomes.append(try await letters.retry(letter, age: .zero, with: handler)) }
        #expect(outcomes == [.applied, .retryLater("what it is about isn't there yet"), .retryLater("away")])
        // Killed between applying and removing: the letter is there still, and is handed over once more.
        try await write(0, reason: "the process ended while applying it")
        let again = try await letters.page(after: .zero, through: try await letters.last())
        #expect(again.map(\.eventId) == ["1-0", "2-0", "0-0"])
        #expect(try await letters.retry(again[2], age: .zero, with: handler) == .applied)
        #expect(try await letters.retry(again[2], age: .zero, with: handler) == .applied, "twice, as by two operators at once")
    }

    @Test func anyBytesAreReadAsTheyCame() async throws {
        let long = String(repeating: "x", count: 1 << 20)
        _ = try await client.send(
            Command(arguments: [
                "XADD", "confirm:{a}:dead", "*", "eventId", "7-0", "service", "book", "reason", "r", "attempts", "1", "eventType",
                .bytes([0xFF, 0xFE]), "reason", "the event's own", "long", .text(long),
            ]))
        _ = try await client.send("XADD", "confirm:{a}:dead", "*", "somebody", "else")
        let page = try await letters.page(after: .zero, through: try await letters.last())
        #expect(page.count == 2)
        #expect(page[0].reason == "r" && page[0].eventName == "book:7-0" && page[0].type == .bytes([0xFF, 0xFE]))
        #expect(page[0].fields.count == 3 && page[0].fields[2].value == .text(long))
        #expect(page[1].reason == "not written by skmuseum" && page[1].fields.count == 1)
        #expect(
            try await letters.retry(page[0], age: .zero, with: RecordingHandler())
                == .left("field eventType is not what it should be"))
        #expect(try await letters.retry(page[1], age: .zero, with: RecordingHandler()) == .left("field eventType is missing"))
    }

    @Test func anEventDeletedFromItsStreamIsNotDeadLettered() async throws {
        let handler = RecordingHandler()
        let stream = "book:{a}:events"
        _ = try await client.send("XGROUP", "CREATE", stream, "confirm", "0", "MKSTREAM")
        for number in 1...3 { _ = try await client.send("XADD", stream, "\(number)-0", "eventType", "Nonsense") }
        _ = try await client.send("XREADGROUP", "GROUP", "confirm", "confirm-test", "STREAMS", stream, ">")
        // Trimmed from under the group, one of them after it had killed five processes.
        _ = try await client.send("HSET", "confirm:{a}:attempts", "book:2-0", "5")
        _ = try await client.send("XTRIM", stream, "MINID", "3-0")
        try await consuming(handler) {
            try await eventually("all is done with") {
                try await client.send("XPENDING", stream, "confirm").asArray()[0] == .integer(0)
            }
        }
        let page = try await letters.page(after: .zero, through: try await letters.last())
        #expect(page.map(\.eventName) == ["book:3-0"])
        #expect(try await client.send("EXISTS", "confirm:{a}:attempts") == .integer(0))
        #expect(try await client.send("GET", "confirm:{a}:progress:book") == .text("3-0"))
    }
}
