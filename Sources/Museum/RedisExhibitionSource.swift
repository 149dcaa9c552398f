import Contracts
import HTTPServer
import Messaging
import Redis

/// Exhibitions that have changed: seats, and what staff edit.
struct RedisExhibitionSource: LiveSource {
    let redis: any RedisSender
    let store: any ExhibitionStore
    let partitions: Partitions

    /// Events of a partition in one exchange.
    private static let batch = 1000
    /// Events since a client's position that are looked through; beyond that it reads the list again.
    private static let eventsLookedThrough = 4000

    struct Progress: Sendable {
        var events: EventTail
        var partitions: [String]
    }

    private var tail: EventTail {
        EventTail(
            redis, service: .museum,
            types: [.museumRegistered, .museumChanged, .museumDeleted, .seatsReserved, .seatsReleased, .seatsRevoked])
    }

    var readsAll: Bool { true }

    func begin() async throws(Failure) -> Progress {
        var progress = Progress(events: tail, partitions: try await partitions.inUse())
        do throws(RedisError) { try await progress.events.begin(progress.partitions) } catch { throw Failure(reading: error) }
        return progress
    }

    func read(_ progress: inout Progress, watched: WatchedTopics) async throws(Failure) -> (
        messages: [LiveMessage], isBehind: Bool
    ) {
        // Those that this process knows: it looks them up every two seconds.
        progress.partitions = partitions.all
        let (events, isBehind): ([Event], Bool)
        do throws(RedisError) {
            (events, isBehind) = try await progress.events.next(progress.partitions, count: Self.batch)
        } catch {
            throw Failure(reading: error)
        }
        return (try await documents(of: events), isBehind)
    }

    func position(of progress: Progress) -> LivePosition { LivePosition(milliseconds: progress.events.newest) }

    func changes(since position: LivePosition, topic: String?) async throws(Failure) -> [LiveMessage]? {
        let partitions = try await partitions.inUse()
        var events: [Event] = []
        do throws(RedisError) {
            var tail = tail
            tail.begin(partitions, at: position.milliseconds - min(position.milliseconds, LivePosition.overlap))
            var isBehind = true
            while isBehind {
                let next = try await tail.next(partitions, count: Self.batch)
                events += next.events
                isBehind = next.isBehind
                if events.count > Self.eventsLookedThrough { return nil }
            }
        } catch {
            throw Failure(reading: error)
        }
        return try await documents(of: events)
    }

    /// Each exhibition once, as it is now.
    private func documents(of events: [Event]) async throws(Failure) -> [LiveMessage] {
        var ids: [ExhibitionID] = []
        var known: Set<ExhibitionID> = []
        for event in events {
            let id: ExhibitionID
            switch event.subject {
            case .exhibition(let payload): id = payload.id
            case .seats(let payload): id = payload.booking.exhibition
            default: continue
            }
            if known.insert(id).inserted { ids.append(id) }
        }
        if ids.isEmpty { return [] }
        return try await store.find(ids).compactMap { $0.map { LiveMessage($0) } }
    }
}
