import Contracts
import Testing

struct LocalDateTests {
    @Test(arguments: [
        ("2099-12-24", nil, nil, "2099-12-24"), ("2099-12-24", "14:00", nil, "2099-12-24"),
        ("2099-12-24", "14:00", "15:30", "2099-12-24"), ("2099-12-24", "22:00", "02:00", "2099-12-25"),
        ("2099-12-24", "14:00", "14:00", "2099-12-25"), ("2099-12-31", "22:00", "00:00", "2100-01-01"),
        ("2096-02-28", "22:00", "01:00", "2096-02-29"), ("2100-02-28", "22:00", "01:00", "2100-03-01"),
    ])
    func lastDay(_ date: String, _ startTime: String?, _ endTime: String?, _ last: String) {
        #expect(LocalDate.lastDay(date: date, startTime: startTime, endTime: endTime) == last)
    }

    /// A neighbour that no year of four digits has is no day.
    @Test func theEndsOfTheCalendar() {
        #expect(LocalDate.lastDay(date: "9999-12-31", startTime: "22:00", endTime: "01:00") == "9999-12-31")
        #expect(LocalDate.previous("0000-01-01") == "0000-01-01")
        #expect(LocalDate.previous("2000-03-01") == "2000-02-29" && LocalDate.previous("2001-01-01") == "2000-12-31")
        #expect(LocalDateTime(400_000_000_000_000, secondsFromGMT: 0).date == "9999-12-31")
        #expect(LocalDateTime(-400_000_000_000_000, secondsFromGMT: 0).previousDate == "0000-01-01")
    }

    @Test(
        arguments: [
            // 2025-11-24T16:00:00.042Z
            (1_764_000_000_042, 0, "2025-11-24", "2025-11-23", "16:00"),
            (1_764_000_000_042, 9 * 3600, "2025-11-25", "2025-11-24", "01:00"),
            (1_764_000_000_042, -5 * 3600, "2025-11-24", "2025-11-23", "11:00"),
            (1_764_000_000_042, 20_700, "2025-11-24", "2025-11-23", "21:45"),
            // The last millisecond of a minute, of a day, of a year.
            (59_999, 0, "1970-01-01", "1969-12-31", "00:00"), (60_000, 0, "1970-01-01", "1969-12-31", "00:01"),
            (86_399_999, 0, "1970-01-01", "1969-12-31", "23:59"), (86_400_000, 0, "1970-01-02", "1970-01-01", "00:00"),
            (0, -1, "1969-12-31", "1969-12-30", "23:59"), (-1, 0, "1969-12-31", "1969-12-30", "23:59"),
            (951_782_400_000, 0, "2000-02-29", "2000-02-28", "00:00"), (951_868_800_000, 0, "2000-03-01", "2000-02-29", "00:00"),
        ] as [(UnixMilliseconds, Int, String, String, String)])
    func dateAndTime(_ moment: UnixMilliseconds, _ offset: Int, _ date: String, _ previous: String, _ time: String) {
        let local = LocalDateTime(moment, secondsFromGMT: offset)
        #expect(local.date == date && local.previousDate == previous && local.time == time, "\(local)")
    }
}
