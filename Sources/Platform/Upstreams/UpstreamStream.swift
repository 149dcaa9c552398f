public import NIOCore

/// The body of another process's response, piece by piece, for one reader. While the reader does not ask for more, nothing more is
/// read from the connection than a few pieces. If the reader stops before the end, the connection is closed.
public struct UpstreamStream: Sendable {
    fileprivate typealias Sequence = NIOThrowingAsyncSequenceProducer<
        ByteBuffer, any Error, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark, Delegate
    >

    /// Pieces that wait for the reader: above the second number no more is read, below the first it is again.
    private static let waiting = (low: 2, high: 8)

    private let sequence: Sequence

    /// Hands each piece to the closure, to the end of the body.
    /// - Throws: what the closure throws, or ``Upstream/Fault`` if the end does not come.
    public func read(_ take: (ByteBuffer) async throws -> Void) async throws {
        for try await piece in sequence { try await take(piece) }
        // It also ends where the task is cancelled.
        try Task.checkCancellation()
    }

    /// A stream and what feeds it.
    /// - Parameters:
    ///   - onDemand: called on any thread when more is asked for after ``Source/add(_:)`` has returned `enough`.
    ///   - onEnd: called on any thread when nobody reads it any more.
    static func make(
        onDemand: @escaping @Sendable () -> Void, onEnd: @escaping @Sendable () -> Void
    ) -> (stream: UpstreamStream, source: Source) {
        let made = Sequence.makeSequence(
            backPressureStrategy: .init(lowWatermark: waiting.low, highWatermark: waiting.high), finishOnDeinit: true,
            delegate: Delegate(onDemand: onDemand, onEnd: onEnd))
        return (UpstreamStream(sequence: made.sequence), Source(source: made.source))
    }

    struct Source {
        enum Demand { case more, enough, none }

        fileprivate let source: Sequence.Source

        func add(_ piece: ByteBuffer) -> Demand {
            switch source.yield(piece) {
            case .produceMore: .more
            case .stopProducing: .enough
            case .dropped: .none
            }
        }

        func finish() { source.finish() }
        func finish(_ fault: Upstream.Fault) { source.finish(fault) }
    }

    fileprivate struct Delegate: NIOAsyncSequenceProducerDelegate {
        let onDemand: @Sendable () -> Void
        let onEnd: @Sendable () -> Void

        func produceMore() { onDemand() }
        func didTerminate() { onEnd() }
    }
}
