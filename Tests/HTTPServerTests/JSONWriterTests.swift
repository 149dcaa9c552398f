import Testing

@testable import HTTPServer

/// The writer produces valid JSON with the given values.
struct JSONWriterTests {
    @Test func membersInOrder() {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("text", "a")
            writer.member("none", nil as String?)
            writer.member("some", "b" as String?)
            writer.member("number", -5)
            writer.member("flag", true)
            writer.object("empty") { _ in }
            writer.array("list", [1, 2]) { writer, number in writer.object { $0.member("n", number) } }
            writer.array("texts", ["x", "y"]) { writer, text in writer.value(text) }
            writer.array("nothing", [String]()) { writer, text in writer.value(text) }
            writer.object("_links") { $0.link("self", "/books/a1") }
            writer.member(named: "na\"me", "z")
        }
        #expect(
            writer.text
                == #"{"text":"a","some":"b","number":-5,"flag":true,"empty":{},"list":[{"n":1},{"n":2}],"texts":["x","y"],"#
                + #""nothing":[],"_links":{"self":{"href":"/books/a1"}},"na\"me":"z"}"#)
    }

    @Test(arguments: [
        "", "plain", "\"", "\\", "\\\"", "a\"b\\c", "\n\r\t\u{8}\u{C}", "\0\u{1}\u{1F}", "\u{7F}", "달 항아리 🏛", "é", "e\u{301}",
        "\r\n",
        "</script>", "\u{2028}\u{2029}", "\u{10FFFF}", #"{"a":1}"#, "\\u0041", String(repeating: "\"", count: 5000),
    ])
    func comesBackAsItWas(_ text: String) throws {
        var writer = JSONWriter(capacity: 0)
        writer.object { writer in
            writer.member("member", text)
            writer.member(named: text, "named")
            writer.array("list", [text, text]) { writer, text in writer.value(text) }
        }
        let written = writer.text
        #expect(written.unicodeScalars.allSatisfy { $0.value >= 0x20 })
        let json = try JSON(parsing: written.utf8)
        // Scalars, as Swift's == would call é and e + ´ the same.
        #expect(json["member"]?.text?.unicodeScalars.elementsEqual(text.unicodeScalars) == true)
        guard case .object(let members) = json else { Issue.record("an object was due"); return }
        #expect(members[1].name.unicodeScalars.elementsEqual(text.unicodeScalars))
        #expect(members[1].value == .string("named"))
        #expect(json["list"]?.elements?.map(\.text) == [text, text])
    }

    @Test func anArrayAtTheTop() {
        var writer = JSONWriter()
        writer.array([1, 2, 3]) { writer, number in writer.array([number]) { $0.value(String($1)) } }
        #expect(writer.text == #"[["1"],["2"],["3"]]"#)
    }
}
