import Contracts
import HTTPTypes
public import Logging
import NIOCore
public import ServiceLifecycle

/// A live stream of another process.
public protocol LiveFollowing: Sendable {
    /// Reads it until it ends or `take` returns false.
    /// - Parameter position: behind which it begins; `nil`: now.
    func follow(after position: String?, _ take: (LiveEventFromElsewhere) async -> Bool) async throws
}

/// What another process has sent.
public struct LiveEventFromElsewhere: Sendable {
    let position: String?
    let data: String?
    let isGap: Bool

    /// - Parameters:
    ///   - position: how far its stream is.
    ///   - data: a document as JSON.
    ///   - isGap: whether documents before it may be missing.
    public init(position: String?, data: String?, isGap: Bool) {
        self.position = position
        self.data = data
        self.isGap = isGap
    }
}

/// Reads a live stream of another process once for all watchers of a feed, while there are any, and serves them.
public struct LiveFollower<Source: LiveFollowing>: Service {
    private let source: Source
    private let feed: LiveFeed
    private let logger: Logger
    private let wish = Wish()

    public init(_ source: Source, feed: LiveFeed, logger: Logger) {
        self.source = source
        self.feed = feed
        self.logger = logger
    }

    public func response(to request: CollectedRequest) async throws -> DocumentResponse {
        let query = try RequestQuery(request, known: ["lastEventId"])
        let position = request.headers[.lastEventID] ?? query["lastEventId"]
        wish.wake()
        while feed.position == nil { try await Task.sleep(for: .milliseconds(10)) }
        let stream = try feed.stream(topic: nil)
        if let position { stream.starts(from: feed.knows(position) ? .after(position) : .reset) }
        return .live(stream)
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while await wish.wait() { await followWhileWatched() }
        }
        await feed.finish()
    }

    private func followWhileWatched() async {
        var hasFailed = false
        var unwatchedSince: ContinuousClock.Instant?
        while !Task.isCancelled {
            var isWatched = true
            do {
                try await source.follow(after: feed.position) { event in
                    take(event)
                    if hasFailed { logger.notice("a live stream can be read again") }
                    hasFailed = false
                    // Heartbeats come this way, too.
                    unwatchedSince = feed.watchers > 0 ? nil : unwatchedSince ?? .now
                    isWatched = unwatchedSince.map { ContinuousClock.now - $0 < .seconds(30) } ?? true
                    return isWatched
                }
            } catch {
                if isWatched, !Task.isCancelled, !hasFailed {
                    logger.warning("a live stream can't be read", metadata: ["error": "\(error)"])
                    hasFailed = true
                }
            }
            if !isWatched { break }
            if hasFailed, feed.watchers == 0 { break }
            try? await Task.sleep(for: .seconds(1))
        }
        feed.pause()
    }

    private func take(_ event: LiveEventFromElsewhere) {
        guard let position = event.position else { return }
        if feed.position == nil { return feed.begin(at: position) }
        if event.isGap {
            feed.publish([LiveMessage(isGap: true)], position: position)
        } else {
            feed.publish(event.data.map { [LiveMessage(data: ByteBuffer(string: $0))] } ?? [], position: position)
        }
    }
}
