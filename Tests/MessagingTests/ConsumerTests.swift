import Contracts
import Foundation
import Logging
import Redis
import Scripts
import Synchronization
import TestSupport
import Testing

@testable import Messaging

/// The consumer against a real server: how it handles valid, early and malformed entries, and entries of other consumers.
@Suite(.timeLimit(.minutes(5)))
struct ConsumerTests {
    /// Records the deliveries and returns the dispositions that the test sets.
    private final class RecordingHandler: EventHandler {
        let relevant = Set(EventType.allCases)
        let received = LockedBox<[String]>([])
        private let disposition: @Sendable (_ booking: String, _ times: Int) throws(Failure) -> EventDisposition

        init(_ disposition: @escaping @Sendable (String, Int) throws(Failure) -> EventDisposition = { _, _ in .applied }) {
            self.disposition = disposition
        }

        func handle(_ deliveries: [Delivery]) async throws(Failure) -> [EventDisposition] {
            var dispositions: [EventDisposition] = []
            for delivery in deliveries {
                guard case .booking(let booking) = delivery.event.subject else { throw .internal("a booking was due") }
                let times = received.update { received in
                    received.append(booking.id.text)
                    return received.count { $0 == booking.id.text }
                }
                dispositions.append(try disposition(booking.id.text, times))
            }
            return dispositions
        }

        func times(_ id: String) -> Int { received.value.count { $0 == id } }
    }

    private let server: RedisServer
    private let client: RedisClient
    private let stream = "book:{a}:events"

    init() async throws {
        server = try await RedisServer.start()
        client = try server.client()
        _ = try await client.send("SADD", "museum:partitions", "a")
    }

    private static func id(_ number: Int) -> String {
        BookingID(exhibition: ExhibitionID(partition: "a", number: 1), bits: UInt64(number)).text
    }

    private func publish(_ numbers: some Sequence<Int>) async throws {
        for number in numbers {
            _ = try await client.send(
                "XADD", stream, "*", "eventType", "Requested", "timestamp", "1", "bookId", Self.id(number), "museumId", "a1",
                "visitor",
                "kim", "seats", "1", "status", "REQUESTED", "version", "1", "createdAt", "1")
        }
    }

    /// Runs the confirm group's consumer around the body, and stops it as a process stops.
    private func consuming(_ handler: RecordingHandler, name: String = "confirm-test", _ body: () async throws -> Void)
        async throws
    {
        let partitions = Partitions(client)
        try await partitions.refresh()
        let configuration = ConsumerConfiguration(events: try server.client(), store: nil, consumer: name) { _ in
            handler
        }
        let consumers = EventConsumers(
            service: .confirm, partitions: partitions, configuration: configuration, logger: Logger(label: "test"))
        try await running([consumers], body)
    }

    /// How many entries are delivered and not acknowledged; `nil` before there is a group.
    private func pending() async throws -> Int? {
        do throws(RedisError) {
            return try await client.send("XPENDING", stream, "confirm").asArray()[0].asInteger()
        } catch {
            guard case .noGroup = error else { throw error }
            return nil
        }
    }

    private func deadLetters() async throws -> [[String: String]] {
        var letters: [[String: String]] = []
        for entry in try await client.send("XRANGE", "confirm:{a}:dead", "-", "+").asArray() {
            var fields: [String: String] = [:]
            for (name, value) in try entry.asArray()[1].asPairs() {
                fields[try name.asText()] = if case .text(let text) = value { text } else { "(bytes)" }
            }
            letters.append(fields)
        }
        return letters
    }

    @Test func appliesAndAcknowledges() async throws {
        let handler = RecordingHandler()
        try await publish(0..<600)
        try await consuming(handler) {
            try await eventually("all is received") { Set(handler.received.value).count == 600 }
            try await publish(600..<610)
            try await eventually("all is acknowledged") {
                let pending = try await pending()
                return Set(handler.received.value).count == 610 && pending == 0
            }
        }
        #expect(handler.received.value.count == 610)
        let last = try await client.send("XREVRANGE", stream, "+", "-", "COUNT", "1").asArray()[0].asArray()[0].asText()
        #expect(try await client.send("GET", "confirm:{a}:progress:book").asText() == last)
        #expect(try await client.send("XINFO", "CONSUMERS", stream, "confirm") == .array([]))
    }

