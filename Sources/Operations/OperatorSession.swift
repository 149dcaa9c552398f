package import Contracts
import Foundation
package import Messaging
import NIOCore
package import Redis
import Scripts

/// The servers and the partitions that an operation works on.
package struct OperatorSession: Sendable {
    package let redis: RedisClient
    /// MyPage's server; the same where it has none of its own.
    package let myPageStore: RedisClient
    package let partitions: [String]
    /// The name of this process in CLIENT LIST; no other process has it.
    package let clientName: String

    /// - Parameter myPage: MyPage's own server, if it has one.
    package init(_ endpoint: RedisEndpoint, myPage: RedisEndpoint?) {
        var options = RedisOptions()
        options.commandTimeout = .seconds(5)
        options.clientName = Self.clientName()
        redis = RedisClient(endpoint, options: options)
        myPageStore = myPage.map { RedisClient($0, options: options) } ?? redis
        partitions = []
        clientName = options.clientName
    }

    private init(_ session: OperatorSession, partitions: [String]) {
        redis = session.redis
        myPageStore = session.myPageStore
        clientName = session.clientName
        self.partitions = partitions
    }

    /// The same, with the partitions that are in use now.
    package func refreshed() async throws(RedisError) -> OperatorSession {
        let names = try await redis.send("SMEMBERS", Keys.partitions).asTexts()
        return OperatorSession(self, partitions: names.sorted { ($0.count, $0) < ($1.count, $1) })
    }

    /// - Parameter myPage: MyPage's own server, if it has one.
    package static func open(_ endpoint: RedisEndpoint, myPage: RedisEndpoint?) async throws(RedisError) -> OperatorSession {
        try await OperatorSession(endpoint, myPage: myPage).refreshed()
    }

    private static func clientName() -> String {
        let process = ProcessInfo.processInfo
        let host = process.hostName.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") }
        return "skmuseum-operator-\(host)-\(process.processIdentifier)-\(String(UInt32.random(in: 0 ... .max), radix: 16))"
    }

    /// The server where a service keeps its own keys.
    package func store(of service: ServiceName) -> RedisClient { service == .mypage ? myPageStore : redis }
}

/// A consumer group of a stream.
package struct Subscription: Hashable {
    package let partition: String
    package let group: ServiceName
    package let source: ServiceName

    package var stream: String { Keys(partition: partition).events(of: source.rawValue) }

    package static func all(in partitions: [String], of groups: [ServiceName] = ServiceName.allCases) -> [Subscription] {
        partitions.flatMap { partition in
            groups.flatMap { group in group.subscriptions.map { Subscription(partition: partition, group: group, source: $0) } }
        }
    }
}

extension OperatorSession {
    /// The id of the stream's last entry; zero where it has none.
    package func end(of stream: String) async throws(RedisError) -> StreamID {
        let last = try await redis.send("XREVRANGE", stream, "+", "-", "COUNT", "1").asArray()
        guard let entry = last.first else { return .zero }
        return StreamID(try (try entry.asArray().first ?? .null).asText()) ?? .zero
    }

    /// The group has applied all events up to this id.
    package func progress(of subscription: Subscription) async throws(RedisError) -> StreamID {
        let key = Keys(partition: subscription.partition)
            .progress(of: subscription.group.rawValue, on: subscription.source.rawValue)
        let text = try await store(of: subscription.group).send("GET", key).asOptionalText()
        return text.flatMap(StreamID.init) ?? .zero
    }

    /// How many entries lie after `start`, up to and with `end`.
    func count(in stream: String, after start: StreamID, through end: StreamID) async throws(RedisError) -> Int {
        var count = 0
        var after = start
        while after < end {
            let ids = try await ids(in: stream, after: after, through: end)
            guard let last = ids.last else { break }
            count += ids.count
            after = last
        }
        return count
    }

    /// The next ids of a stream, at most 1000.
    func ids(in stream: String, after start: StreamID, through end: StreamID) async throws(RedisError) -> [StreamID] {
        let reply = try await redis.send("XRANGE", stream, "(" + start.text, end.text, "COUNT", "1000")
        var ids: [StreamID] = []
        for entry in try reply.asArray() {
            if let id = StreamID(try (try entry.asArray().first ?? .null).asText()) { ids.append(id) }
        }
        return ids
    }

    /// Waits until every group, or those named, has applied all that was in its streams when the wait began.
    /// - Returns: those that have not when time is up, and by how many events.
    package func settle(
        within wait: Duration, of groups: [ServiceName] = ServiceName.allCases
    ) async throws -> [(subscription: Subscription, behind: Int)] {
        var ends: [String: StreamID] = [:]
        let subscriptions = Subscription.all(in: partitions, of: groups)
        for subscription in subscriptions where ends[subscription.stream] == nil {
            ends[subscription.stream] = try await end(of: subscription.stream)
        }
        let deadline = ContinuousClock.now + wait
        while true {
            var open: [Subscription] = []
            for subscription in subscriptions {
                if try await progress(of: subscription) < ends[subscription.stream] ?? .zero { open.append(subscription) }
            }
            if open.isEmpty { return [] }
            if .now >= deadline {
                var behind: [(subscription: Subscription, behind: Int)] = []
                for subscription in open {
                    let count = try await count(
                        in: subscription.stream, after: try await progress(of: subscription),
                        through: ends[subscription.stream] ?? .zero)
                    behind.append((subscription, count))
                }
                return behind
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
