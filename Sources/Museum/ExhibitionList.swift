import Contracts
import HTTPServer
import Messaging
import Redis
import Scripts

/// Which exhibitions are asked for.
struct ExhibitionFilter: Sendable {
    /// First and last day, both inclusive; `nil` for no bound.
    var from: String?
    var to: String?
    var hall: String?
    var statuses: [ExhibitionStatus] = [.open, .closed]

    func fits(_ exhibition: Exhibition) -> Bool {
        statuses.contains(exhibition.status) && (hall == nil || hall == exhibition.plan.details.hall)
            && (from ?? "") <= exhibition.plan.details.date && exhibition.plan.details.date <= (to ?? "9999-99-99")
    }

    /// The slots of the days asked for; `nil` where there is no such day.
    var slots: ClosedRange<Int64>? {
        let day = { (text: String) in Int64(text.filter(\.isNumber)).map { $0 * 10_000 } }
        let first = from.flatMap(day) ?? 0
        let last = to.flatMap(day).map { $0 + 2359 } ?? .max
        return first <= last ? first...last : nil
    }
}

/// Exhibitions by date, time and id over all partitions, read from the indexes.
///
/// Each that stays in the list is listed exactly once, also if it is edited to another date meanwhile: on every page it has the
/// place that it had when the first page was read (docs/decisions/0021).
struct ExhibitionList: Sendable {
    let client: any RedisSender

    func page(_ request: PageRequest, _ filter: ExhibitionFilter, partitions: [String]) async throws(Failure) -> Page<Exhibition>
    {
        var start: ExhibitionCursor?
        if let words = request.position {
            guard let cursor = ExhibitionCursor(words) else { throw .invalidCursor }
            start = cursor
        }
        guard let slots = filter.slots, !partitions.isEmpty else { return Page(elements: [], next: nil) }
        do throws(RedisError) {
            return try await read(request.size, after: start, filter, slots, partitions: partitions)
        } catch {
            throw Failure(reading: error)
        }
    }

    private func read(
        _ size: Int, after start: ExhibitionCursor?, _ filter: ExhibitionFilter, _ slots: ClosedRange<Int64>, partitions: [String]
    ) async throws(RedisError) -> Page<Exhibition> {
        // From each index as many as the whole page needs, and one to know whether there is more.
        var scans: [IndexScan] = []
        for keys in partitions.map(Keys.init) {
            let scan = { IndexScan($0, .ascending, in: slots, after: start?.place, count: size + 1) }
            // An exhibition goes from the first index to the second, never back: read in this order, none is in neither.
            if filter.statuses != [.deleted] { scans.append(scan(keys.exhibitions)) }
            if filter.statuses.contains(.deleted) { scans.append(scan(keys.deletedExhibitions)) }
        }
        var moves = ExhibitionMoves(since: start?.moment, except: start?.known ?? [:])
        try await finish(&scans, &moves, partitions: partitions)

        let moved = moves.places(in: slots).filter { place in start.map { $0.place.position < place } ?? true }
        var found = Set<String>()
        let places = (scans.flatMap(\.found) + moved).sorted().filter { found.insert($0.member).inserted }
        let page = Array(places.prefix(size))
        let exhibitions = try await load(page.compactMap { ExhibitionID($0.member) })
        let end = places.count > size ? IndexCursor(endOf: page, after: start?.place) : nil
        let next = end.map { ExhibitionCursor(place: $0, moment: moves.since ?? 0, known: moves.known) }
        return Page(elements: exhibitions.filter(filter.fits), next: next?.words)
    }

    /// Reads the indexes, and in the same exchange what has moved in them. Moves are read behind the indexes: whatever is not
    /// where it was is then known to have moved. For the first page the time of each partition's server is asked for, too, and the
    /// moves before it.
    private func finish(
        _ scans: inout [IndexScan], _ moves: inout ExhibitionMoves, partitions: [String]
    ) async throws(RedisError) {
        while true {
            let open = scans.indices.filter { !scans[$0].isDone }
            if open.isEmpty { return }
            let isFirst = moves.since == nil
            let movesNow = partitions.map { ExhibitionMoves.command(Keys(partition: $0).movedExhibitions, since: moves.since) }
            let times = partitions.map { Command("TIME").near(Keys(partition: $0).movedExhibitions) }
            let before = isFirst ? times + movesNow : []
            var replies: [Reply] = []
            for result in await client.send(before + open.map { scans[$0].command } + movesNow) {
                replies.append(try result.get())
            }
            if isFirst { try moves.begin(at: replies.prefix(times.count), before: replies[times.count..<before.count]) }
            try moves.take(replies.suffix(movesNow.count))
            for index in scans.indices { scans[index].excluded = moves.exhibitions }
            for (index, reply) in zip(open, replies.dropFirst(before.count)) { try scans[index].take(reply) }
        }
    }

    private func load(_ ids: [ExhibitionID]) async throws(RedisError) -> [Exhibition] {
        let results = await client.send(ids.map { Command("HGETALL", Keys(partition: $0.partition).exhibition($0.text)) })
        var exhibitions: [Exhibition] = []
        for (id, result) in zip(ids, results) {
            let fields = try result.get().asRecord()
            if !fields.isEmpty { exhibitions.append(try Exhibition(id: id, fields: fields)) }
        }
        return exhibitions
    }
}
