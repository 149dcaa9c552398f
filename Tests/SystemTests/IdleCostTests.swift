import Foundation
import Redis
import TestSupport
import Testing

/// What a museum that nobody visits costs its Redis.
@Suite(.timeLimit(.minutes(3)))
struct IdleCostTests {
    private static let partitions = 16
    /// Museum, Book, Confirm and MyPage, in each partition.
    private static let consumers = 4 * partitions

    private func number(_ name: String, _ info: String) throws -> Int {
        for line in info.split(whereSeparator: \.isNewline) where line.hasPrefix(name + ":") {
            if let number = Int(line.dropFirst(name.count + 1)) { return number }
        }
        throw Failed("INFO has no \(name)")
    }

    /// At most one connection and two commands a second for each role and partition, all included; for requests, each process
    /// has one connection more per core.
    @Test(arguments: [[MuseumProcess.allRoles], MuseumProcess.allRoles.map { [$0] }])
    func oneConnectionAndTwoCommandsASecond(processes: [[String]]) async throws {
        let redis = try await RedisServer.start()
        let client = try redis.client()
        _ = try await client.send("PING")
        let ports = try MuseumProcess.freePorts()
        var museum: [MuseumProcess] = []
        for roles in processes {
            museum.append(
                try await MuseumProcess.start(
                    roles, ports: ports, redis: redis, environment: ["PARTITIONS": String(Self.partitions)]))
        }
        try await eventually("all consumers wait for events", within: .seconds(20)) {
            let list = try await client.send("CLIENT", "LIST").asText()
            return list.split(separator: "\n").count { $0.contains("cmd=xreadgroup") } == Self.consumers
        }
        // What a session does at its start is over once the first progress is written and the claims have come round.
        func commands() async throws -> Int {
            try number("total_commands_processed", try await client.send("INFO", "stats").asText())
        }
        func claims() async throws -> Int {
            let stats = try await client.send("INFO", "commandstats").asText()
            return stats.firstMatch(of: /cmdstat_xautoclaim:calls=(\d+)/).flatMap { Int($0.1) } ?? 0
        }
        let perRound = Self.partitions * (1 + 1 + 1 + 3)
        try await eventually("two rounds of claims", within: .seconds(60)) { try await claims() >= 3 * perRound }
        let (start, before) = (ContinuousClock.now, try await commands())
        let claimsBefore = try await claims()
        try await eventually("five rounds of claims", within: .seconds(60), every: .seconds(1)) {
            try await claims() >= claimsBefore + 5 * perRound
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let rate = Double(try await commands() - before) / seconds
        #expect(rate <= 2 * Double(Self.consumers), "\(rate) commands a second")
        #expect(rate > 10, "it is alive")
        let connections = try number("connected_clients", try await client.send("INFO", "clients").asText())
        print("idle, \(processes.count) processes, \(Self.partitions) partitions: \(rate) commands/s, \(connections) connections")
        // The test's own client is one of them.
        let cores = ProcessInfo.processInfo.activeProcessorCount
        #expect(connections <= Self.consumers + (processes.count + 1) * cores)
    }
}
