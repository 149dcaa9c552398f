import Contracts
import Metrics
import NIOCore
import Synchronization

/// Distributes the documents of a live stream to all its watchers. A document is written once, whatever their number.
///
/// The newest messages are kept, so that a client whose connection broke gets what it has missed.
public final class LiveFeed: Sendable {
    /// Watchers of one feed. Each may keep 200 kB in buffers before it is dropped.
    public static let watcherLimit = 6000
    private static let messagesKept = 4096
    private static let bytesKept = 4 << 20
    static let heartbeat = TimeAmount.seconds(15)

    private struct State {
        /// The newest messages; the first has the number `first`.
        var messages = CircularBuffer<Sent>()
        var bytes = 0
        var first = 0
        /// Where positions are: how many messages there were before each.
        var marks: [String: Int] = [:]
        var markOrder = CircularBuffer<String>()
        var position: String?
        var loops: [ObjectIdentifier: LoopWatchers] = [:]
        var count = 0
        var ofAll = 0
        var topics: [String: Int] = [:]
        var isFinished = false

        var next: Int { first + messages.count }
    }

    /// A message as it is sent.
    struct Sent: Sendable {
        let topic: String
        let bytes: ByteBuffer
    }

    private let state = Mutex(State())
    private let gauge: Meter
    private let dropped: Counter
    private let limit: Int

    /// - Parameter service: in metrics.
    public init(service: String, limit: Int = LiveFeed.watcherLimit) {
        self.limit = limit
        gauge = Meter(label: "skmuseum_live_watchers", dimensions: [("service", service)])
        dropped = Counter(label: "skmuseum_live_watchers_dropped_total", dimensions: [("service", service)])
        gauge.set(0)
    }

    public var watchers: Int { state.withLock { $0.count } }
    /// Where the feed is; `nil` while nothing reads what it distributes.
    public var position: String? { state.withLock { $0.position } }

    /// Which topics are watched.
    public var watched: WatchedTopics {
        state.withLock { WatchedTopics(isAll: $0.ofAll > 0, names: Set($0.topics.keys)) }
    }

    // MARK: What is distributed

    /// Distributes messages, and says how far they reach.
    public func publish(_ messages: [LiveMessage], position: String) {
        let (loops, sent, first) = state.withLock { state -> ([LoopWatchers], [Sent], Int) in
            let first = state.next
            // Whoever has got the last one has got all. After the others a client must not miss the rest.
            let before = state.position ?? position
            let sent = messages.enumerated().map { index, message in
                Sent(topic: message.topic, bytes: message.event(at: index == messages.count - 1 ? position : before))
            }
            for message in sent {
                state.messages.append(message)
                state.bytes += message.bytes.readableBytes
            }
            while state.messages.count > Self.messagesKept || state.bytes > Self.bytesKept {
                state.bytes -= state.messages.removeFirst().bytes.readableBytes
                state.first += 1
            }
            Self.mark(position, &state)
            return (messages.isEmpty ? [] : Array(state.loops.values), sent, first)
        }
        for loop in loops { loop.deliver(sent, first: first, in: self) }
    }

    /// The first position: from here on everything is distributed.
    public func begin(at position: String) {
        state.withLock { state in
            // Numbers go on: somebody may have begun to watch meanwhile.
            state.first = state.next
            state.messages.removeAll()
            state.bytes = 0
            state.marks = [:]
            state.markOrder = []
            Self.mark(position, &state)
        }
    }

    /// Nothing is distributed any more, for example because nobody watches.
    public func pause() { state.withLock { $0.position = nil } }

    private static func mark(_ position: String, _ state: inout State) {
        state.position = position
        // Several moments may have one position: what came after the first of them is sent again rather than lost.
        if state.marks[position] == nil {
            state.marks[position] = state.next
            state.markOrder.append(position)
        }
        while let oldest = state.markOrder.first, state.markOrder.count > messagesKept || state.marks[oldest]! < state.first {
            state.marks[oldest] = nil
            state.markOrder.removeFirst()
        }
    }

    /// Ends all streams: their clients connect again, elsewhere.
    public func finish() async {
        let loops = state.withLock { state in
            state.isFinished = true
            return Array(state.loops.values)
        }
        for loop in loops { await loop.finish() }
    }

    // MARK: Watchers

