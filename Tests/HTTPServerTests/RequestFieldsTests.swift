import Contracts
import Testing

@testable import HTTPServer

/// A body's members, read strictly.
struct RequestFieldsTests {
    private func fields(_ text: String) throws -> RequestFields { try RequestFields(JSON(parsing: text.utf8)) }

    /// The field that a failure is about.
    private func refused(_ text: String, _ read: (inout RequestFields) throws(RequestError) -> Void) throws -> String? {
        var fields = try fields(text)
        do throws(RequestError) {
            try read(&fields)
            try fields.finish()
        } catch .failure(.invalidField(let name, _)) {
            return name
        }
        return nil
    }

    @Test func presentFieldsAreRead() throws {
        var fields = try fields(#"{"visitor":" kim ","seats":2,"more":"12","nothing":null}"#)
        #expect(fields.names("visitor") && fields.names("nothing") && !fields.names("other"))
        #expect(try fields.text("visitor", length: 1...10) == "kim")
        #expect(try fields.integer("seats", in: 1...9) == 2)
        #expect(try fields.optionalInteger("more", in: 1...20) == 12)
        #expect(try fields.optionalText("nothing", length: 1...10) == nil)
        #expect(try fields.optionalText("absent", length: 1...10) == nil)
        #expect(try fields.optionalInteger("absent", in: 1...9) == nil)
        try fields.finish()
    }

    @Test func nullEqualsAbsentForAnOptionalField() throws {
        var fields = try fields(#"{"title":null,"seats":null}"#)
        #expect(fields.names("title") && fields.names("seats"))
        #expect(try fields.optionalText("title", length: 1...10) == nil)
        #expect(try fields.optionalInteger("seats", in: 1...9) == nil)
        try fields.finish()
    }

    @Test(arguments: ["[]", "1", "null", "\"x\"", "[{}]"])
    func anObjectIsDue(_ text: String) {
        #expect { try fields(text) } throws: { if case RequestError.malformedJSON = $0 { true } else { false } }
    }

    @Test(arguments: [#"{"a":1,"a":1}"#, #"{"a":1,"b":2,"a":null}"#, #"{"a":1,"\u0061":1}"#])
    func twiceIsOnceTooOften(_ text: String) {
        #expect { try fields(text) } throws: { if case RequestError.failure(.invalidField("a", _)) = $0 { true } else { false } }
    }

    @Test func missingAndUnknownFieldsAreRefused() throws {
        #expect(try refused("{}") { fields throws(RequestError) in _ = try fields.text("visitor", length: 1...10) } == "visitor")
        #expect(
            try refused(#"{"visitor":null}"#) { fields throws(RequestError) in _ = try fields.text("visitor", length: 1...10) }
                == "visitor")
        #expect(try refused("{}") { fields throws(RequestError) in _ = try fields.integer("seats", in: 1...9) } == "seats")
        #expect(try refused(#"{"b":1,"a":1}"#) { _ throws(RequestError) in } == "a")
        #expect(try refused(#"{"a":1}"#) { fields throws(RequestError) in _ = try fields.integer("a", in: 1...9) } == nil)
        #expect(try refused(#"{"a":1,"b":2}"#) { fields throws(RequestError) in fields.ignore("a", "b") } == nil)
        #expect(try refused(#"{"a":1,"A":2}"#) { fields throws(RequestError) in fields.ignore("a") } == "A")
    }

    @Test(arguments: ["1", "true", "[]", "{}", "\"\"", "\"   \"", "\"12345678901\"", #""a\u0000""#, #""a\n""#])
    func noText(_ value: String) throws {
        #expect(
            try refused("{\"a\":\(value)}") { fields throws(RequestError) in _ = try fields.optionalText("a", length: 1...10) }
                == "a")
    }

    @Test(arguments: [
        "true", "[]", "{}", "\"\"", "\"x\"", "\" 2\"", "\"+2\"", "\"-2\"", "\"2.0\"", "\"2e0\"", "\"0000000002\"", "\"２\"",
        "\"null\"", "2.5", "-2", "-2.0", "2e-1", "2e99", "99999999999999999999",
    ])
    func noNumber(_ value: String) throws {
        #expect(
            try refused("{\"a\":\(value)}") { fields throws(RequestError) in
                _ = try fields.optionalInteger("a", in: 1...1_000_000_000)
            }
                == "a")
    }

    @Test(arguments: ["null", "true", "\"x\""])
    func nullIsRefusedWhereAFieldIsRequired(_ value: String) throws {
        #expect(try refused("{\"a\":\(value)}") { fields throws(RequestError) in _ = try fields.integer("a", in: 1...9) } == "a")
        guard value != "\"x\"" else { return }
        #expect(try refused("{\"a\":\(value)}") { fields throws(RequestError) in _ = try fields.text("a", length: 1...9) } == "a")
    }

    @Test func ranges() throws {
        for (value, isFine) in [
            ("0", false), ("1", true), ("9", true), ("10", false), ("\"9\"", true), ("\"09\"", true), ("\"10\"", false),
            ("-0", false), ("1.0", true), ("90e-1", true), ("0.1e1", true), ("1e1", false), ("9.5", false),
        ] {
            let name = try refused("{\"a\":\(value)}") { fields throws(RequestError) in _ = try fields.integer("a", in: 1...9) }
            #expect(name == (isFine ? nil : "a"), "\(value)")
        }
    }
}
