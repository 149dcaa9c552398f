import NIOCore

/// What a connection waits for from its client, each for so long and no longer. One timer serves them all: it is set seldom and
/// looks when it rings, since most waits are over in the same turn of the event loop.
struct ClientTimeouts {
    enum Reason: Int, CaseIterable { case head, body, reading }

    private var ends: [NIODeadline?] = [nil, nil, nil]
    private var timer: Scheduled<Void>?

    /// Begins to wait, unless it does already.
    mutating func begins(for reason: Reason, on eventLoop: any EventLoop, look: @escaping () -> Void) {
        guard ends[reason.rawValue] == nil else { return }
        let end = NIODeadline.now() + HTTPServerLimits.clientWithin
        ends[reason.rawValue] = end
        // All waits are equally long: a timer that is set rings before this one ends.
        if timer == nil { timer = eventLoop.assumeIsolated().scheduleTask(deadline: end, look) }
    }

    mutating func isOver(for reason: Reason) { ends[reason.rawValue] = nil }

    /// When the timer has rung: what has not come in time. Sets it again where something else is still waited for.
    mutating func ended(on eventLoop: any EventLoop, again look: @escaping () -> Void) -> Reason? {
        timer = nil
        let now = NIODeadline.now()
        if let late = Reason.allCases.first(where: { ends[$0.rawValue].map { $0 <= now } ?? false }) {
            ends[late.rawValue] = nil
            rearm(on: eventLoop, look)
            return late
        }
        rearm(on: eventLoop, look)
        return nil
    }

    private mutating func rearm(on eventLoop: any EventLoop, _ look: @escaping () -> Void) {
        guard let next = ends.compactMap({ $0 }).min() else { return }
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: next, look)
    }

    mutating func cancel() {
        timer?.cancel()
        timer = nil
        ends = [nil, nil, nil]
    }
}
