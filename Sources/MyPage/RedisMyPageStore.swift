import Contracts
import HTTPServer
import Messaging
import Redis
import Scripts

/// The read model in Redis hashes.
struct RedisMyPageStore: MyPageStore {
    let client: any RedisSender
    /// The live read model's, unless another is being built beside it.
    var keys: @Sendable (String) -> Keys = { Keys(partition: $0) }

    func apply(_ updates: [ProjectionUpdate]) async throws(Failure) {
        var bookings: [(payload: BookingPayload, moment: UnixMilliseconds)] = []
        var admissions: [(payload: AdmissionPayload, moment: UnixMilliseconds)] = []
        var exhibitions: [ExhibitionPayload] = []
        for update in updates {
            switch update {
            case .booking(let payload, let moment): bookings.append((payload, moment))
            case .admission(let payload, let moment): admissions.append((payload, moment))
            case .exhibition(let payload): exhibitions.append(payload)
            }
        }
        // In one go.
        let calls: [any ScriptCall] =
            bookings.batches {
                $0.payload.id.partition == $1.payload.id.partition
            } as: {
                call(bookings: $0)
            }
            + admissions.batches {
                $0.payload.booking.partition == $1.payload.booking.partition
            } as: {
                call(admissions: $0)
            }
            + exhibitions.map { call($0) }
        for (call, reply) in zip(calls, await client.send(calls.map { Command($0) })) { _ = try call.outcome(reply) }
    }

    private func call(bookings: [(payload: BookingPayload, moment: UnixMilliseconds)]) -> MyPageBooking {
        MyPageBooking(
            in: keys(bookings[0].payload.id.partition),
            bookings: bookings.map { payload, moment in
                MyPageBooking.Booking(
                    id: payload.id.text, version: payload.version, exhibition: payload.id.exhibition.text,
                    visitor: payload.visitor, seats: payload.seats, status: payload.status.rawValue,
                    createdAt: payload.createdAt, updatedAt: moment)
            })
    }

    private func call(admissions: [(payload: AdmissionPayload, moment: UnixMilliseconds)]) -> MyPageAdmission {
        MyPageAdmission(
            in: keys(admissions[0].payload.booking.partition),
            admissions: admissions.map { payload, moment in
                MyPageAdmission.Admission(
                    booking: payload.booking.text, version: payload.version, exhibition: payload.booking.exhibition.text,
                    status: payload.status.rawValue, updatedAt: moment)
            })
    }

    private func call(_ payload: ExhibitionPayload) -> MyPageExhibition {
        MyPageExhibition(
            in: keys(payload.id.partition), exhibition: payload.id.text, version: payload.version,
            title: payload.details.title, hall: payload.details.hall, date: payload.details.date,
            startTime: payload.details.startTime, endTime: payload.details.endTime, status: payload.status.rawValue)
    }

    func find(_ id: BookingID) async throws(Failure) -> MyPageRow? {
        let keys = keys(id.partition)
        let results = await client.send([
            Command("HGETALL", keys.page(id.text)), Command("HGETALL", keys.pageExhibition(id.exhibition.text)),
        ])
        do throws(RedisError) {
            let exhibition = try results[1].get().asRecord()
            return try MyPageRow(
                id: id, fields: try results[0].get().asRecord(), exhibition: ExhibitionDetails { exhibition[$0] })
        } catch {
            throw Failure(reading: error)
        }
    }

    func page(_ request: PageRequest, _ filter: MyPageFilter, partitions: [String]) async throws(Failure) -> Page<MyPageRow> {
        let reader = IndexReader(client)
        let ids =
            if let visitor = filter.visitor {
                try await reader.newest(request, in: partitions.map { Keys(partition: $0).pages(of: visitor) })
            } else {
                try await reader.byOwner(
                    request, partitions: partitions, owners: { Keys(partition: $0).visitors },
                    elements: { Keys(partition: $0).pages(of: $1) })
            }
        var bookings = ids.elements.compactMap(BookingID.init)
        if let exhibition = filter.exhibition { bookings.removeAll { $0.exhibition != exhibition } }
        if let date = filter.date {
            // Of all rows a day has few: only those are read.
            let days = try await days(of: Set(bookings.map(\.exhibition)))
            bookings.removeAll { days[$0.exhibition] != date }
        }
        let rows = try await find(bookings).compactMap { $0 }
        // The exhibition may have been moved since.
        return Page(elements: rows.filter { filter.date == nil || $0.exhibition?.date == filter.date }, next: ids.next)
    }

    func version(of exhibition: ExhibitionID) async throws(Failure) -> Int {
        do throws(RedisError) {
            let reply = try await client.send("HGET", keys(exhibition.partition).pageExhibition(exhibition.text), "version")
            return try reply.asOptionalText().flatMap { Int($0) } ?? 0
        } catch {
            throw Failure(reading: error)
        }
    }

    private func days(of exhibitions: Set<ExhibitionID>) async throws(Failure) -> [ExhibitionID: String] {
        let exhibitions = Array(exhibitions)
        let results = await client.send(exhibitions.map { Command("HGET", keys($0.partition).pageExhibition($0.text), "date") })
        do throws(RedisError) {
            var days: [ExhibitionID: String] = [:]
            for (exhibition, result) in zip(exhibitions, results) {
                let reply = try result.get()
                if reply != .null { days[exhibition] = try reply.asText() }
            }
            return days
        } catch {
            throw Failure(reading: error)
        }
    }

    /// One for each id, in order. Rows and their exhibitions are read in one go.
    func find(_ ids: [BookingID]) async throws(Failure) -> [MyPageRow?] {
        let exhibitions = Array(Set(ids.map(\.exhibition)))
        let rows = ids.map { Command("HGETALL", keys($0.partition).page($0.text)) }
        let shown = exhibitions.map { Command("HGETALL", keys($0.partition).pageExhibition($0.text)) }
        let results = await client.send(rows + shown)
        do throws(RedisError) {
            var known: [ExhibitionID: ExhibitionDetails] = [:]
            for (exhibition, result) in zip(exhibitions, results.dropFirst(ids.count)) {
                let fields = try result.get().asRecord()
                known[exhibition] = ExhibitionDetails { fields[$0] }
            }
            var pages: [MyPageRow?] = []
            for (id, result) in zip(ids, results) {
                pages.append(try MyPageRow(id: id, fields: try result.get().asRecord(), exhibition: known[id.exhibition]))
            }
            return pages
        } catch {
            throw Failure(reading: error)
        }
    }
}

extension MyPageRow {
    /// `nil` where there is no row, or none of the booking yet.
    fileprivate init?(id: BookingID, fields: some TextFields, exhibition: ExhibitionDetails?) throws(RedisError) {
        guard let version = fields["bookVersion"] else { return nil }
        guard let visitor = fields["visitor"], let seats = fields["seats"].flatMap({ Int($0) }),
            let status = fields["status"].flatMap({ BookingStatus(rawValue: $0) }),
            let updatedAt = fields["updatedAt"].flatMap({ UnixMilliseconds($0) })
        else { throw .unexpected("page \(id.text) is incomplete") }
        self.init(
            booking: id, visitor: visitor, seats: seats, status: status,
            admission: fields["admission"].flatMap { AdmissionStatus(rawValue: $0) }, exhibition: exhibition,
            updatedAt: max(updatedAt, fields["admissionUpdatedAt"].flatMap { UnixMilliseconds($0) } ?? 0),
            bookingVersion: Int(version) ?? 0, admissionVersion: fields["admissionVersion"].flatMap { Int($0) } ?? 0)
    }
}
