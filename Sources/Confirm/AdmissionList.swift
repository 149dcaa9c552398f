import Contracts
import Messaging
import Redis
import Scripts

/// Admissions newest booking first within an exhibition, exhibition by exhibition.
struct AdmissionList: Sendable {
    let client: any RedisSender

    func page(
        _ request: PageRequest, of exhibition: ExhibitionID?, statuses: [AdmissionStatus]?, partitions: [String]
    ) async throws(Failure) -> Page<Admission> {
        let reader = IndexReader(client)
        let page: Page<String>
        if let exhibition {
            page = try await reader.newest(request, in: [Keys(partition: exhibition.partition).admissions(to: exhibition.text)])
        } else {
            page = try await reader.byOwner(
                request, partitions: partitions, owners: { Keys(partition: $0).exhibitionsWithAdmissions },
                elements: { Keys(partition: $0).admissions(to: $1) })
        }
        let admissions = try await RedisAdmissionStore(client: client).find(page.elements.compactMap(BookingID.init))
        return Page(elements: admissions.compactMap { $0 }.filter { statuses?.contains($0.status) ?? true }, next: page.next)
    }
}
