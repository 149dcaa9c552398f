import Messaging
import Contracts
import Crypto
import Redis
import Scripts

/// Exhibitions in Redis hashes.
struct RedisExhibitionStore: ExhibitionStore {
    let client: any RedisSender

    func register(
        _ plan: ExhibitionPlan, key: String?, in partition: String, metadata: RequestMetadata
    ) async throws(Failure) -> RegisterOutcome {
        enum Word: String { case registered = "REGISTERED", taken = "TAKEN", known = "KNOWN" }
        let keys = Keys(partition: partition)
        while true {
            let id = ExhibitionID(partition: partition, number: try await draw(keys, partition: partition))
            let arguments =
                [String(metadata.moment), metadata.requestId ?? "", id.text] + plan.words + [String(plan.capacity)]
            let answer: (word: Word, rest: ArraySlice<Reply>) = try await client.call(
                Scripts.museumRegister,
                keys: [keys.exhibition(id.text), keys.exhibitions, keys.events(of: "museum")]
                    + (key == nil ? [] : [keys.registrationKeys]),
                arguments: arguments + (key.map { [$0, plan.digest] } ?? []))
            switch answer.word {
            // A number that is taken was drawn before the sequence was lost; the next may be free.
            case .taken: continue
            case .known: return .known(try KnownRegistration(answer.rest.first ?? .null, of: plan))
            case .registered:
                return .registered(
                    Exhibition(id: id, plan: plan, status: .open, available: plan.capacity, held: 0, version: 1))
            }
        }
    }

    func registration(of plan: ExhibitionPlan, key: String) async throws(Failure) -> KnownRegistration? {
        var found: Reply?
        do throws(RedisError) {
            let partitions = try await client.send("SMEMBERS", Keys.partitions).asTexts()
            let commands = partitions.map { Command("HGET", Keys(partition: $0).registrationKeys, key) }
            for result in await client.send(commands) {
                let reply = try result.get()
                if reply != .null { found = reply }
            }
        } catch {
            throw Failure(reading: error)
        }
        guard let found else { return nil }
        return try KnownRegistration(found, of: plan)
    }

    /// The next number, from a partition that is known to be in use before anything is in it.
    private func draw(_ keys: Keys, partition: String) async throws(Failure) -> Int {
        let results = await client.send([Command("SADD", Keys.partitions, partition), Command("INCR", keys.sequence)])
        do throws(RedisError) {
            _ = try results[0].get()
            return try results[1].get().asInteger()
        } catch {
            // A number drawn and not used is no change.
            throw Failure(reading: error)
        }
    }

    func edit(
        _ id: ExhibitionID, at version: Int, to plan: ExhibitionPlan, status: ExhibitionStatus, metadata: RequestMetadata
    ) async throws(Failure) -> EditOutcome {
        enum Word: String {
            case noExhibition = "NO_EXHIBITION"
            case deleted = "DELETED"
            case stale = "STALE"
            case belowHeld = "BELOW_HELD"
            case unchanged = "UNCHANGED"
            case changed = "CHANGED"
        }
        let keys = Keys(partition: id.partition)
        let answer: (word: Word, rest: ArraySlice<Reply>) = try await client.call(
            Scripts.museumEdit,
            keys: [keys.exhibition(id.text), keys.exhibitions, keys.events(of: "museum"), keys.movedExhibitions],
            arguments: [String(metadata.moment), metadata.requestId ?? "", id.text, String(version)]
                + plan.words + [String(plan.capacity), status.rawValue])
        do throws(RedisError) {
            switch answer.word {
            case .noExhibition: return .noExhibition
            case .deleted: return .deleted
            case .stale: return .stale
            case .belowHeld: return .belowHeld(try (answer.rest.first ?? .null).asInteger())
            case .unchanged: return .unchanged(try Exhibition(id: id, reply: answer.rest.first))
            case .changed: return .changed(try Exhibition(id: id, reply: answer.rest.first))
            }
        } catch {
            throw Failure(writing: error)
        }
    }

    func delete(_ id: ExhibitionID, metadata: RequestMetadata) async throws(Failure) -> Exhibition {
        enum Word: String { case noExhibition = "NO_EXHIBITION", already = "ALREADY", deleted = "DELETED" }
        let keys = Keys(partition: id.partition)
        let answer: (word: Word, rest: ArraySlice<Reply>) = try await client.call(
            Scripts.museumDelete,
            keys: [
                keys.exhibition(id.text), keys.exhibitions, keys.deletedExhibitions, keys.revoking, keys.events(of: "museum"),
            ],
            arguments: [String(metadata.moment), metadata.requestId ?? "", id.text])
        guard answer.word != .noExhibition else { throw .unknownMuseum(id.text) }
        do throws(RedisError) {
            return try Exhibition(id: id, reply: answer.rest.first)
        } catch {
            throw Failure(writing: error)
        }
    }

    func page(
        _ request: PageRequest, _ filter: ExhibitionFilter, partitions: [String]
    ) async throws(Failure) -> Page<Exhibition> {
        try await ExhibitionList(client: client).page(request, filter, partitions: partitions)
    }

    func find(_ id: ExhibitionID) async throws(Failure) -> Exhibition? {
        do throws(RedisError) {
            let reply = try await client.send("HGETALL", Keys(partition: id.partition).exhibition(id.text))
            return try reply.asArray().isEmpty ? nil : Exhibition(id: id, reply: reply)
        } catch {
            throw Failure(reading: error)
        }
    }
}

extension ExhibitionPlan {
    /// As the scripts take it; empty where there is nothing.
    fileprivate var words: [String] { [title ?? "", hall, date, startTime ?? "", endTime ?? ""] }

    /// Tells other fields under the same idempotency key apart. No field can contain the separator.
    fileprivate var digest: String {
        let fields = (words + [String(capacity)]).joined(separator: "\u{0}")
        return SHA256.hash(data: Array(fields.utf8)).prefix(16).map { byte in
            let hex = String(byte, radix: 16)
            return hex.count == 1 ? "0" + hex : hex
        }.joined()
    }
}

extension KnownRegistration {
    /// Reads what is kept under a key: the exhibition's id and the digest.
    fileprivate init(_ reply: Reply, of plan: ExhibitionPlan) throws(Failure) {
        let parts = ((try? reply.asText()) ?? "").split(separator: " ").map(String.init)
        guard parts.count == 2, let id = ExhibitionID(parts[0]) else { throw .internal("a registration's key is damaged") }
        self.init(id: id, hasSameFields: parts[1] == plan.digest)
    }
}

extension Exhibition {
    init(id: ExhibitionID, reply: Reply?) throws(RedisError) {
        let fields = try (reply ?? .null).asFields()
        guard let hall = fields["hall"], let date = fields["date"], let capacity = fields["capacity"].flatMap({ Int($0) }),
            let available = fields["available"].flatMap({ Int($0) }), let held = fields["held"].flatMap({ Int($0) }),
            let status = fields["status"].flatMap({ ExhibitionStatus(rawValue: $0) }),
            let version = fields["version"].flatMap({ Int($0) })
        else { throw .unexpected("exhibition \(id.text) is incomplete") }
        let plan = ExhibitionPlan(
            storedTitle: fields["title"], hall: hall, date: date, startTime: fields["startTime"], endTime: fields["endTime"],
            capacity: capacity)
        self.init(id: id, plan: plan, status: status, available: available, held: held, version: version)
    }
}
