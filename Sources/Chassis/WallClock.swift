public import Contracts
import Foundation

extension Calendars {
    /// The wall clock.
    public static let wallClock: Clock = { Moment(Date().timeIntervalSince1970 * 1000) }
}
