import Foundation
import Redis
import Scripts
import TestSupport

/// What befalls consumers: their group is recreated under them, or the server refuses what they ask.
extension FaultDeployment {
    /// Destroys a group and creates it at an earlier id in one transaction, so often that it falls between any two commands
    /// of a consumer. One of the group's processes dies meanwhile, and at the end the group is gone: it is created by its own
    /// progress.
    func groupRecreated(_ random: inout SeededRandom) async throws -> Int {
        let (stream, group) = subscription(&random)
        let members = services.filter { $0.process.roles.contains(group) }
        let victim = members.randomElement(using: &random)!
        let rounds = Int.random(in: 200...600, using: &random)
        let death = rounds - 1 - random.below(40)
        var count = 0
        for round in 0..<rounds {
            let earlier = try await startOfReplay(stream, group)
            let replies = await client.send([
                Command("MULTI"), Command("XGROUP", "DESTROY", stream, group),
                Command("XGROUP", "CREATE", stream, group, earlier), Command("EXEC"),
            ])
            if case .success(let reply) = replies[3], let first = try? reply.asArray().first {
                count += (try? first.asInteger()) ?? 0
            }
            if round == death { victim.process.signal(SIGKILL) }
            try await Task.sleep(for: .microseconds(random.below(4000)))
        }
        note("\(group) on \(stream) was recreated \(count) times, \(victim.name) killed")
        count += try await client.send("XGROUP", "DESTROY", stream, group).asInteger()
        try await troubling(if: victim.entrance === gateway.entrance) {
            victim.process.kill()
            try victim.process.begin()
            if victim.entrance === gateway.entrance { try await victim.process.waitUntilReady(within: .seconds(60)) }
        }
        return count
    }

    /// An id that the group has certainly applied: some entries before its progress.
    private func startOfReplay(_ stream: String, _ group: String) async throws -> String {
        let parts = stream.split(separator: ":").map(String.init)
        let keys = Keys(partition: parts[1].trimmingCharacters(in: ["{", "}"]))
        guard let progress = try await client.send("GET", keys.progress(of: group, on: parts[0])).asOptionalText() else {
            return "0"
        }
        let entries = try await client.send("XREVRANGE", stream, progress, "-", "COUNT", "20").asArray()
        return try entries.last?.asArray()[0].asText() ?? "0"
    }

    /// Takes a consumer command from a role's user. Its consumers must neither hammer Redis nor fill the log.
    func readsRefused(_ random: inout SeededRandom) async throws -> Int {
        let role = ["museum", "book", "confirm", "mypage"].randomElement(using: &random)!
        let command = random.once(in: 2) ? "xreadgroup" : "xack"
        let pause = random.milliseconds(1000...2000)
        let consumers = services.filter { $0.role == role }
        let denied = try await client.send("ACL", "LOG").asArray()
        if !denied.isEmpty { throw Failed("a user lacked a right before one was withdrawn: \(denied)") }
        return try await watchingLog(of: consumers, "while \(command) was refused") {
            let connections = try await connectionsReceived()
            let rules = try files.rules(of: role)
            // Also out of the selectors: what stands last in one keeps its closing parenthesis.
            try await setUser(role, rules.filter { $0 != "+" + command }.map { $0 == "+\(command))" ? ")" : $0 })
            let start = ContinuousClock.now
            note("\(role) may not \(command)")
            let injected = await happens(within: .seconds(5)) { try await !client.send("ACL", "LOG").asArray().isEmpty }
            try await Task.sleep(for: pause)
            let span = ContinuousClock.now - start
            try await setUser(role, rules)
            let refused = try await refusedCommands()
            // A command that was under way may still be refused.
            _ = try await client.send("ACL", "LOG", "RESET")

            let made = try await connectionsReceived() - connections
            let partitions = try await client.send("SCARD", Keys.partitions).asInteger()
            let limit = Int(span / .milliseconds(100)) * consumers.count * partitions
            if made > limit { find(role, "\(made) connections were made in \(span) while \(command) was refused") }
            return injected ? refused : 0
        }
    }

    /// How many commands ACL LOG tells of; it counts those of one kind and connection together.
    private func refusedCommands() async throws -> Int {
        try await client.send("ACL", "LOG").asArray().reduce(0) { sum, entry in
            let count = try entry.asPairs().first { $0.name == .text("count") }?.value.asInteger()
            return sum + (count ?? 0)
        }
    }

    private func setUser(_ name: String, _ rules: [String]) async throws {
        _ = try await client.send(Command(["ACL", "SETUSER", name, "reset"] + rules))
    }

    private func connectionsReceived() async throws -> Int {
        let info = try await client.send("INFO", "stats").asText()
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("total_connections_received:") }
        return line.flatMap { Int($0.split(separator: ":").last ?? "") } ?? 0
    }
}
