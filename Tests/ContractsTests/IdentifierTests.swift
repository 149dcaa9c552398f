import Contracts
import Testing

/// Ids become parts of keys: whatever is none is refused.
struct IdentifierTests {
    static let hostileExhibitions = [
        "", "a", "1", "{a}1", "a1*", "a*", "A1", "aA1", "a01", "a0", "1a", "a1a", "a-1", "a1 ", " a1", "a1\r\n", "\r\na1",
        "a\r\n1",
        "a1\n", "a:1", "a1:seats", "a1\0", "abcd1", "a1234567890123456", "a" + String(repeating: "1", count: 100_000), "a١", "a１",
        "а1",
        "ａ1", "á1", "a\u{301}1", "a1\u{301}", "가1", "a1}", "a+1", "a1.0", "🏛1",
    ]

    @Test(arguments: hostileExhibitions)
    func noExhibition(_ text: String) {
        #expect(ExhibitionID(text) == nil)
        #expect(BookingID(text + "-000000000000") == nil)
    }

    @Test(arguments: [("a1", "a"), ("z999999999999999", "z"), ("zzz10", "zzz"), ("ab105", "ab")])
    func anExhibition(_ text: String, _ partition: String) throws {
        let id = try #require(ExhibitionID(text))
        #expect(id.text == text)
        #expect(id.partition == partition)
    }

    @Test func anExhibitionFromItsParts() {
        let id = ExhibitionID(partition: "ab", number: 105)
        #expect(id == ExhibitionID("ab105"))
    }

    @Test(arguments: [
        "", "a1", "a1-", "-", "-7q2k9fx03mzr", "a1-7q2k9fx03mz", "a1-7q2k9fx03mzrr", "a1-7Q2K9FX03MZR", "a1-7q2k9fx03mzi",
        "a1-7q2k9fx03mzl", "a1-7q2k9fx03mzo", "a1-7q2k9fx03mzu", "a1-7q2k9fx03m*r", "a1-7q2k9fx03m}r", "a1-7q2k9fx03mzr\n",
        "a1-7q2k9fx03m\r\n", "a1\r\n-7q2k9fx03mzr", "a1-\r\n7q2k9fx03mzr", "a1--7q2k9fx03mz", "a1-7q2k9-x03mzr",
        "a01-7q2k9fx03mzr",
        "a1-7q2k9fx03mz０", "a1-가나다라", "a1-\u{301}7q2k9fx03mzr", "a1 -7q2k9fx03mzr", "{a1}-7q2k9fx03mzr",
    ])
    func noBooking(_ text: String) {
        #expect(BookingID(text) == nil)
    }

    @Test func aBooking() throws {
        let id = try #require(BookingID("ab12-7q2k9fx03mzr"))
        #expect(id.text == "ab12-7q2k9fx03mzr")
        #expect(id.exhibition == ExhibitionID("ab12"))
        #expect(id.partition == "ab")
    }

    @Test(arguments: [
        (UInt64(0), "000000000000"), (1, "000000000001"), (31, "00000000000z"), (32, "000000000010"), (.max, "zzzzzzzzzzzz"),
        (1 << 59, "g00000000000"), (1 << 60, "000000000000"), (0x0123_4567_89AB_CDEF, "28t5cy4tqkff"),
    ])
    func theLowestSixtyBits(_ bits: UInt64, _ suffix: String) {
        let id = BookingID(exhibition: ExhibitionID(partition: "a", number: 1), bits: bits)
        #expect(id.text == "a1-" + suffix)
        #expect(BookingID(id.text) == id)
        #expect(BookingID(id.text)?.exhibition.text == "a1")
    }

    @Test func differentBitsMakeDifferentBookingIds() {
        let exhibition = ExhibitionID(partition: "a", number: 1)
        let ids = (0..<60).map { BookingID(exhibition: exhibition, bits: 1 << UInt64($0)) }
        #expect(Set(ids).count == 60)
    }
}
