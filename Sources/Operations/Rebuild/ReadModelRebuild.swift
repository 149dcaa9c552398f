import Contracts
import Messaging
import MyPage
import Redis
import Scripts

/// One partition's read model, built anew beside the live one by MyPage's own event handler.
///
/// If no stream was trimmed, the handler applies all events from the beginning. The records of the other services supply what
/// the streams don't have: each is applied as the event of that state. Versions make it harmless to apply a state twice.
package struct ReadModelRebuild {
    let session: OperatorSession
    let partition: String
    private let handler: any EventHandler
    private var applied: [ServiceName: StreamID] = [:]
    package private(set) var events = 0
    package private(set) var records = 0
    /// Records and events that could not be read as an event.
    package private(set) var unreadable = 0

    private static let batch = 250

    package init(_ session: OperatorSession, partition: String) {
        self.session = session
        self.partition = partition
        handler = MyPageModule.rebuildHandler(on: session.myPageStore)
    }

    /// Removes what this or an earlier run has built.
    package func clear() async throws {
        let store = session.myPageStore
        try await store.eachKey(Keys(partition: partition).rebuilt.page("*")) { keys in
            _ = try await store.send(Command(["UNLINK"] + keys))
        }
    }

    package mutating func fill(_ show: (OperationProgress) -> Void) async throws {
        var isWhole = true
        var ends: [ServiceName: StreamID] = [:]
        for service in ServiceName.mypage.subscriptions {
            let state = try await session.redis.state(of: Keys(partition: partition).events(of: service.rawValue))
            ends[service] = state.last
            if !state.isWhole { isWhole = false }
        }
        if isWhole {
            try await catchUp(show)
        } else {
            // Events from here on are applied after the records have been read: no event is left out.
            applied = ends
        }
        // An aborted attempt is found by its tombstone, which Museum writes when it applies the event.
        if let late = try await session.settle(within: .seconds(60), of: [.book, .museum, .confirm]).first {
            throw OperationError(
                "\(late.subscription.group.rawValue) is \(late.behind) events behind on \(late.subscription.stream); "
                    + "start that role, then rebuild again")
        }
        try await readRecords(show)
        try await catchUp(show)
    }

    /// Applies the events since the last call.
    mutating func catchUp(_ show: (OperationProgress) -> Void = { _ in }) async throws {
        for service in ServiceName.mypage.subscriptions {
            let stream = Keys(partition: partition).events(of: service.rawValue)
            let end = try await session.redis.state(of: stream).last
            while applied[service] ?? .zero < end {
                let after = applied[service] ?? .zero
                let entries = try await session.redis.send(
                    "XRANGE", stream, "(" + after.text, end.text, "COUNT", String(Self.batch)
                ).asArray()
                var batch: [[String: String]] = []
                for entry in entries { batch.append((try entry.asArray().last ?? .null).shownFields) }
                try await apply(batch)
                events += batch.count
                let last = try entries.last.map { try ($0.asArray().first ?? .null).asText() }
                applied[service] = last.flatMap(StreamID.init) ?? end
                show(OperationProgress("\(partition): events applied", done: events))
            }
        }
    }

    private mutating func readRecords(_ show: (OperationProgress) -> Void) async throws {
        let exhibitions = try await session.exhibitions(in: partition)
        for (index, id) in exhibitions.enumerated() {
            let keys = Keys(partition: partition)
            let exhibition = try await session.redis.send("HGETALL", keys.exhibition(id.text)).shownFields
            try await apply([Record.exhibition(id, exhibition)])
            let bookings = try await session.bookings(of: id, seats: try await session.seats(of: id))
            for start in stride(from: 0, to: bookings.count, by: Self.batch) {
                let part = bookings[start..<min(start + Self.batch, bookings.count)]
                let rows = try await session.redis.sendAll(part.map { Command("HGETALL", keys.booking($0.text)) })
                let admissions = try await session.redis.sendAll(part.map { Command("HGETALL", keys.admission($0.text)) })
                try await apply(zip(part, rows).map { Record.booking($0, $1.shownFields) })
                try await apply(zip(part, admissions).map { Record.admission($0, $1.shownFields) })
                records += part.count
                show(
                    OperationProgress(
                        "\(partition): exhibitions read", done: index, of: exhibitions.count, detail: "\(records) bookings"))
            }
        }
    }

    private mutating func apply(_ batch: [[String: String]]) async throws {
        var deliveries: [Delivery] = []
        for fields in batch where !fields.isEmpty {
            do throws(MalformedEvent) {
                deliveries.append(Delivery(event: try Event(fields: fields), age: .zero))
            } catch {
                unreadable += 1
            }
        }
        if !deliveries.isEmpty { _ = try await handler.handle(deliveries) }
    }
}

/// A record of a service as the event of its state; empty for an empty record.
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
