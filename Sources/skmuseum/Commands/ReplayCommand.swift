import ArgumentParser
import Chassis
import Contracts
import Redis

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract:
            "Sets a room's consumer group back and shows progress until it has caught up. Does no harm: what was applied is skipped."
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "confirm, mypage, book or museum.")
    var room: String

    @Option(help: "The first event id to replay. Default: the beginning.")
    var from: String?

    func validate() throws {
        if Room(rawValue: room) == nil { throw ValidationError("'\(room)' is no room; take confirm, mypage, book or museum") }
        if let from, StreamID(from) == nil { throw ValidationError("--from takes an event id, such as 1764000000000-0") }
    }

    func run() async throws {
        try await Complaint.reporting {
            let keyspace = try await Keyspace.open(try common.settings())
            guard let group = Room(rawValue: room) else { return }
            let start = from.flatMap(StreamID.init)?.previous ?? .zero
            var replays: [Replay] = []
            for subscription in Subscription.all(in: keyspace.partitions, of: [group]) {
                replays.append(try await Replay(subscription, from: start, keyspace: keyspace))
            }
            for replay in replays { try await replay.begin(keyspace) }
            try await watch(replays, keyspace)
        }
    }

    private func watch(_ replays: [Replay], _ keyspace: Keyspace) async throws {
        let total = replays.map(\.total).reduce(0, +)
        let start = ContinuousClock.now
        var lastLine = start
        while true {
            var left = 0
            for replay in replays { left += try await replay.left(keyspace) }
            let seconds = max((ContinuousClock.now - start) / .seconds(1), 0.001)
            let rate = Double(total - left) / seconds
            let rest = rate > 0 ? "\(Int((Double(left) / rate).rounded(.up))) s left" : "waiting for a \(room) consumer"
            let text = "\(total - left) of \(total) events, \(Int(rate))/s, \(rest)"
            if left == 0 {
                if Output.isTerminal { Output.overwrite("") }
                try Output.line("\(room) has caught up: \(total) events in \(Int(seconds * 1000)) ms")
                return
            }
            if Output.isTerminal {
                Output.overwrite(text)
            } else if .now - lastLine >= .seconds(1) {
                Output.note(text)
                lastLine = .now
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}

/// One stream's replay for one group.
private struct Replay {
    let subscription: Subscription
    let start: StreamID
    let end: StreamID
    let total: Int
    /// Every thousandth id or so, and how many entries lie up to it.
    let marks: [(id: StreamID, count: Int)]

    init(_ subscription: Subscription, from start: StreamID, keyspace: Keyspace) async throws(RedisError) {
        self.subscription = subscription
        self.start = start
        end = try await keyspace.end(of: subscription.stream)
        var marks: [(id: StreamID, count: Int)] = []
        var after = start
        while after < end {
            let ids = try await keyspace.ids(in: subscription.stream, after: after, through: end)
            guard let last = ids.last else { break }
            after = last
            marks.append((last, (marks.last?.count ?? 0) + ids.count))
        }
        self.marks = marks
        total = marks.last?.count ?? 0
    }

    func begin(_ keyspace: Keyspace) async throws {
        do throws(RedisError) {
            _ = try await keyspace.redis.send("XGROUP", "SETID", subscription.stream, subscription.group.rawValue, start.text)
        } catch {
            guard case .noGroup = error else {
                if case .server = error, total == 0 { return }
                throw error
            }
            throw Complaint("there is no group \(subscription.group.rawValue) yet; start that role once")
        }
    }

    /// How many entries the group has yet to apply; exact at the end, to a thousand before.
    func left(_ keyspace: Keyspace) async throws -> Int {
        if total == 0 { return 0 }
        let group = subscription.group.rawValue
        let delivered = try await lastDelivered(keyspace)
        let pending = try await keyspace.redis.send("XPENDING", subscription.stream, group).asArray()
        let lowest = pending.count > 1 ? try pending[1].asOptionalText().flatMap(StreamID.init) : nil
        let applied = min(lowest?.previous ?? delivered, delivered)
        if applied >= end { return 0 }
        return max(1, total - (marks.last { $0.id <= applied }?.count ?? 0))
    }

    private func lastDelivered(_ keyspace: Keyspace) async throws -> StreamID {
        for reply in try await keyspace.redis.send("XINFO", "GROUPS", subscription.stream).asArray() {
            var fields: [String: String] = [:]
            for (name, value) in try reply.asPairs() { fields[name.shown] = value.shown }
            if fields["name"] == subscription.group.rawValue { return StreamID(fields["last-delivered-id"] ?? "") ?? .zero }
        }
        return .zero
    }
}
