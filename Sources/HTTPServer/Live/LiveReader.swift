public import Contracts
public import HTTPTypes
public import Logging
public import ServiceLifecycle
import Synchronization

/// Where a feed's documents come from.
public protocol LiveSource: Sendable {
    associatedtype Progress: Sendable

    /// Whether it reads everything, whoever watches.
    var readsAll: Bool { get }

    /// Where reading begins: now.
    func begin() async throws(Failure) -> Progress
    /// Reads what has changed since.
    /// - Parameter watched: what somebody watches.
    /// - Returns: `isBehind`: whether there is more to read at once.
    func read(_ progress: inout Progress, watched: WatchedTopics) async throws(Failure) -> (
        messages: [LiveMessage], isBehind: Bool
    )
    /// How far reading is.
    func position(of progress: Progress) -> LivePosition
    /// What has changed since an earlier position, perhaps of another process; `nil` if that can't be told.
    func changes(since position: LivePosition, topic: String?) async throws(Failure) -> [LiveMessage]?
}

/// Reads a source for all watchers of a feed, while there are any, and serves them.
public struct LiveReader<Source: LiveSource>: Service {
    public let feed: LiveFeed
    private let source: Source
    private let logger: Logger
    private let wish = Wish()

    /// Between two looks at what has changed: a watcher sees a change after half of it on average. With more watchers it is longer,
    /// so that the same share of the machine is left to others.
    private static var shortestPause: Duration { .milliseconds(200) }
    private static var longestPause: Duration { .seconds(1) }
    private static var watchersOfLongestPause: Int { 5000 }
    /// How long reading goes on without watchers: a client that reconnects finds its position.
    private static var lingers: Duration { .seconds(30) }

    public init(_ source: Source, feed: LiveFeed, logger: Logger) {
        self.source = source
        self.feed = feed
        self.logger = logger
    }

    /// The response to a client.
    /// - Parameter topic: what it gets; `nil`: all.
    public func response(topic: String?, to request: CollectedRequest) async throws -> DocumentResponse {
        // A position that can't be one of ours is none: a browser can't do anything about it.
        let query = try RequestQuery(request, known: ["visitor", "lastEventId"])
        let position = (request.headers[.lastEventID] ?? query["lastEventId"]).flatMap(LivePosition.init)
        wish.wake()
        while feed.position == nil { try await Task.sleep(for: .milliseconds(10)) }
        let stream = try feed.stream(topic: topic)
        if let position {
            if source.readsAll, feed.knows(position.text) {
                stream.starts(from: .after(position.text))
            } else {
                let changes = isRecent(position) ? try await source.changes(since: position, topic: topic) : nil
                stream.starts(from: changes.map { .messages($0, after: position.text) } ?? .reset)
            }
        }
        return .live(stream)
    }

    /// Whether events since then are still in the streams.
    private func isRecent(_ position: LivePosition) -> Bool {
        guard let newest = feed.position.flatMap(LivePosition.init) else { return false }
        return newest.milliseconds < position.milliseconds + 3_600_000
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while await wish.wait() { await readWhileWatched() }
        }
        await feed.finish()
    }

    private func readWhileWatched() async {
        var hasFailed = false
        func failed(_ error: Failure) async {
            if !hasFailed { logger.warning("a live stream can't be read", metadata: ["error": "\(error)"]) }
            hasFailed = true
            try? await Task.sleep(for: .seconds(1))
        }
        var progress: Source.Progress?
        var unwatchedSince: ContinuousClock.Instant?
        while !Task.isCancelled {
            do throws(Failure) {
                if var reading = progress {
                    let (messages, isBehind) = try await source.read(&reading, watched: feed.watched)
                    progress = reading
                    feed.publish(messages, position: source.position(of: reading).text)
                    if isBehind { continue }
                } else {
                    let begun = try await source.begin()
                    feed.begin(at: source.position(of: begun).text)
                    progress = begun
                }
                if hasFailed { logger.notice("a live stream can be read again") }
                hasFailed = false
            } catch {
                await failed(error)
                continue
            }
            let watchers = feed.watchers
            if watchers > 0 {
                unwatchedSince = nil
            } else if let since = unwatchedSince {
                if ContinuousClock.now - since > Self.lingers { break }
            } else {
                unwatchedSince = .now
            }
            let share = min(Double(watchers) / Double(Self.watchersOfLongestPause), 1)
            try? await Task.sleep(for: Self.shortestPause + (Self.longestPause - Self.shortestPause) * share)
        }
        feed.pause()
    }
}

/// That somebody wants to watch.
final class Wish: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func wake() { continuation.yield() }

    /// - Returns: false where the task has been cancelled.
    func wait() async -> Bool {
        for await _ in stream { return !Task.isCancelled }
        return false
    }
}

extension HTTPField.Name {
    public static let lastEventID = HTTPField.Name("Last-Event-ID")!
}
