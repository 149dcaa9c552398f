import Contracts

/// Where the read model is kept.
protocol MyPageStore: Sendable {
    /// Applies what is newer than what is there; the rest is passed over.
    func apply(_ news: [ProjectionUpdate]) async throws(Failure)
    /// `nil` as long as the booking itself has not been heard of.
    func find(_ id: BookingID) async throws(Failure) -> MyPageRow?
}
