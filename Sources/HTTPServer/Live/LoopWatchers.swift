import NIOCore

/// The watchers of a feed on one event loop. They are served a few at a time with a pause between, so that other requests of the loop
/// don't wait for all: a loop looks at its connections only when it has no task that is due.
final class LoopWatchers: Sendable {
    private static let atOnce = 16
    /// 3,000 watchers of a loop are served in half a second.
    private static let pause = TimeAmount.microseconds(2500)

    private struct State {
        var watchers: [ObjectIdentifier: LiveWatcher] = [:]
        /// What has not been sent to all yet.
        var queue = CircularBuffer<Round>()
        var isSending = false
        var heartbeat: Scheduled<Void>?
    }

    private enum Round {
        case messages([LiveFeed.Sent], first: Int)
        case heartbeat
    }

    private let eventLoop: any EventLoop
    private let state: NIOLoopBoundBox<State>

    init(on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        state = .makeBoxSendingValue(State(), eventLoop: eventLoop)
    }

    func add(_ watcher: LiveWatcher, in feed: LiveFeed) {
        state.value.watchers[ObjectIdentifier(watcher)] = watcher
        if state.value.heartbeat == nil { startHeartbeat(feed) }
    }

    func remove(_ watcher: LiveWatcher) {
        state.value.watchers[ObjectIdentifier(watcher)] = nil
        guard state.value.watchers.isEmpty else { return }
        state.value.heartbeat?.cancel()
        state.value.heartbeat = nil
    }

    /// From any thread.
    func deliver(_ messages: [LiveFeed.Sent], first: Int, in feed: LiveFeed) {
        eventLoop.execute { self.append(.messages(messages, first: first), feed) }
    }

    /// From any thread; returns once all streams have been ended.
    func finish() async {
        // It only fails where the loop has ended, and then there is nothing to end.
        try? await eventLoop.submit {
            for watcher in self.state.value.watchers.values { watcher.end(isWhole: true) }
            self.state.value.heartbeat?.cancel()
        }.get()
    }

    private func startHeartbeat(_ feed: LiveFeed) {
        state.value.heartbeat = eventLoop.assumeIsolated().scheduleTask(in: LiveFeed.heartbeat) {
            self.append(.heartbeat, feed)
            self.startHeartbeat(feed)
        }
    }

    private func append(_ round: Round, _ feed: LiveFeed) {
        state.value.queue.append(round)
        if !state.value.isSending { sendNext(feed) }
    }

    private func sendNext(_ feed: LiveFeed) {
        guard let round = state.value.queue.popFirst() else { return state.value.isSending = false }
        state.value.isSending = true
        let watchers = Array(state.value.watchers.values)
        switch round {
        case .heartbeat:
            var bytes = ByteBuffer(string: ":\n")
            if let position = feed.position { bytes.writeImmutableBuffer(LiveEvent.position(position)) }
            send(to: watchers[...], feed) { _ in bytes }
        case .messages(let messages, let first):
            let last = first + messages.count
            // Most watchers get all of it, as one piece.
            var all = ByteBuffer()
            for message in messages { all.writeImmutableBuffer(message.bytes) }
            let byTopic = Dictionary(grouping: messages, by: \.topic)
            send(to: watchers[...], feed) { watcher in
                defer { watcher.next = last }
                if watcher.next >= last { return ByteBuffer() }
                if watcher.next <= first {
                    guard let topic = watcher.topic else { return all }
                    return (byTopic[topic] ?? []).joined
                }
                return messages.dropFirst(watcher.next - first).filter(watcher.gets).joined
            }
        }
    }

    private func send(to watchers: ArraySlice<LiveWatcher>, _ feed: LiveFeed, _ bytes: @escaping (LiveWatcher) -> ByteBuffer) {
        for watcher in watchers.prefix(Self.atOnce) where watcher.isOpen {
            if watcher.send(bytes(watcher)) == .tooSlow { feed.drop(watcher) }
        }
        let rest = watchers.dropFirst(Self.atOnce)
        if rest.isEmpty { return sendNext(feed) }
        eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { self.send(to: rest, feed, bytes) }
    }
}

extension Sequence<LiveFeed.Sent> {
    fileprivate var joined: ByteBuffer {
        var bytes = ByteBuffer()
        for message in self { bytes.writeImmutableBuffer(message.bytes) }
        return bytes
    }
}
