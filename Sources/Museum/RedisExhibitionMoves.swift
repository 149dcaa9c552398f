import Contracts
import Messaging
import Redis

/// Where a page of `/museums` ended, and since when the list is being read.
struct ExhibitionCursor: Sendable, Equatable {
    let place: IndexCursor
    /// When the first page was read, ms by Redis' clock.
    let moment: Int64
    /// By partition, the last move of that very millisecond that came before the first page, if there was one.
    let known: [String: StreamID]

    init(place: IndexCursor, moment: Int64, known: [String: StreamID]) {
        self.place = place
        self.moment = moment
        self.known = known
    }

    /// Reads the words of a cursor; `nil` where they name no place.
    init?(_ words: [String]) {
        guard words.count >= 4, let place = IndexCursor(words[..<3]), let moment = Int64(words[3]), moment >= 0 else {
            return nil
        }
        var known: [String: StreamID] = [:]
        for word in words[4...] {
            let parts = word.split(separator: ":").map(String.init)
            guard parts.count == 2, let event = StreamID(parts[1]) else { return nil }
            known[parts[0]] = event
        }
        self.init(place: place, moment: moment, known: known)
    }

    var words: [String] { place.words + [String(moment)] + known.map { "\($0):\($1.text)" }.sorted() }
}

/// What `museum_edit` has recorded of exhibitions that were moved to another date or time while a list is being read.
struct ExhibitionMoves: Sendable {
    private struct Move {
        let exhibition: ExhibitionID
        /// Where it was before.
        let slot: Int64
        /// The id of its event. Ids are in the order of the moves.
        let event: StreamID

        /// Reads `<exhibition id>:<old slot>:<event id>`.
        init(_ member: String) throws(RedisError) {
            let parts = member.split(separator: ":")
            guard parts.count == 3, let exhibition = ExhibitionID(String(parts[0])), let slot = Int64(parts[1]),
                let event = StreamID(String(parts[2]))
            else { throw .unexpected("\(member) is no move of an exhibition") }
            (self.exhibition, self.slot, self.event) = (exhibition, slot, event)
        }
    }

    /// When the list's first page was read, ms; `nil` until then.
    private(set) var since: Int64?
    /// By partition, the last move at that moment that came before the first page.
    private(set) var known: [String: StreamID]
    /// Of each exhibition that was moved since, the first move.
    private var first: [String: Move] = [:]

    init(since: Int64?, except known: [String: StreamID]) {
        self.since = since
        self.known = known
    }

    /// The exhibitions that were moved since.
    var exhibitions: Set<String> { Set(first.keys) }

    /// Where they were when the first page was read.
    func places(in slots: ClosedRange<Int64>) -> [IndexPosition] {
        first.values.filter { slots.contains($0.slot) }.map { IndexPosition(score: $0.slot, member: $0.exhibition.text) }
    }

    /// More moves than Redis can have made in one partition between two commands that were sent together.
    private static let momentLimit = 256

    /// The command whose reply ``take(_:)`` wants: all moves since, or where that is not known yet the latest.
    static func command(_ key: String, since: Int64?) -> Command {
        if let since { return Command("ZRANGE", key, String(since), "+inf", "BYSCORE") }
        return Command("ZRANGE", key, "0", String(momentLimit - 1), "REV")
    }

    /// Begins at the earliest moment that TIME has told, after these moves.
    mutating func begin(at times: some Sequence<Reply>, before replies: some Sequence<Reply>) throws(RedisError) {
        var earliest: Int64?
        for time in times {
            let parts = try time.asTexts().compactMap { Int64($0) }
            guard parts.count == 2 else { throw .unexpected("expected the time") }
            earliest = min(earliest ?? .max, parts[0] * 1000 + parts[1] / 1000)
        }
        guard let moment = earliest else { return }
        since = moment
        for reply in replies {
            for member in try reply.asTexts() {
                let move = try Move(member)
                guard move.event.milliseconds >= UInt64(moment) else { continue }
                let partition = move.exhibition.partition
                known[partition] = max(known[partition] ?? move.event, move.event)
            }
        }
    }

    mutating func take(_ replies: some Sequence<Reply>) throws(RedisError) {
        guard let since else { return }
        for reply in replies {
            for member in try reply.asTexts() {
                let move = try Move(member)
                guard move.event.milliseconds >= UInt64(since) else { continue }
                if let known = known[move.exhibition.partition], move.event <= known { continue }
                if let other = first[move.exhibition.text], other.event <= move.event { continue }
                first[move.exhibition.text] = move
            }
        }
    }
}
