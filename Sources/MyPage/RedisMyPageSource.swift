import Contracts
import HTTPServer
import Messaging
import Redis

/// Rows of the read model that have changed. Events say which; the rows are read once the read model has applied them.
struct RedisMyPageSource: LiveSource {
    /// Where the events are.
    let events: any RedisSender
    let store: any MyPageStore
    let partitions: Partitions

    /// Events of a partition in one exchange.
    private static let batch = 1000
    /// How often a row is looked at until the event has been applied; five seconds or more.
    private static let looksAtMost = 25
    /// Rows that are sent to a client that comes back with a position of another process.
    private static let rowsLookedThrough = 200
    /// Rows of one visitor that are read where an exhibition has been edited.
    private static let rowsOfVisitor = 200

    struct Progress: Sendable {
        var tails: [EventTail]
        /// What is to be read, the versions that it must have, and how often it has been looked at.
        var rows: [BookingID: (booking: Int, admission: Int, looks: Int)] = [:]
        var exhibitions: [ExhibitionID: (version: Int, looks: Int)] = [:]
    }

    private var tails: [EventTail] {
        [
            EventTail(
                events, service: .book,
                types: [.requested, .requestCompleted, .canceled, .forceCanceled, .bookingChanged]),
            EventTail(events, service: .confirm, types: [.confirmCompleted, .confirmChanged]),
            EventTail(events, service: .museum, types: [.museumChanged]),
        ]
    }

    var readsAll: Bool { false }

    func begin() async throws(Failure) -> Progress {
        var progress = Progress(tails: tails)
        let partitions = try await partitions.inUse()
        do throws(RedisError) {
            for index in progress.tails.indices { try await progress.tails[index].begin(partitions) }
        } catch {
            throw Failure(reading: error)
        }
        return progress
    }

    func position(of progress: Progress) -> LivePosition {
        LivePosition(milliseconds: progress.tails.map(\.newest).max() ?? 0)
    }

    func read(_ progress: inout Progress, watched: WatchedTopics) async throws(Failure) -> (
        messages: [LiveMessage], isBehind: Bool
    ) {
        var isBehind = false
        let partitions = partitions.all
        for index in progress.tails.indices {
            do throws(RedisError) {
                let next = try await progress.tails[index].next(partitions, count: Self.batch)
                isBehind = isBehind || next.isBehind
                for event in next.events { note(event, watched, &progress) }
            } catch {
                throw Failure(reading: error)
            }
        }
        var messages = try await changedRows(&progress)
        messages += try await rowsOfChangedExhibitions(&progress, watched)
        return (messages, isBehind)
    }

    private func note(_ event: Event, _ watched: WatchedTopics, _ progress: inout Progress) {
        switch event.subject {
        case .booking(let payload) where watched.contains(payload.visitor):
            let known = progress.rows[payload.id]
            progress.rows[payload.id] = (max(known?.booking ?? 0, payload.version), known?.admission ?? 0, 0)
        case .admission(let payload) where watched.contains(payload.visitor):
            let known = progress.rows[payload.booking]
            progress.rows[payload.booking] = (known?.booking ?? 0, max(known?.admission ?? 0, payload.version), 0)
        case .exhibition(let payload): progress.exhibitions[payload.id] = (payload.version, 0)
        default: break
        }
    }

    private func changedRows(_ progress: inout Progress) async throws(Failure) -> [LiveMessage] {
        if progress.rows.isEmpty { return [] }
        let ids = Array(progress.rows.keys)
        var messages: [LiveMessage] = []
        for (id, row) in zip(ids, try await store.find(ids)) {
            guard let wanted = progress.rows[id] else { continue }
            if let row, row.bookingVersion >= wanted.booking, row.admissionVersion >= wanted.admission {
                messages.append(LiveMessage(row, topic: row.visitor))
                progress.rows[id] = nil
            } else if wanted.looks >= Self.looksAtMost {
                // MyPage is behind. The row is sent with its next event.
                progress.rows[id] = nil
            } else {
                progress.rows[id]?.looks += 1
            }
        }
        return messages
    }

    /// Rows show the exhibition's title, hall, date and time.
    private func rowsOfChangedExhibitions(_ progress: inout Progress, _ watched: WatchedTopics) async throws(Failure)
        -> [LiveMessage]
    {
        var messages: [LiveMessage] = []
        for (id, wanted) in progress.exhibitions {
            guard try await store.version(of: id) >= wanted.version || wanted.looks >= Self.looksAtMost else {
                progress.exhibitions[id]?.looks += 1
                continue
            }
            progress.exhibitions[id] = nil
            // Who watches everything reads the exhibition itself.
            for visitor in watched.names {
                let filter = MyPageFilter(visitor: visitor, exhibition: id)
                let page = try await store.page(
                    PageRequest(size: Self.rowsOfVisitor, position: nil), filter, partitions: [id.partition])
                messages += page.elements.map { LiveMessage($0, topic: visitor) }
            }
        }
        return messages
    }

    func changes(since position: LivePosition, topic: String?) async throws(Failure) -> [LiveMessage]? {
        guard let topic else { return nil }
        let page = try await store.page(
            PageRequest(size: Self.rowsLookedThrough, position: nil), MyPageFilter(visitor: topic),
            partitions: try await partitions.inUse())
        // A row that is not among these may have changed, too.
        guard page.next == nil else { return nil }
        let earliest = position.milliseconds - min(position.milliseconds, LivePosition.overlap)
        return page.elements.filter { $0.updatedAt >= UnixMilliseconds(earliest) }.map { LiveMessage($0, topic: topic) }
    }
}
