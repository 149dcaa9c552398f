import Contracts
import Testing

@testable import HTTPServer

/// JSON as RFC 8259 has it, and nothing else.
struct JSONTests {
    private func parse(_ text: String) throws(RequestError) -> JSON { try JSON(parsing: text.utf8) }

    @Test func values() throws {
        #expect(try parse("null") == .null)
        #expect(try parse(" true ") == .bool(true))
        #expect(try parse("false") == .bool(false))
        #expect(try parse("\t\r\n \"x\" \n") == .string("x"))
        #expect(try parse("[]") == .array([]))
        #expect(try parse("{ }") == .object([]))
        #expect(
            try parse("[1 , [ ] , {\"a\" : null}]")
                == .array([.number("1"), .array([]), .object([.init(name: "a", value: .null)])]))
    }

    @Test(arguments: ["0", "-0", "7", "10", "-12.5", "0.1", "1e5", "1E+5", "1e-05", "12345678901234567890", "1.0"])
    func numbersAsWritten(_ text: String) throws { #expect(try parse(text) == .number(text)) }

    @Test func integers() throws {
        #expect(try parse("-12").integer == -12)
        #expect(try parse("1.0").integer == 1)
        #expect(try parse("12345678901234567890").integer == nil)
        #expect(try parse("\"1\"").integer == nil)
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "tru", "+1", "01", "-", "-01", ".5", "1.", "1.e1", "1e", "1e+", "0x1", "NaN", "Infinity",
        "--1",
        "'a'", "\"a", "\"a\\\"", "\"\\\"", "\"a\nb\"", "\"a\tb\"", "\"\\x41\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\u+123\"", "\"\\",
        "\"\\u",
        "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}",
        "{\"a\" 1}",
        "{1:1}", "{\"a\":}", "{,}", "1 2", "{} []", "null x", "// c\n1", "/* */1", "\u{FEFF}", "\u{FEFF}\u{FEFF}1", " \u{FEFF}1",
        "1\u{FEFF}", "[1}", "{\"a\":1]", "\u{A0}1",
    ])
    func noJSON(_ text: String) {
        #expect { try parse(text) } throws: { if case RequestError.malformedJSON = $0 { true } else { false } }
    }

    @Test(arguments: ["1", " 1", "1 "])
    func byteOrderMarkIsIgnored(_ text: String) throws { #expect(try parse("\u{FEFF}" + text) == .number("1")) }

    @Test func duplicateMembersAreKept() throws {
        let json = try parse(#"{"b":1,"a":2,"b":3}"#)
        let numbers = [("b", "1"), ("a", "2"), ("b", "3")].map { JSON.Member(name: $0.0, value: .number($0.1)) }
        #expect(json == .object(numbers))
        #expect(json["b"]?.integer == 1)
        #expect(json["c"] == nil)
    }

    @Test func depth() throws {
        let nested = { (depth: Int) in String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        _ = try parse(nested(16))
        let objects = String(repeating: #"{"a":"#, count: 15) + "[]" + String(repeating: "}", count: 15)
        _ = try parse(objects)
        for text in [nested(17), nested(100_000), #"{"a":"# + objects + "}", String(repeating: "[", count: 1_000_000)] {
            #expect { try parse(text) } throws: { ($0 as? RequestError).map { "\($0)".contains("nested too deeply") } ?? false }
        }
    }

    @Test func escapes() throws {
        #expect(try parse(#""\"\\\/\b\f\n\r\t\u0041\u00e9\uD55C\u0000""#) == .string("\"\\/\u{8}\u{C}\n\r\tAé한\0"))
        #expect(try parse(#""\ud83c\udfdb""#) == .string("🏛"))
        #expect(try parse(#""\uDBFF\uDFFF\uD800\uDC00""#) == .string("\u{10FFFF}\u{10000}"))
        #expect(try parse("\"달 🏛 \u{7F}\"") == .string("달 🏛 \u{7F}"))
    }

    @Test(arguments: [
        #""\ud83c""#, #""\udfdb""#, #""\ud83cx""#, #""\ud83c\n""#, #""\ud83c\ud83c""#, #""\ud83c\u0041""#, #""\udfdb\ud83c""#,
        #""\ud83c\u""#, #""\ud83c\"#,
    ])
    func halfASurrogatePair(_ text: String) {
        #expect { try parse(text) } throws: { if case RequestError.malformedJSON = $0 { true } else { false } }
    }

    @Test(
        arguments: [
            [0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x80],
            [0xF8, 0x88, 0x80, 0x80, 0x80],
        ] as [[UInt8]])
    func invalidUTF8(_ bytes: [UInt8]) {
        #expect(throws: RequestError.self) { try JSON(parsing: [0x22] + bytes + [0x22]) }
        #expect(throws: RequestError.self) { try JSON(parsing: Array("{\"".utf8) + bytes + Array("\":1}".utf8)) }
        #expect(throws: RequestError.self) { try JSON(parsing: bytes) }
    }

    /// Whatever it is cut to, it is either a value or refused; nothing is read past the end.
    @Test func aTruncatedDocumentIsRefused() throws {
        let text = #"{"a":[1.5e3,"\ud83c\udfdb",true,null,{"b":"\n"}],"c":false}"#
        _ = try parse(text)
        for length in 0..<text.utf8.count {
            #expect(throws: RequestError.self) { try JSON(parsing: text.utf8.prefix(length)) }
        }
    }
}