    @Test func poisonStopsOnlyItself() async throws {
        let handler = RecordingHandler { id, _ in id == Self.id(3) ? .deadLetter("the service says so") : .applied }
        try await publish(0..<2)
        _ = try await client.send("XADD", stream, "*", "eventType", "Requested")
        _ = try await client.send("XADD", stream, "*", "eventType", "Wondered", "timestamp", "1")
        _ = try await client.send(
            Command(arguments: ["XADD", .text(stream), "*", "eventType", .bytes([0xFF, 0xFE]), "timestamp", "1"]))
        _ = try await client.send("XADD", stream, "*", "eventType", String(repeating: "x", count: 1 << 20))
        try await publish(2..<5)
        try await consuming(handler) {
            try await eventually("all is done with") {
                let (pending, letters) = (try await pending(), try await deadLetters().count)
                return handler.received.value.count == 5 && pending == 0 && letters == 5
            }
        }
        let reasons = try await deadLetters().compactMap { $0["reason"] }
        #expect(reasons.contains("field timestamp is missing"))
        #expect(reasons.contains("unknown event type Wondered"))
        #expect(reasons.contains("field eventType is not what it should be"))
        #expect(reasons.contains("the service says so"))
        let letters = try await deadLetters()
        #expect(letters.contains { $0["eventType"] == "(bytes)" }, "bytes are kept as they came")
        #expect(letters.allSatisfy { $0["service"] == "book" && $0["eventId"]?.contains("-") == true })
    }

    @Test func anEventIsRetriedUntilTheStoreIsBack() async throws {
        let handler = RecordingHandler { (_, times) throws(Failure) in
            if times <= 8 { throw .storageUnavailable("away") }
            return .applied
        }
        try await publish(0..<1)
        try await consuming(handler) {
            try await eventually("applied in the end") { try await pending() == 0 && handler.times(Self.id(0)) == 9 }
        }
        #expect(try await deadLetters().isEmpty)
    }

    @Test func aFaultIsTracedToItsEvent() async throws {
        let handler = RecordingHandler { (id, _) throws(Failure) in
            if id == Self.id(1) { throw .internal("WRONGTYPE") }
            return .applied
        }
        try await publish(0..<3)
        try await consuming(handler) {
            try await eventually("the others are applied") {
                let (pending, letters) = (try await pending(), try await deadLetters().count)
                return pending == 0 && letters == 1
            }
        }
        #expect(try await deadLetters()[0]["reason"] == "WRONGTYPE")
        #expect(handler.times(Self.id(2)) >= 1)
    }

    @Test func anEventWithoutItsSubjectIsRetried() async throws {
        let handler = RecordingHandler { id, times in id == Self.id(0) && times < 6 ? .retryLater : .applied }
        try await publish(0..<2)
        try await consuming(handler) {
            try await eventually("applied in the end") { try await pending() == 0 && handler.times(Self.id(0)) == 6 }
        }
        #expect(handler.times(Self.id(1)) == 1)
    }

    @Test func progressStaysBelowWhatIsPending() async throws {
        let handler = RecordingHandler { id, _ in id == Self.id(1) ? .retryLater : .applied }
        try await publish(0..<4)
        let ids = try await client.send("XRANGE", stream, "-", "+").asArray().map { try $0.asArray()[0].asText() }
        try await consuming(handler) {
            try await eventually("the others are applied") { try await pending() == 1 && handler.times(Self.id(3)) == 1 }
        }
        let progress = try #require(StreamID(try await client.send("GET", "confirm:{a}:progress:book").asText()))
        #expect(progress >= StreamID(ids[0])! && progress < StreamID(ids[1])!)

        // The group is lost: it is made anew at its progress, and nothing is skipped.
        _ = try await client.send("XGROUP", "DESTROY", stream, "confirm")
        let second = RecordingHandler()
        try await consuming(second) {
            try await eventually("the rest is received") { Set(second.received.value).isSuperset(of: [1, 2, 3].map(Self.id)) }
        }
        #expect(second.times(Self.id(0)) == 0)
    }

