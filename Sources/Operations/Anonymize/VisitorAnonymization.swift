package import Contracts
import Crypto
import Logging
import Messaging
import Redis
import Scripts

/// Takes a visitor's name out of every service. The bookings stay, as numbers, under a pseudonym that nothing leads back from.
package struct VisitorAnonymization {
    /// What has been done, by this run and by earlier ones that were stopped.
    package struct Outcome {
        package var pseudonym = ""
        /// Whether an earlier run was stopped before its end.
        package var goesOn = false
        /// All that bear the pseudonym.
        package var bookings: Set<BookingID> = []
        /// Those that can still be used.
        package var valid: Set<BookingID> = []
        package var events = 0
        package var deadLetters = 0

        package init() {}

        package var hasFoundAny: Bool { goesOn || !bookings.isEmpty || events + deadLetters > 0 }
    }

    let session: OperatorSession
    let visitor: String
    let today: String
    /// How long a role may take to apply what there is.
    let wait: Duration
    /// Shows progress, and whether it is a new step.
    let show: @Sendable (_ progress: OperationProgress, _ isStep: Bool) -> Void

    package init(
        session: OperatorSession, visitor: String, today: String, wait: Duration,
        show: @escaping @Sendable (_ progress: OperationProgress, _ isStep: Bool) -> Void
    ) {
        self.session = session
        self.visitor = visitor
        self.today = today
        self.wait = wait
        self.show = show
    }

    /// How many rounds to try while the visitor goes on booking.
    private static let rounds = 10

    /// Goes over everything until a whole round finds nothing.
    /// - Parameter outcome: what has been done so far, also where it throws.
    package func run(_ outcome: inout Outcome) async throws {
        let mark = try await mark(outcome: &outcome)
        for partition in session.partitions { try await ReadModelRebuild(session, partition: partition).clear() }
        for _ in 0..<Self.rounds where try await round(&outcome) == 0 {
            _ = try await session.redis.send("HDEL", Keys.forgetting, mark)
            return
        }
        throw OperationError("\(visitor) goes on booking; run this again when the visitor has stopped")
    }

    /// Stores the pseudonym until the operation ends, so that a run after an interrupted one uses the same pseudonym. The name
    /// itself is not stored, and its mark can't be computed from a list of names without the deployment's secret.
    private func mark(outcome: inout Outcome) async throws -> String {
        let secret = try await DeploymentSecret(session.redis, logger: Logger(label: "skmuseum")).bytes()
        let mark = Self.hex(HMAC<SHA256>.authenticationCode(for: Array(visitor.utf8), using: SymmetricKey(data: secret)))
        let letters = Array("0123456789abcdefghjkmnpqrstvwxyz")
        let drawn = "forgotten-" + String((0..<8).map { _ in letters[Int.random(in: 0..<letters.count)] })
        outcome.goesOn = try await session.redis.send("HSETNX", Keys.forgetting, mark, drawn) == .integer(0)
        outcome.pseudonym = try await session.redis.send("HGET", Keys.forgetting, mark).asText()
        return mark
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { byte in
            let hex = String(byte, radix: 16)
            return byte < 16 ? "0" + hex : hex
        }.joined()
    }

    /// Renames Book's records first: its later events don't have the name. When all earlier events are applied, renames the
    /// records of the services that consumed them.
    /// - Returns: how often the name was found.
    private func round(_ outcome: inout Outcome) async throws -> Int {
        var found = 0
        for partition in session.partitions { found += try await renameBookings(in: partition, &outcome) }
        var ends: [String: StreamID] = [:]
        for partition in session.partitions {
            ends.merge(try await session.ends(of: [.museum, .book, .confirm], in: partition)) { $1 }
        }
        show(OperationProgress("\(outcome.bookings.count) bookings renamed; waiting until all is applied"), true)
        try await session.quiesce(within: wait)
        for partition in session.partitions {
            found += try await renameAdmissions(in: partition, outcome.pseudonym)
            found += try await renamePages(in: partition, outcome.pseudonym)
            let letters = try await session.removeDeadLetters(in: partition) { $0.values.contains(visitor) }
            outcome.deadLetters += letters
            found += letters
        }
        let events = try await session.removeEvents(through: ends) { $0["visitor"] == visitor }
        outcome.events += events
        return found + events
    }

    private func renameBookings(in partition: String, _ outcome: inout Outcome) async throws -> Int {
        var found = 0
        for (booking, isRenamed) in try await records(of: .book, in: partition, orNamed: outcome.pseudonym) {
            try Task.checkCancellation()
            if try await isStillToCome(booking) { outcome.valid.insert(booking) }
            if !isRenamed {
                found += try await rename(Keys(partition: partition).booking(booking.text), outcome.pseudonym)
            }
            outcome.bookings.insert(booking)
        }
        return found
    }

    private func renameAdmissions(in partition: String, _ pseudonym: String) async throws -> Int {
        var found = 0
        for (booking, _) in try await records(of: .confirm, in: partition) {
            try Task.checkCancellation()
            found += try await rename(Keys(partition: partition).admission(booking.text), pseudonym)
        }
        return found
    }

    private func renamePages(in partition: String, _ pseudonym: String) async throws -> Int {
        let keys = Keys(partition: partition)
        var found = 0
        for page in try await pages(in: partition) {
            try Task.checkCancellation()
            let call = MyPageRename(in: keys, booking: page.text, visitor: visitor, to: pseudonym)
            if try await session.myPageStore.run(call) == .renamed { found += 1 }
        }
        return found
    }

    private func rename(_ key: String, _ pseudonym: String) async throws -> Int {
        try await session.redis.run(RecordRename(key, visitor: visitor, to: pseudonym)) == .renamed ? 1 : 0
    }

    /// All pages that name the visitor, and all that the visitor's list has.
    private func pages(in partition: String) async throws -> Set<BookingID> {
        var pages = Set(try await records(of: .mypage, in: partition).map(\.id))
        try await session.myPageStore.eachMember(of: Keys(partition: partition).pages(of: visitor)) {
            pages.formUnion($0.keys.compactMap(BookingID.init))
        }
        return pages
    }

    /// A service's records that name the visitor, or if wanted the pseudonym. No index leads to all of them, so all are
    /// looked at.
    private func records(
        of service: ServiceName, in partition: String, orNamed pseudonym: String? = nil
    ) async throws -> [(id: BookingID, isRenamed: Bool)] {
        let client = session.store(of: service)
        let prefix = "\(service.rawValue):{\(partition)}:"
        var found: [(id: BookingID, isRenamed: Bool)] = []
        var seen = 0
        try await client.eachKey(prefix + "*-*") { names in
            try Task.checkCancellation()
            let ids = names.compactMap { BookingID(String($0.dropFirst(prefix.count))) }
            let visitors = try await client.sendAll(ids.map { Command("HGET", prefix + $0.text, "visitor") })
            for (id, name) in zip(ids, visitors) {
                if name == .text(visitor) { found.append((id, false)) }
                if let pseudonym, name == .text(pseudonym) { found.append((id, true)) }
            }
            seen += ids.count
            show(OperationProgress("\(service.rawValue): records read", done: seen), false)
        }
        return found
    }

    private func isStillToCome(_ booking: BookingID) async throws -> Bool {
        let keys = Keys(partition: booking.partition)
        let status = try await session.redis.send("HGET", keys.booking(booking.text), "status").shown
        let stands = [BookingStatus.requested, .completed].map(\.rawValue).contains(status)
        let exhibition = try await session.redis.send("HGETALL", keys.exhibition(booking.exhibition.text)).shownFields
        guard stands, let end = LocalDate.lastDay(of: exhibition) else { return false }
        return end >= today
    }
}
