public import Contracts
public import Foundation
import Synchronization

/// Tells a moment's date and time of day in a time zone. The zone's rules are looked up once a minute at most.
public final class LocalClock: Sendable {
    private struct Reading {
        /// Minutes since 1970.
        let minute: UnixMilliseconds
        let local: LocalDateTime
    }

    private let zone: TimeZone
    private let last = Mutex<Reading?>(nil)

    public init(_ zone: TimeZone) { self.zone = zone }

    /// Offsets are whole minutes, so all moments of a minute have one local date and time.
    public func read(at moment: UnixMilliseconds) -> LocalDateTime {
        let minute = (moment - (moment % 60_000 + 60_000) % 60_000) / 60_000
        if let known = last.withLock({ $0 }), known.minute == minute { return known.local }
        let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(moment) / 1000))
        let local = LocalDateTime(moment, secondsFromGMT: offset)
        last.withLock { $0 = Reading(minute: minute, local: local) }
        return local
    }
}
