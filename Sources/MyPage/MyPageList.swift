import Contracts
import Messaging
import Redis
import Scripts

/// A visitor's rows newest first over all partitions, or everybody's, visitor by visitor.
struct MyPageList: Sendable {
    let client: any RedisSender

    func page(_ request: PageRequest, of visitor: String?, partitions: [String]) async throws(Failure) -> Page<MyPageRow> {
        let reader = IndexReader(client)
        let page: Page<String>
        if let visitor {
            page = try await reader.newest(request, in: partitions.map { Keys(partition: $0).pages(of: visitor) })
        } else {
            page = try await reader.byOwner(
                request, partitions: partitions, owners: { Keys(partition: $0).visitors },
                elements: { Keys(partition: $0).pages(of: $1) })
        }
        let pages = try await RedisMyPageStore(client: client).find(page.elements.compactMap(BookingID.init))
        return Page(elements: pages.compactMap { $0 }, next: page.next)
    }
}
