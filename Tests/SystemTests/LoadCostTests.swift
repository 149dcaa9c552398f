import Foundation
import Redis
import TestSupport
import Testing

/// What a booking costs Redis while many visitors book at once. The figures depend on how many bookings come together, hardly on
/// the machine. The bounds lie above what was measured on two cores (docs/benchmarks).
@Suite(.timeLimit(.minutes(3)))
struct LoadCostTests {
    private static let visitors = 64
    private static let bookingsEach = 40

    /// What Redis has counted so far.
    private struct Counts {
        var roundTrips = 0
        var scripts = 0
        /// Commands besides the calls of scripts: those that scripts run and those that are sent.
        var commands = 0
        var aofBytes = 0

        init(_ client: RedisClient) async throws {
            for line in try await client.send("INFO", "everything").asText().split(whereSeparator: \.isNewline) {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else { continue }
                switch parts[0] {
                case "total_reads_processed": roundTrips = Int(parts[1]) ?? 0
                case "aof_current_size": aofBytes = Int(parts[1]) ?? 0
                case let name where name.hasPrefix("cmdstat_"):
                    let calls = parts[1].firstMatch(of: /calls=(\d+)/).flatMap { Int($0.1) } ?? 0
                    if ["cmdstat_evalsha", "cmdstat_eval"].contains(name) { scripts += calls } else { commands += calls }
                default: break
                }
            }
        }
    }

    @Test func ofABookingUnderLoad() async throws {
        let redis = try await RedisServer.start()
        let client = try redis.client()
        _ = try await client.send("CONFIG", "SET", "auto-aof-rewrite-percentage", "0")
        let process = try await MuseumProcess.start(
            MuseumProcess.allRoles, ports: try MuseumProcess.freePorts(), redis: redis)
        let visitor = Visitor(process.url("gateway"))
        let museum = try await visitor.register(capacity: 100_000)
        // Scripts are loaded and consumers have connected.
        try await book(museum, each: 2, visitor: visitor)
        try await settled(client, museum, bookings: 2 * Self.visitors)

        let before = try await Counts(client)
        try await book(museum, each: Self.bookingsEach, visitor: visitor)
        try await settled(client, museum, bookings: (2 + Self.bookingsEach) * Self.visitors)
        let after = try await Counts(client)
        func each(_ count: KeyPath<Counts, Int>) -> Double {
            Double(after[keyPath: count] - before[keyPath: count]) / Double(Self.visitors * Self.bookingsEach)
        }
        print(
            "a booking under load: \(each(\.roundTrips)) round trips, \(each(\.scripts)) scripts, \(each(\.commands)) commands,",
            "\(each(\.aofBytes)) bytes")
        #expect(each(\.roundTrips) <= 2)
        #expect(each(\.scripts) <= 0.6)
        #expect(each(\.commands) <= 19)
        #expect(each(\.aofBytes) <= 5200)
        #expect(each(\.commands) > 5, "bookings were made")
    }

    private func book(_ museum: String, each count: Int, visitor: Visitor) async throws {
        try await withThrowingTaskGroup { group in
            for number in 0..<Self.visitors {
                group.addTask {
                    for _ in 0..<count {
                        let answer = try await visitor.send(
                            "POST", "/books", #"{"museumId":"\#(museum)","visitor":"v\#(number)","seats":1}"#)
                        #expect(answer.status == 201)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Every booking is confirmed, and every group has acknowledged all there is.
    private func settled(_ client: RedisClient, _ museum: String, bookings: Int) async throws {
        try await eventually("all are confirmed and acknowledged", within: .seconds(60), every: .milliseconds(50)) {
            guard try await client.send("ZCARD", "confirm:{a}:\(museum):index").asInteger() == bookings else { return false }
            return try await client.groupsAreSettled()
        }
    }
}
