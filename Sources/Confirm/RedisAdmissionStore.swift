import Contracts
import HTTPServer
import Messaging
import Redis
import Scripts

/// Admissions in Redis hashes.
struct RedisAdmissionStore: AdmissionStore {
    let client: any RedisSender

    func follow(_ steps: [AdmissionUpdate]) async throws(Failure) {
        // Whatever the result: the admission is at least as new as the booking's event, or there is nothing left to admit to.
        _ = try await client.call(steps) {
            $0.booking.id.partition == $1.booking.id.partition && $0.metadata.moment == $1.metadata.moment
        } as: { steps in
            ConfirmApply(
                in: Keys(partition: steps[0].booking.id.partition), now: steps[0].metadata.moment,
                bookings: steps.map {
                    ConfirmApply.Booking(
                        id: $0.booking.id.text, exhibition: $0.booking.id.exhibition.text, visitor: $0.booking.visitor,
                        seats: $0.booking.seats, status: $0.status.rawValue, version: $0.booking.version,
                        createdAt: $0.booking.createdAt, requestId: $0.metadata.requestId,
                        traceparent: $0.metadata.traceparent)
                })
        }
    }

    func find(_ id: BookingID) async throws(Failure) -> Admission? { try await find([id])[0] }

    func page(
        _ request: PageRequest, of exhibition: ExhibitionID?, statuses: [AdmissionStatus]?, partitions: [String]
    ) async throws(Failure) -> Page<Admission> {
        let ids = try await IndexReader(client).page(
            request, of: exhibition.map { ($0.partition, $0.text) }, partitions: partitions,
            owners: { Keys(partition: $0).exhibitionsWithAdmissions }, elements: { Keys(partition: $0).admissions(to: $1) })
        let found = try await find(ids.elements.compactMap(BookingID.init)).compactMap { $0 }
        return Page(elements: found.filter { statuses?.contains($0.status) ?? true }, next: ids.next)
    }

    /// One for each id, in order.
    func find(_ ids: [BookingID]) async throws(Failure) -> [Admission?] {
        let results = await client.send(ids.map { Command("HGETALL", Keys(partition: $0.partition).admission($0.text)) })
        do throws(RedisError) {
            var admissions: [Admission?] = []
            for (id, result) in zip(ids, results) {
                let fields = try result.get().asRecord()
                admissions.append(fields.isEmpty ? nil : try Admission(id: id, fields: fields))
            }
            return admissions
        } catch {
            throw Failure(reading: error)
        }
    }
}

extension Admission {
    fileprivate init(id: BookingID, fields: some TextFields) throws(RedisError) {
        guard let visitor = fields["visitor"], let seats = fields["seats"].flatMap({ Int($0) }),
            let status = fields["status"].flatMap({ AdmissionStatus(rawValue: $0) }),
            let updatedAt = fields["updatedAt"].flatMap({ UnixMilliseconds($0) })
        else { throw .unexpected("admission \(id.text) is incomplete") }
        self.init(booking: id, visitor: visitor, seats: seats, status: status, updatedAt: updatedAt)
    }
}
