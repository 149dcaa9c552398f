public import NIOCore

/// One client of a live stream. All but ``isOpen`` belongs to its event loop.
public final class LiveWatcher: Sendable {
    /// What becomes of a piece.
    enum Delivery { case sent, tooSlow }

    public let eventLoop: any EventLoop
    /// `nil`: of all topics.
    let topic: String?
    private let state: NIOLoopBoundBox<State>

    private struct State {
        let send: (ByteBuffer) -> Bool
        let end: (_ isWhole: Bool) -> Void
        /// The number of the next message that it has not got.
        var next = 0
        var isOpen = true
    }

    /// On the event loop.
    /// - Parameters:
    ///   - send: sends a piece; false if the client has not read the ones before.
    ///   - end: ends the response, as a whole one or by closing the connection.
    init(
        topic: String?, on eventLoop: any EventLoop, send: @escaping (ByteBuffer) -> Bool,
        end: @escaping (_ isWhole: Bool) -> Void
    ) {
        self.topic = topic
        self.eventLoop = eventLoop
        state = NIOLoopBoundBox(State(send: send, end: end), eventLoop: eventLoop)
    }

    var next: Int {
        get { state.value.next }
        set { state.value.next = newValue }
    }

    var isOpen: Bool { state.value.isOpen }

    func send(_ bytes: ByteBuffer) -> Delivery {
        guard state.value.isOpen, bytes.readableBytes > 0 else { return .sent }
        return state.value.send(bytes) ? .sent : .tooSlow
    }

    /// - Parameter isWhole: whether the response ends as it should; else its connection is closed.
    func end(isWhole: Bool) {
        guard state.value.isOpen else { return }
        state.value.isOpen = false
        state.value.end(isWhole)
    }

    /// The client is gone.
    func close() { state.value.isOpen = false }
}
