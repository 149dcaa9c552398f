import Testing

@testable import HTTPServer

/// JSON numbers by value, not by spelling.
struct WholeNumberTests {
    @Test(arguments: [
        ("0", 0), ("-0", 0), ("0.0", 0), ("-0.0", 0), ("0e5", 0), ("0e99999999999999999999", 0), ("-0.00e-7", 0), ("2", 2),
        ("2.0", 2),
        ("2.000", 2), ("-2.0", -2), ("1e1", 10), ("1E1", 10), ("1e+1", 10), ("1e01", 10), ("1e00000000000000000000001", 10),
        ("20e-1", 2), ("0.2e1", 2), ("0.02e2", 2), ("1.5e1", 15), ("12.50e2", 1250), ("100e-2", 1), ("-100e-2", -1),
        ("1e18", 1_000_000_000_000_000_000),
        ("9223372036854775807", .max), ("-9223372036854775808", .min), ("9223372036854775807.0", .max),
        ("922337203685477580.7e1", .max), ("9007199254740993.0", 9_007_199_254_740_993),
    ])
    func whole(_ text: String, _ value: Int) { #expect(WholeNumber.value(of: text) == value) }

    @Test(arguments: [
        "0.5", "2.5", "-2.5", "1e-1", "25e-1", "0.2", "1.0000000000000000000000000001", "1e19", "9223372036854775808", "1e400",
        "-1e400",
        "1e-400", "1e99999999999999999999", "1e-99999999999999999999", "-1e9223372036854775807", "1e-9223372036854775808",
        "99999999999999999999", "99999999999999999999.0",
    ])
    func notWholeOrTooLarge(_ text: String) { #expect(WholeNumber.value(of: text) == nil) }

    /// A number with as many digits as a body can hold is parsed.
    @Test func longNumbers() {
        let zeros = String(repeating: "0", count: 16_000)
        #expect(WholeNumber.value(of: "2." + zeros) == 2)
        #expect(WholeNumber.value(of: "0." + zeros + "2e16001") == 2)
        #expect(WholeNumber.value(of: "2" + zeros + "e-16000") == 2)
        #expect(WholeNumber.value(of: "2" + zeros) == nil)
        #expect(WholeNumber.value(of: "2." + zeros + "1") == nil)
        #expect(WholeNumber.value(of: "1e" + zeros + "1") == 10)
    }
}
