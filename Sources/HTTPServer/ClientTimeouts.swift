import NIOCore

/// The timeouts of one connection for what its client must do. One timer serves all of them: most waits end in the same turn of
/// the event loop, so the deadlines are compared only when the timer fires.
struct ClientTimeouts {
    enum Reason: Int, CaseIterable { case head, body, reading }

    private var deadlines: [NIODeadline?] = [nil, nil, nil]
    private var timer: Scheduled<Void>?

    /// Starts the timeout unless it is running.
    mutating func start(for reason: Reason, on eventLoop: any EventLoop, timerFired: @escaping () -> Void) {
        guard deadlines[reason.rawValue] == nil else { return }
        let deadline = NIODeadline.now() + HTTPServerLimits.clientWithin
        deadlines[reason.rawValue] = deadline
        // All timeouts are equally long: a timer that is set fires before this deadline.
        if timer == nil { timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline, timerFired) }
    }

    mutating func stop(for reason: Reason) { deadlines[reason.rawValue] = nil }

    /// Returns the timeout that has expired when the timer fires, and sets the timer again for the next deadline.
    mutating func takeExpired(on eventLoop: any EventLoop, rearmedWith timerFired: @escaping () -> Void) -> Reason? {
        timer = nil
        let now = NIODeadline.now()
        if let late = Reason.allCases.first(where: { deadlines[$0.rawValue].map { $0 <= now } ?? false }) {
            deadlines[late.rawValue] = nil
            rearm(on: eventLoop, timerFired)
            return late
        }
        rearm(on: eventLoop, timerFired)
        return nil
    }

    private mutating func rearm(on eventLoop: any EventLoop, _ timerFired: @escaping () -> Void) {
        guard let next = deadlines.compactMap({ $0 }).min() else { return }
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: next, timerFired)
    }

    mutating func cancel() {
        timer?.cancel()
        timer = nil
        deadlines = [nil, nil, nil]
    }
}