    /// What a new watcher gets first.
    enum Start: Sendable {
        /// What comes from now on.
        case now
        /// What came after this position; see ``LiveFeed/knows(_:)``.
        case after(String)
        /// These messages, which came after a position, and what came since the stream was made.
        case messages([LiveMessage], after: String)
        /// Changes are missing.
        case reset
    }

    /// Whether all messages after a position are kept.
    func knows(_ position: String) -> Bool { state.withLock { $0.marks[position] != nil } }

    /// A stream for one watcher. From now on its topic is read.
    /// - Throws: ``Failure/overloaded`` where there are too many, or the port is closing.
    func stream(topic: String?) throws(RequestError) -> FeedStream {
        let next = state.withLock { state -> Int? in
            guard !state.isFinished, state.count < limit else { return nil }
            state.count += 1
            if let topic { state.topics[topic, default: 0] += 1 } else { state.ofAll += 1 }
            gauge.set(state.count)
            return state.next
        }
        guard let next else { throw .failure(.overloaded) }
        return FeedStream(feed: self, topic: topic, next: next)
    }

    fileprivate func begin(_ watcher: LiveWatcher, from start: Start, since number: Int) {
        let begun = state.withLock { state -> (LoopWatchers, ByteBuffer)? in
            guard !state.isFinished else { return nil }
            var first = LiveEvent.retry()
            var next = state.next
            let position = state.position ?? ""
            switch start {
            case .now: break
            case .after(let position):
                if let mark = state.marks[position] { next = mark } else { next = -1 }
            case .messages(let messages, let earlier):
                for message in messages { first.writeImmutableBuffer(message.event(at: earlier)) }
                next = number
            case .reset: next = -1
            }
            if next < state.first {
                next = state.next
                first.writeImmutableBuffer(LiveEvent.reset(position))
            } else {
                for message in state.messages.dropFirst(next - state.first) where watcher.gets(message) {
                    first.writeImmutableBuffer(message.bytes)
                }
                next = state.next
                first.writeImmutableBuffer(LiveEvent.position(position))
            }
            watcher.next = next
            let loop = state.loops[ObjectIdentifier(watcher.eventLoop)] ?? LoopWatchers(on: watcher.eventLoop)
            state.loops[ObjectIdentifier(watcher.eventLoop)] = loop
            return (loop, first)
        }
        guard let (loop, first) = begun else { return watcher.end(isWhole: true) }
        loop.add(watcher, in: self)
        if watcher.send(first) == .tooSlow { drop(watcher) }
    }

    fileprivate func end(_ watcher: LiveWatcher) {
        state.withLock { $0.loops[ObjectIdentifier(watcher.eventLoop)] }?.remove(watcher)
    }

    /// The stream of a watcher is gone.
    fileprivate func release(topic: String?) {
        state.withLock { state in
            state.count -= 1
            if let topic {
                let left = state.topics[topic, default: 1] - 1
                state.topics[topic] = left > 0 ? left : nil
            } else {
                state.ofAll -= 1
            }
            gauge.set(state.count)
        }
    }

    /// Ends a watcher that does not read: its client connects again if it is still there.
    func drop(_ watcher: LiveWatcher) {
        dropped.increment()
        watcher.end(isWhole: false)
    }
}

extension LiveWatcher {
    func gets(_ message: LiveFeed.Sent) -> Bool { topic == nil || topic == message.topic }
}

/// Which topics of a feed are watched.
public struct WatchedTopics: Sendable {
    /// Whether somebody watches all.
    public let isAll: Bool
    /// Those that are watched by themselves.
    public let names: Set<String>

    public func contains(_ topic: String) -> Bool { isAll || names.contains(topic) }
}

/// A feed's stream for one watcher. While it exists, its topic is read.
final class FeedStream: LiveStream {
    let topic: String?
    private let feed: LiveFeed
    /// The number of the message that was the next when it was made.
    private let next: Int
    private let start = Mutex(LiveFeed.Start.now)

    fileprivate init(feed: LiveFeed, topic: String?, next: Int) {
        self.feed = feed
        self.topic = topic
        self.next = next
    }

    deinit { feed.release(topic: topic) }

    func starts(from start: LiveFeed.Start) { self.start.withLock { $0 = start } }
    func begin(_ watcher: LiveWatcher) { feed.begin(watcher, from: start.withLock { $0 }, since: next) }
    func end(_ watcher: LiveWatcher) { feed.end(watcher) }
}
