import Contracts

/// Tells when a subscriber falls silent: there are events for it, and its progress stands still. Says so once, and once when
/// it is back.
struct StallDetector {
    enum Turn: Equatable {
        case fellSilent, isBack
    }

    private struct Sight {
        let applied: StreamID
        let since: ContinuousClock.Instant
        var isSilent = false
    }

    private struct Place: Hashable {
        let group: ServiceName
        let partition: String
    }

    /// How long progress may stand still.
    let bound: Duration
    private var sights: [Place: Sight] = [:]

    init(bound: Duration) { self.bound = bound }

    /// Takes note of where a subscriber is; `nil` if there is nothing new to say of it.
    mutating func look(
        at group: ServiceName, in partition: String, applied: StreamID, isBehind: Bool, now: ContinuousClock.Instant
    ) -> Turn? {
        let place = Place(group: group, partition: partition)
        let last = sights[place]
        guard isBehind else {
            sights[place] = nil
            return last?.isSilent == true ? .isBack : nil
        }
        guard var last, last.applied == applied else {
            sights[place] = Sight(applied: applied, since: now)
            return last?.isSilent == true ? .isBack : nil
        }
        guard !last.isSilent, now - last.since >= bound else { return nil }
        last.isSilent = true
        sights[place] = last
        return .fellSilent
    }
}
