import Contracts
import Crypto
import Messaging
import Redis
import Scripts

/// Exhibitions in Redis hashes.
struct RedisExhibitionStore: ExhibitionStore {
    let client: any RedisSender
    /// What a response may stand on: the writes, and the reads for a repeated request.
    let writes: any RedisSender

    /// - Parameter writes: `nil`: the client.
    init(client: any RedisSender, writes: (any RedisSender)? = nil) {
        self.client = client
        self.writes = writes ?? client
    }

    func register(
        _ plans: [ExhibitionPlan], key: String?, in partition: String, metadata: RequestMetadata
    ) async throws(Failure) -> RegisterOutcome {
        let keys = Keys(partition: partition)
        while true {
            let numbers = try await draw(plans.count, keys, partition: partition)
            let new = zip(numbers, plans).map { (id: ExhibitionID(partition: partition, number: $0), plan: $1) }
            let call = MuseumRegister(
                in: keys, now: metadata.moment, requestId: metadata.requestId, traceparent: metadata.traceparent,
                exhibitions: new.map { ($0.id.text, $0.plan.fields) }, idempotency: key.map { ($0, plans.digest) })
            switch try await writes.call(call) {
            // A number that is taken was drawn before the sequence was lost; the next may be free.
            case .taken: continue
            case .known(let registration): return .known(try KnownRegistration(registration, of: plans))
            case .registered:
                return .registered(
                    new.map { id, plan in
                        Exhibition(id: id, plan: plan, status: .open, available: plan.capacity, held: 0, version: 1)
                    })
            }
        }
    }

    func registration(of plans: [ExhibitionPlan], key: String) async throws(Failure) -> KnownRegistration? {
        var found: Reply?
        do throws(RedisError) {
            let partitions = try await client.send("SMEMBERS", Keys.partitions).asTexts()
            let commands = partitions.map { Command("HGET", Keys(partition: $0).registrationKeys, key) }
            for result in await writes.send(commands) {
                let reply = try result.get()
                if reply != .null { found = reply }
            }
        } catch {
            throw Failure(reading: error)
        }
        guard let found else { return nil }
        return try KnownRegistration(found, of: plans)
    }

    /// The next numbers, from a partition that is known to be in use before anything is in it.
    private func draw(_ count: Int, _ keys: Keys, partition: String) async throws(Failure) -> [Int] {
        let results = await writes.send(
            [Command("SADD", Keys.partitions, partition)] + (0..<count).map { _ in Command("INCR", keys.sequence) })
        do throws(RedisError) {
            _ = try results[0].get()
            var numbers: [Int] = []
            for result in results.dropFirst() { numbers.append(try result.get().asInteger()) }
            return numbers
        } catch {
            // A number drawn and not used is no change.
            throw Failure(reading: error)
        }
    }

    func edit(
        _ id: ExhibitionID, at version: Int, to plan: ExhibitionPlan, status: ExhibitionStatus, metadata: RequestMetadata
    ) async throws(Failure) -> EditOutcome {
        let call = MuseumEdit(
            in: Keys(partition: id.partition), now: metadata.moment, requestId: metadata.requestId,
            traceparent: metadata.traceparent, exhibition: id.text,
            version: version, fields: plan.fields, status: status.rawValue)
        switch try await writes.call(call) {
        case .noExhibition: return .noExhibition
        case .deleted: return .deleted
        case .stale: return .stale
        case .belowHeld(let held): return .belowHeld(held)
        case .unchanged(let fields): return .unchanged(try Exhibition(id: id, written: fields))
        case .changed(let fields): return .changed(try Exhibition(id: id, written: fields))
        }
    }

    func delete(_ id: ExhibitionID, metadata: RequestMetadata) async throws(Failure) -> Exhibition {
        let call = MuseumDelete(
            in: Keys(partition: id.partition), now: metadata.moment, requestId: metadata.requestId,
            traceparent: metadata.traceparent, exhibition: id.text)
        switch try await writes.call(call) {
        case .noExhibition: throw .unknownMuseum(id.text)
        case .already(let fields), .deleted(let fields): return try Exhibition(id: id, written: fields)
        }
    }

    func page(
        _ request: PageRequest, _ filter: ExhibitionFilter, partitions: [String]
    ) async throws(Failure) -> Page<Exhibition> {
        try await ExhibitionList(client: client).page(request, filter, partitions: partitions)
    }

    func find(_ ids: [ExhibitionID]) async throws(Failure) -> [Exhibition?] {
        let results = await client.send(ids.map { Command("HGETALL", Keys(partition: $0.partition).exhibition($0.text)) })
        do throws(RedisError) {
            var exhibitions: [Exhibition?] = []
            for (id, result) in zip(ids, results) {
                let fields = try result.get().asRecord()
                exhibitions.append(fields.isEmpty ? nil : try Exhibition(id: id, fields: fields))
            }
            return exhibitions
        } catch {
            throw Failure(reading: error)
        }
    }
}

extension ExhibitionPlan {
    fileprivate var fields: ExhibitionFields {
        ExhibitionFields(
            title: details.title, hall: details.hall, date: details.date, startTime: details.startTime,
            endTime: details.endTime, capacity: capacity)
    }
}

extension [ExhibitionPlan] {
    /// Tells other fields under the same idempotency key apart. No field can contain a separator.
    fileprivate var digest: String {
        let text = map { $0.fields.texts.joined(separator: "\u{0}") }.joined(separator: "\u{1}")
        return SHA256.hash(data: [UInt8](text.utf8)).prefix(16).map { byte in
            let hex = String(byte, radix: 16)
            return hex.count == 1 ? "0" + hex : hex
        }.joined()
    }
}

extension KnownRegistration {
    /// Reads what is kept under a key: the exhibitions' ids and the digest.
    fileprivate init(_ reply: Reply, of plans: [ExhibitionPlan]) throws(Failure) {
        let parts = ((try? reply.asText()) ?? "").split(separator: " ").map(String.init)
        let ids = (parts.first ?? "").split(separator: ",").map { ExhibitionID(String($0)) }
        guard parts.count == 2, !ids.isEmpty, !ids.contains(nil) else { throw .internal("a registration's key is damaged") }
        self.init(ids: ids.compactMap { $0 }, hasSameFields: parts[1] == plans.digest)
    }
}

extension Exhibition {
    fileprivate init(id: ExhibitionID, written fields: [String: String]) throws(Failure) {
        do throws(RedisError) {
            try self.init(id: id, fields: fields)
        } catch {
            throw Failure(writing: error)
        }
    }

    init(id: ExhibitionID, fields: some TextFields) throws(RedisError) {
        guard let details = ExhibitionDetails(field: { fields[$0] }), let capacity = fields["capacity"].flatMap({ Int($0) }),
            let available = fields["available"].flatMap({ Int($0) }), let held = fields["held"].flatMap({ Int($0) }),
            let status = fields["status"].flatMap({ ExhibitionStatus(rawValue: $0) }),
            let version = fields["version"].flatMap({ Int($0) })
        else { throw .unexpected("exhibition \(id.text) is incomplete") }
        self.init(
            id: id, plan: ExhibitionPlan(details: details, capacity: capacity), status: status, available: available, held: held,
            version: version)
    }
}
