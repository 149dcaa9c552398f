import Testing

@testable import Messaging

/// A stream's ids, ordered as numbers.
struct StreamIDTests {
    @Test(arguments: [
        ("0-0", 0, 0), ("5", 5, 0), ("1764000000000-12", 1_764_000_000_000, 12),
        ("18446744073709551615-18446744073709551615", .max, .max),
    ])
    func read(_ text: String, _ milliseconds: UInt64, _ sequence: UInt64) {
        #expect(StreamID(text) == StreamID(milliseconds: milliseconds, sequence: sequence))
        #expect(StreamID(text)?.text == (text.contains("-") ? text : text + "-0"))
    }

    @Test(arguments: [
        "", "-", "1-", "-1", "a", "1-a", "1-2-3", "$", ">", "*", "1-*", " 1", "1 ", "1.5", "18446744073709551616", "１-1", "+1",
        "1-+1", "+1-1",
    ])
    func refused(_ text: String) { #expect(StreamID(text) == nil) }

    @Test func thePrecedingIdIsComputed() {
        let cases = [
            ("5-3", "5-2"), ("5-1", "5-0"), ("5-0", "4-18446744073709551615"), ("1-0", "0-18446744073709551615"), ("0-1", "0-0"),
            ("0-0", "0-0"),
        ]
        for (id, previous) in cases { #expect(StreamID(id)?.previous.text == previous) }
    }

    @Test func order() throws {
        let texts = ["0-0", "0-1", "9-0", "9-9", "9-10", "10-0", "10-1", "1764000000000-0"]
        let ids = texts.compactMap { StreamID($0) }
        #expect(ids.shuffled().sorted() == ids)
        for (index, id) in ids.enumerated().dropFirst() {
            #expect(ids[index - 1] < id && !(id < ids[index - 1]) && !(id < id))
            #expect(id.previous < id && ids[index - 1] <= id.previous)
        }
    }
}
