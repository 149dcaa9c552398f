import Contracts

/// The use cases of the read model: events update it, visitors read it.
struct MyPageService: Sendable {
    let store: any MyPageStore

    func find(_ id: BookingID) async throws(Failure) -> MyPageRow {
        try await store.find(id).orThrow(.unknownPage(id.text))
    }

    func page(
        _ request: PageRequest, _ filter: MyPageFilter, in partitions: any PartitionDirectory
    ) async throws(Failure) -> Page<MyPageRow> {
        let partitions = if let exhibition = filter.exhibition { [exhibition.partition] } else { try await partitions.inUse() }
        return try await store.page(request, filter, partitions: partitions)
    }

    /// Of several updates of one half of a row, or of one exhibition, only the newest is applied.
    func apply(_ updates: [ProjectionUpdate]) async throws(Failure) {
        let newest = updates.newest(of: \.subject, version: \.version)
        if !newest.isEmpty { try await store.apply(newest) }
    }
}
