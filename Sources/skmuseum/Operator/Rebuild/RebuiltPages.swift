import Chassis
import Contracts
import MyPage
import Redis
import Scripts

/// One partition's read model, built anew beside the live one by MyPage's own ear.
///
/// Where the streams are whole they are heard from the beginning. What they don't tell, being trimmed or lost, the records of the
/// other rooms do, each as the event that would tell of it. Versions make it harmless that much is told twice.
struct RebuiltPages {
    let keyspace: Keyspace
    let partition: String
    private let ear: any EventHandler
    private var heard: [Room: StreamID] = [:]
    private(set) var events = 0
    private(set) var records = 0
    /// What could not be read as an event, or is not one of ours.
    private(set) var unreadable = 0

    private static let batch = 250

    init(_ keyspace: Keyspace, partition: String) {
        self.keyspace = keyspace
        self.partition = partition
        ear = MyPageRoom.rebuild(keyspace.myPageStore)
    }

    /// Takes away what this or an earlier run has built.
    func clear() async throws {
        let store = keyspace.myPageStore
        try await store.eachKey(Keys(partition: partition).rebuilt.page("*")) { keys in
            _ = try await store.send(Command(["UNLINK"] + keys))
        }
    }

    mutating func fill(_ show: (String) -> Void) async throws {
        var isWhole = true
        var ends: [Room: StreamID] = [:]
        for room in Room.mypage.hears {
            let state = try await keyspace.state(of: Keys(partition: partition).events(of: room.rawValue))
            ends[room] = state.last
            if !state.isWhole { isWhole = false }
        }
        if isWhole {
            try await catchUp(show)
        } else {
            // What comes from here on is heard after the records have been read: nothing lies between the two.
            heard = ends
        }
        // An attempt that was given up is found by its tombstone, which Museum leaves when it has heard of it.
        if let late = try await keyspace.settle(within: .seconds(60), of: [.book, .museum, .confirm]).first {
            throw Complaint(
                "\(late.subscription.group.rawValue) is \(late.behind) events behind on \(late.subscription.stream); "
                    + "start that role, then rebuild again")
        }
        try await readRecords(show)
        try await catchUp(show)
    }

    /// Hears all that has been told since.
    mutating func catchUp(_ show: (String) -> Void = { _ in }) async throws {
        for room in Room.mypage.hears {
            let stream = Keys(partition: partition).events(of: room.rawValue)
            let end = try await keyspace.state(of: stream).last
            while heard[room] ?? .zero < end {
                let after = heard[room] ?? .zero
                let entries = try await keyspace.redis.send(
                    "XRANGE", stream, "(" + after.text, end.text, "COUNT", String(Self.batch)
                ).asArray()
                var told: [[String: String]] = []
                for entry in entries { told.append((try entry.asArray().last ?? .null).shownFields) }
                try await tell(told)
                events += told.count
                let last = try entries.last.map { try ($0.asArray().first ?? .null).asText() }
                heard[room] = last.flatMap(StreamID.init) ?? end
                show("\(events) events heard")
            }
        }
    }

    private mutating func readRecords(_ show: (String) -> Void) async throws {
        for id in try await keyspace.exhibitions(in: partition) {
            let keys = Keys(partition: partition)
            let exhibition = try await keyspace.redis.send("HGETALL", keys.exhibition(id.text)).shownFields
            try await tell([Record.exhibition(id, exhibition)])
            let bookings = try await keyspace.bookings(of: id, seats: try await keyspace.seats(of: id))
            for start in stride(from: 0, to: bookings.count, by: Self.batch) {
                let part = bookings[start..<min(start + Self.batch, bookings.count)]
                let rows = try await keyspace.redis.sendAll(part.map { Command("HGETALL", keys.booking($0.text)) })
                let admissions = try await keyspace.redis.sendAll(part.map { Command("HGETALL", keys.admission($0.text)) })
                try await tell(zip(part, rows).map { Record.booking($0, $1.shownFields) })
                try await tell(zip(part, admissions).map { Record.admission($0, $1.shownFields) })
                records += part.count
                show("\(records) bookings read")
            }
        }
    }

    private mutating func tell(_ told: [[String: String]]) async throws {
        var deliveries: [Delivery] = []
        for fields in told where !fields.isEmpty {
            do throws(MalformedEvent) {
                deliveries.append(Delivery(event: try Event(fields: fields), age: .zero))
            } catch {
                unreadable += 1
            }
        }
        if !deliveries.isEmpty { _ = try await ear.handle(deliveries) }
    }
}

/// What a room keeps, told as the event that would tell of it. Nothing where there is nothing.
private enum Record {
    static func exhibition(_ id: ExhibitionID, _ fields: [String: String]) -> [String: String] {
        let isDeleted = fields["status"] == ExhibitionStatus.deleted.rawValue
        return event(isDeleted ? .museumDeleted : .museumChanged, fields, ["museumId": id.text], at: fields["createdAt"])
    }

    static func booking(_ id: BookingID, _ fields: [String: String]) -> [String: String] {
        let type: EventType =
            switch fields["status"].flatMap({ BookingStatus(rawValue: $0) }) {
            case .requested, nil: .requested
            case .completed: .requestCompleted
            case .canceled: .canceled
            case .forceCanceled: .forceCanceled
            case .aborted: .aborted
            }
        return event(type, fields, ["bookId": id.text, "museumId": id.exhibition.text], at: fields["updatedAt"])
    }

    static func admission(_ id: BookingID, _ fields: [String: String]) -> [String: String] {
        let isConfirmed = fields["status"] == AdmissionStatus.confirmed.rawValue
        return event(
            isConfirmed ? .confirmCompleted : .confirmChanged, fields, ["bookId": id.text, "museumId": id.exhibition.text],
            at: fields["updatedAt"])
    }

    private static func event(
        _ type: EventType, _ fields: [String: String], _ names: [String: String], at moment: String?
    ) -> [String: String] {
        if fields.isEmpty { return [:] }
        return fields.merging(names) { $1 }.merging(["eventType": type.rawValue, "timestamp": moment ?? "0"]) { $1 }
    }
}
