import Contracts

/// Where the read model is kept.
protocol MyPageStore: Sendable {
    /// Applies updates that are newer than the stored version; others change nothing.
    func apply(_ updates: [ProjectionUpdate]) async throws(Failure)
    /// `nil` until an event of the booking itself has been applied.
    func find(_ id: BookingID) async throws(Failure) -> MyPageRow?
    /// One for each id, in order.
    func find(_ ids: [BookingID]) async throws(Failure) -> [MyPageRow?]
    /// The version of the exhibition that rows show; 0 where there is none.
    func version(of exhibition: ExhibitionID) async throws(Failure) -> Int
    /// A visitor's rows newest first, or those of all visitors, visitor by visitor. What does not fit the rest of the filter is left
    /// out of the page that has been read.
    func page(_ request: PageRequest, _ filter: MyPageFilter, partitions: [String]) async throws(Failure) -> Page<MyPageRow>
}
