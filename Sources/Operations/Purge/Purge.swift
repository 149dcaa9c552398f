package import Contracts
import Platform
import Redis
import Scripts

/// Removes exhibitions that are over from all services, with all their data, so that no event, no request and no process that
/// was suspended can write any of it again.
///
/// The order of the steps makes it safe (docs/decisions/0008, 0012): each step may be killed and run again, and an exhibition's
/// own hash is removed last, so that the next run finds it.
package struct Purge {
    package struct Outcome {
        package var exhibitions: [ExhibitionID] = []
        package var bookings = 0
        /// Over when the purge listed them, and moved by staff to a later day before they were retired.
        package var postponed: [ExhibitionID] = []
    }

    let session: OperatorSession
    let partition: String
    /// Exhibitions that ended before this day are removed.
    let day: String
    let show: (OperationProgress) -> Void

    package init(session: OperatorSession, partition: String, day: String, show: @escaping (OperationProgress) -> Void) {
        self.session = session
        self.partition = partition
        self.day = day
        self.show = show
    }

    var keys: Keys { Keys(partition: partition) }

    /// The exhibitions that ended before the day, and those that an earlier run has retired, whenever they end.
    package func found() async throws -> [ExhibitionID] {
        var over: [ExhibitionID] = []
        for id in try await session.exhibitions(in: partition) {
            let fields = try await session.redis.send("HGETALL", keys.exhibition(id.text)).shownFields
            if PurgePlan.includes(fields, before: day) { over.append(id) }
        }
        return over
    }

    package func bookings(of exhibitions: [ExhibitionID]) async throws -> Int {
        let counts = try await session.redis.sendAll(exhibitions.map { Command("ZCARD", keys.bookings(of: $0.text)) })
        return try counts.reduce(0) { try $0 + $1.asInteger() }
    }

    package func run(_ exhibitions: [ExhibitionID]) async throws -> Outcome {
        var outcome = Outcome()
        var versions: [ExhibitionID: String] = [:]
        for id in exhibitions {
            versions[id] = try await retire(id)
            if versions[id] == nil { outcome.postponed.append(id) } else { outcome.exhibitions.append(id) }
        }
        let retired = outcome.exhibitions.compactMap { id in versions[id].map { RetiredExhibition(id: id, version: $0) } }
        if retired.isEmpty { return outcome }
        outcome.bookings = try await bookings(of: outcome.exhibitions)
        try await remove(retired)
        return outcome
    }

    private func remove(_ retired: [RetiredExhibition]) async throws {
        let names = Set(retired.map(\.id.text))
        let isMeant = { (fields: [String: String]) in fields["museumId"].map(names.contains) ?? false }
        try await announce(retired)
        try await ReadModelRebuild(session, partition: partition).clear()

        // From here on no seats are sold and no booking is recorded.
        let museumEnds = try await session.ends(of: [.museum], in: partition)
        show(OperationProgress("waiting until all is applied"))
        try await session.quiesce()
        _ = try await session.removeEvents(through: museumEnds, where: isMeant)
        try await session.quiesce()

        // A booking without its record can't change: from here on there is no new event about it.
        for (index, exhibition) in retired.enumerated() {
            show(OperationProgress("\(partition): exhibitions without bookings", done: index, of: retired.count))
            try await removeBookings(of: exhibition)
        }
        show(OperationProgress("bookings are removed; waiting until all is applied"))
        try await session.quiesce()
        let ends = try await session.ends(of: [.museum, .book, .confirm], in: partition)
        _ = try await session.removeEvents(through: ends, where: isMeant)
        _ = try await session.removeDeadLetters(in: partition, where: isMeant)
        // A group that was set back meanwhile may have some of them in flight.
        try await session.quiesce()

        for (index, exhibition) in retired.enumerated() {
            try await removeAdmissionsAndPages(of: exhibition.id)
            try await removeExhibition(exhibition)
            show(OperationProgress("\(partition): exhibitions purged", done: index + 1, of: retired.count))
        }
    }

    /// Retires the exhibition if it is still over. If staff have deleted it, waits until its seats are revoked.
    /// - Returns: the version at which it is retired; `nil` if it doesn't exist or is not over any more.
    private func retire(_ id: ExhibitionID) async throws -> String? {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let call = MuseumRetire(
                in: keys, now: WallClock.now(), exhibition: id.text, day: day, previousDay: LocalDate.previous(day))
            switch try await session.redis.run(call) {
            case .noExhibition, .notOver: return nil
            case .retired(let version): return version
            case .revoking:
                guard .now < deadline else {
                    throw OperationError("the seats of \(id.text) are not revoked; is Museum running? Run this again when it is")
                }
                show(OperationProgress("waiting until the seats of \(id.text) are revoked"))
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    /// Makes the other services refuse writes to these exhibitions, permanently: ids are never used twice. A retired exhibition
    /// can't become current again.
    private func announce(_ retired: [RetiredExhibition]) async throws {
        for service in [ServiceName.book, .confirm, .mypage] {
            _ = try await session.store(of: service).send(
                Command(["SADD", keys.purgedExhibitions(of: service.rawValue)] + retired.map(\.id.text)))
        }
    }
}

/// An exhibition that only purge can change.
struct RetiredExhibition {
    let id: ExhibitionID
    let version: String
}
