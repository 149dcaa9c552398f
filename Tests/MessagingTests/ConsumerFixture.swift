import Contracts
import Redis
import TestSupport

@testable import Messaging

/// Confirm's consumers of one partition against a server of their own, with what they log.
struct ConsumerFixture {
    let server: RedisServer
    let client: RedisClient
    let log = CapturedLogs()
    let stream = "book:{a}:events"

    init() async throws {
        server = try await RedisServer.start()
        client = try server.client()
        _ = try await client.send("SADD", "museum:partitions", "a")
    }

    /// A user who may do everything but the given commands.
    func user(without commands: [String] = []) async throws -> RedisClient {
        _ = try await client.send(Command(["ACL", "SETUSER", "limited", "on", "nopass", "~*", "+@all"]))
        try await setRights(without: commands)
        return RedisClient(try RedisEndpoint(url: "redis://limited:x@127.0.0.1:\(server.port)"))
    }

    func setRights(without commands: [String]) async throws {
        _ = try await client.send(Command(["ACL", "SETUSER", "limited", "+@all"] + commands.map { "-" + $0 }))
    }

    func publish(_ count: Int = 1, in partition: String = "a") async throws {
        for number in 0..<count {
            let exhibition = ExhibitionID(partition: partition, number: 1)
            _ = try await client.send(
                "XADD", "book:{\(partition)}:events", "*", "eventType", "Requested", "timestamp", "1", "bookId",
                BookingID(exhibition: exhibition, bits: UInt64(number)).text, "museumId", exhibition.text, "visitor", "kim",
                "seats", "1", "status", "REQUESTED", "version", "1", "createdAt", "1")
        }
    }

    /// Runs the consumers around the body, and stops them as a process stops.
    /// - Parameter redis: the user that they go as; by default the one who may everything.
    func consuming(
        as redis: RedisClient? = nil, name: String = "confirm-test", removeAfter: Duration = .seconds(3600),
        handler: @escaping @Sendable (any RedisSender) -> any EventHandler, _ body: () async throws -> Void
    ) async throws {
        let partitions = Partitions(client)
        try await partitions.refresh()
        var configuration = ConsumerConfiguration(
            events: try redis ?? server.client(), store: nil, consumer: name, handler: handler)
        configuration.removeAfter = removeAfter
        let consumers = EventConsumers(
            service: .confirm, partitions: partitions, configuration: configuration, logger: log.logger)
        try await running([partitions, consumers], body)
    }

    /// How many entries are delivered and not acknowledged; `nil` before there is a group.
    func pending() async throws -> Int? {
        do throws(RedisError) {
            return try await client.send("XPENDING", stream, "confirm").asArray()[0].asInteger()
        } catch {
            guard case .noGroup = error else { throw error }
            return nil
        }
    }

    /// The names of the group's consumers.
    func consumers() async throws -> Set<String> {
        var names: Set<String> = []
        for consumer in try await client.send("XINFO", "CONSUMERS", stream, "confirm").asArray() {
            names.insert(try consumer.asArray()[1].asText())
        }
        return names
    }
}

/// Counts the delivered events; with a sender, it writes a value for each.
struct CountingHandler: EventHandler {
    let relevant = Set(EventType.allCases)
    let count: LockedBox<Int>
    var sender: (any RedisSender)?

    func handle(_ deliveries: [Delivery]) async throws(Failure) -> [EventDisposition] {
        count.update { $0 += deliveries.count }
        if let sender {
            do throws(RedisError) {
                _ = try await sender.send("HSET", "confirm:{a}:applied", "last", "x")
            } catch {
                throw Failure(writing: error)
            }
        }
        return deliveries.map { _ in .applied }
    }
}