    @Test func aLostGroupIsRecreated() async throws {
        let handler = RecordingHandler()
        var next = 0
        try await consuming(handler) {
            let faults: [(String, [String])] = [
                ("group destroyed", ["XGROUP", "DESTROY", stream, "confirm"]), ("scripts flushed", ["SCRIPT", "FLUSH"]),
                ("connections killed", ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]),
                ("set back", ["XGROUP", "SETID", stream, "confirm", "0"]),
            ]
            try await publish([next])
            try await eventually("received") { handler.times(Self.id(0)) == 1 }
            for (fault, words) in faults {
                _ = try await client.send(Command(words))
                // Its own connections may be among those killed.
                client.close()
                next += 1
                try await publish([next])
                try await soon("received after \(fault)", within: .seconds(2), with: [server.pid]) {
                    handler.times(Self.id(next)) >= 1
                }
            }
            server.kill()
            try await server.launch()
            next += 1
            try await publish([next])
            try await soon("received after a restart", within: .seconds(3), with: [server.pid]) {
                handler.times(Self.id(next)) >= 1
            }
            try await eventually("all is acknowledged") { try await pending() == 0 }
        }
        #expect(Set(handler.received.value) == Set((0...next).map(Self.id)))
    }

    @Test func pendingEntriesOfADeadConsumerAreClaimed() async throws {
        let handler = RecordingHandler()
        _ = try await client.send("XGROUP", "CREATE", stream, "confirm", "0", "MKSTREAM")
        try await publish(0..<300)
        _ = try await client.send("XREADGROUP", "GROUP", "confirm", "confirm-dead", "STREAMS", stream, ">")
        try await consuming(handler) {
            try await soon("taken over", within: .seconds(6), with: [server.pid]) { try await pending() == 0 }
        }
        #expect(Set(handler.received.value) == Set((0..<300).map(Self.id)))
        #expect(try await client.send("EXISTS", "confirm:{a}:attempts") == .integer(0))
    }

    @Test func ownPendingEntriesComeFirst() async throws {
        let handler = RecordingHandler()
        _ = try await client.send("XGROUP", "CREATE", stream, "confirm", "0", "MKSTREAM")
        try await publish(0..<300)
        _ = try await client.send("XREADGROUP", "GROUP", "confirm", "confirm-test", "COUNT", "299", "STREAMS", stream, ">")
        try await consuming(handler) {
            try await eventually("all is applied") { try await pending() == 0 && handler.times(Self.id(299)) == 1 }
        }
        #expect(handler.received.value == (0..<300).map(Self.id))
    }

    @Test func anEventThatKillsFiveProcessesIsDeadLettered() async throws {
        let handler = RecordingHandler()
        _ = try await client.send("XGROUP", "CREATE", stream, "confirm", "0", "MKSTREAM")
        try await publish(0..<2)
        let reply = try await client.send("XREADGROUP", "GROUP", "confirm", "confirm-test", "STREAMS", stream, ">")
        let killer = try reply.asArray()[0].asArray()[1].asArray()[0].asArray()[0].asText()
        // The attempts of five processes that died while they processed this entry singly.
        _ = try await client.send("HSET", "confirm:{a}:attempts", "book:\(killer)", "5")
        try await consuming(handler) { try await eventually("all is done with") { try await pending() == 0 } }
        let letters = try await deadLetters()
        #expect(letters.count == 1 && letters[0]["eventId"] == killer && letters[0]["attempts"] == "5")
        #expect(handler.received.value == [Self.id(1)])
    }

    @Test func attemptsOfAppliedEventsAreCleared() async throws {
        let handler = RecordingHandler()
        _ = try await client.send("XGROUP", "CREATE", stream, "confirm", "0", "MKSTREAM")
        try await publish(0..<2)
        let reply = try await client.send("XREADGROUP", "GROUP", "confirm", "confirm-other", "STREAMS", stream, ">")
        let ids = try reply.asArray()[0].asArray()[1].asArray().map { try $0.asArray()[0].asText() }
        // One process was killed after acknowledging the first, another processes the second; and a malformed field is present.
        _ = try await client.send("XACK", stream, "confirm", ids[0])
        _ = try await client.send(
            "HSET", "confirm:{a}:attempts", "book:\(ids[0])", "1", "book:\(ids[1])", "2", "nonsense", "1", "book:x", "1")
        try await consuming(handler) {
            try await soon("only the attempts of pending entries remain", within: .seconds(2), with: [server.pid]) {
                try await client.send("HGETALL", "confirm:{a}:attempts") == .array([.text("book:\(ids[1])"), .text("2")])
            }
        }
    }
}
