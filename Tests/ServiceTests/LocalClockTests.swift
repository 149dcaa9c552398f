import Contracts
import Foundation
import Testing

@testable import Museum

/// A moment as the museum's own date and time of day.
struct LocalClockTests {
    private static let minute: UnixMilliseconds = 60_000

    private func text(_ clock: LocalClock, _ moment: UnixMilliseconds) -> String {
        let local = clock.read(at: moment)
        return "\(local.date) \(local.time)"
    }

    @Test(
        arguments: [
            ("Asia/Seoul", 1_764_000_000_000, "2025-11-25 01:00"), ("UTC", 1_764_000_000_000, "2025-11-24 16:00"),
            ("Asia/Kathmandu", 1_764_000_000_000, "2025-11-24 21:45"),
            ("America/New_York", 1_764_000_000_000, "2025-11-24 11:00"),
            // 14:59:59.999Z and a millisecond later: Seoul's midnight.
            ("Asia/Seoul", 1_763_996_399_999, "2025-11-24 23:59"), ("Asia/Seoul", 1_763_996_400_000, "2025-11-25 00:00"),
            // New York goes from 01:59 to 03:00 on 2026-03-08, and from 01:59 back to 01:00 on 2026-11-01.
            ("America/New_York", 1_772_953_199_999, "2026-03-08 01:59"),
            ("America/New_York", 1_772_953_200_000, "2026-03-08 03:00"),
            ("America/New_York", 1_793_512_799_999, "2026-11-01 01:59"),
            ("America/New_York", 1_793_512_800_000, "2026-11-01 01:00"),
        ] as [(String, UnixMilliseconds, String)])
    func read(_ zone: String, _ moment: UnixMilliseconds, _ expected: String) throws {
        let clock = LocalClock(try #require(TimeZone(identifier: zone)))
        #expect(text(clock, moment) == expected)
        // From what it keeps, and with another minute in between.
        #expect(text(clock, moment) == expected)
        _ = clock.read(at: moment + Self.minute)
        #expect(text(clock, moment) == expected)
    }

    @Test func everyMinuteOfADayIsConverted() throws {
        let clock = LocalClock(try #require(TimeZone(identifier: "Asia/Seoul")))
        for start in [0, 1_763_996_340_000, -Self.minute] as [UnixMilliseconds] {
            #expect(clock.read(at: start) == clock.read(at: start + Self.minute - 1))
            #expect(clock.read(at: start) != clock.read(at: start + Self.minute))
        }
    }
}
