import HTTPServer
import Messaging
import Contracts
import Redis
import Scripts

/// Admissions in Redis hashes.
struct RedisAdmissionStore: AdmissionStore {
    let client: any RedisSender

    func follow(_ steps: [AdmissionUpdate]) async throws(Failure) {
        let calls = steps.map { step in
            let booking = step.booking
            return ConfirmApply(
                in: Keys(partition: booking.id.partition), now: step.metadata.moment, requestId: step.metadata.requestId,
                booking: booking.id.text, exhibition: booking.id.exhibition.text, visitor: booking.visitor,
                seats: booking.seats, status: step.status.rawValue, version: booking.version, createdAt: booking.createdAt)
        }
        // Whatever the result: the admission is at least as new as the booking's event, or there is nothing left to admit to.
        _ = try await client.call(calls)
    }

    func find(_ id: BookingID) async throws(Failure) -> Admission? { try await find([id])[0] }

    /// One for each id, in order.
    func find(_ ids: [BookingID]) async throws(Failure) -> [Admission?] {
        let results = await client.send(ids.map { Command("HGETALL", Keys(partition: $0.partition).admission($0.text)) })
        do throws(RedisError) {
            var admissions: [Admission?] = []
            for (id, result) in zip(ids, results) {
                let fields = try result.get().asFields()
                admissions.append(fields.isEmpty ? nil : try Admission(id: id, fields: fields))
            }
            return admissions
        } catch {
            throw Failure(reading: error)
        }
    }
}

/// Admissions newest booking first within an exhibition, exhibition by exhibition.
struct AdmissionList: Sendable {
    let client: any RedisSender

    func page(
        _ request: PageRequest, of exhibition: ExhibitionID?, statuses: [AdmissionStatus]?, partitions: Partitions
    ) async throws(Failure) -> Page<Admission> {
        let reader = IndexReader(client)
        let page: Page<String>
        if let exhibition {
            page = try await reader.newest(request, in: [Keys(partition: exhibition.partition).admissions(to: exhibition.text)])
        } else {
            page = try await reader.byOwner(
                request, partitions: try await partitions.inUse(), owners: { Keys(partition: $0).exhibitionsWithAdmissions },
                elements: { Keys(partition: $0).admissions(to: $1) })
        }
        let admissions = try await RedisAdmissionStore(client: client).find(page.elements.compactMap(BookingID.init))
        return Page(elements: admissions.compactMap { $0 }.filter { statuses?.contains($0.status) ?? true }, next: page.next)
    }
}

extension Admission {
    fileprivate init(id: BookingID, fields: [String: String]) throws(RedisError) {
        guard let visitor = fields["visitor"], let seats = fields["seats"].flatMap({ Int($0) }),
            let status = fields["status"].flatMap({ AdmissionStatus(rawValue: $0) }),
            let updatedAt = fields["updatedAt"].flatMap({ UnixMilliseconds($0) })
        else { throw .unexpected("admission \(id.text) is incomplete") }
        self.init(booking: id, visitor: visitor, seats: seats, status: status, updatedAt: updatedAt)
    }
}
