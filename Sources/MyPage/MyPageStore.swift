import Contracts

/// Where the read model is kept.
protocol MyPageStore: Sendable {
    /// Applies updates that are newer than the stored version; others change nothing.
    func apply(_ updates: [ProjectionUpdate]) async throws(Failure)
    /// `nil` until an event of the booking itself has been applied.
    func find(_ id: BookingID) async throws(Failure) -> MyPageRow?
    /// A visitor's rows newest first, or those of all visitors, visitor by visitor.
    func page(_ request: PageRequest, of visitor: String?, partitions: [String]) async throws(Failure) -> Page<MyPageRow>
}
