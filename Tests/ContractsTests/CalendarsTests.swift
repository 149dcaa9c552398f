import Contracts
import Foundation
import Testing

struct CalendarsTests {
    @Test(arguments: [
        "2099-12-24", "2026-01-31", "2026-04-30", "2024-02-29", "2000-02-29", "2400-02-29", "0000-02-29", "0001-01-01",
        "9999-12-31",
    ])
    func aDate(_ text: String) { #expect(ISO8601.isDate(text)) }

    @Test(arguments: [
        "", "2026", "2026-12", "2026-02-30", "2026-02-29", "1900-02-29", "2100-02-29", "2026-04-31", "2026-00-10", "2026-13-01",
        "2026-12-00", "2026-12-32", "26-12-24", "2026-1-1", "2099-12-24T", "2099-12-24 ", " 2099-12-24", "2099-12-24-",
        "-2099-12-24",
        "2026/12/24", "+026-12-24", "-026-12-24", "2026-+1-01", "２０２６-12-24", "2026-１2-24", "20२6-12-24", "2026-12-2\n",
        "2099-12-24\r\n", "가-12-24", "12099-12-24",
    ])
    func noDate(_ text: String) { #expect(!ISO8601.isDate(text)) }

    @Test(arguments: ["00:00", "09:30", "19:59", "20:00", "23:59"])
    func aTimeOfDay(_ text: String) { #expect(ISO8601.isTimeOfDay(text)) }

    @Test(arguments: [
        "", "24:00", "23:60", "9:30", "09:3", "0930", "09:30:00", "09:30 ", " 09:30", "-1:30", "+1:30", "09:+1", "０9:30", "09.30",
        ":", "::", "09:3\n", "ab:cd",
    ])
    func noTimeOfDay(_ text: String) { #expect(!ISO8601.isTimeOfDay(text)) }

    @Test(arguments: [
        (UnixMilliseconds(0), "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (-86_400_000, "1969-12-31T00:00:00.000Z"),
        (1_709_164_800_000, "2024-02-29T00:00:00.000Z"), (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
        (1_709_251_200_000, "2024-03-01T00:00:00.000Z"), (951_782_400_007, "2000-02-29T00:00:00.007Z"),
        (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"), (1_764_000_000_042, "2025-11-24T16:00:00.042Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"), (253_402_300_800_000, "9999-12-31T23:59:59.999Z"),
        (.max, "9999-12-31T23:59:59.999Z"), (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
        (-62_167_219_200_001, "0000-01-01T00:00:00.000Z"), (.min, "0000-01-01T00:00:00.000Z"),
    ])
    func written(_ moment: UnixMilliseconds, _ text: String) { #expect(Timestamp.text(moment) == text) }

    /// Foundation's calendar is the judge, day by day over 140 years.
    @Test func datesAgreeWithFoundation() {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for day in stride(from: -25_567, through: 25_567, by: 7) {
            let moment = UnixMilliseconds(day) * 86_400_000 + 45_296_000
            let date = Date(timeIntervalSince1970: Double(moment / 1000)).formatted(style)
            #expect(Timestamp.text(moment).prefix(19) == date.prefix(19))
        }
    }
}
