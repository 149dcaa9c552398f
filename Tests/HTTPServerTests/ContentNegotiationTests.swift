import HTTPTypes
import Testing

@testable import HTTPServer

/// `Accept` as RFC 9110 (12.5.1) has it.
struct ContentNegotiationTests {
    private func mediaType(_ lines: String...) -> String {
        var headers = HTTPFields()
        for line in lines { headers.append(HTTPField(name: .accept, value: line)) }
        return ContentNegotiation.mediaType(for: headers)
    }

    @Test(arguments: [
        "application/hal+json", "Application/HAL+JSON", " application/hal+json ", "application/hal+json;q=1",
        "application/hal+json; q=0.001", "application/hal+json ;Q=0.5", "application/hal+json;q=1.000",
        "application/hal+json;charset=utf-8", "application/hal+json;profile=\"a,b;q=0\"",
        "application/hal+json;profile=http://a/b",
        "application/hal+json;v=1;q=0.5;ext=1", "application/hal+json, application/json",
        "application/json, application/hal+json",
        "application/json;q=0.9, application/hal+json;q=0.9", "application/json;q=0.5,application/hal+json;q=0.6",
        "application/hal+json;q=0.5, application/json;q=0", "application/hal+json, */*", "application/hal+json, */*;q=0.1",
        "application/hal+json;q=0.4, application/*;q=0.3, */*", "application/hal+json;q=0.1, application/json;q=0.1, */*;q=0.9",
        "text/html, application/hal+json;q=0.2", "application/hal+json;q=0, application/hal+json;q=1", ",,application/hal+json,,",
        "nonsense, application/hal+json", "application/json;q=x, application/hal+json;q=0.1",
    ])
    func hal(_ accept: String) {
        #expect(mediaType(accept) == "application/hal+json")
    }

    @Test(arguments: [
        "", " ", "*/*", "application/*", "application/json", "APPLICATION/JSON", "text/html", "image/*", "application/xml;q=0.9",
        "application/hal+json;q=0", "application/hal+json;q=0.0", "application/hal+json; Q=0.000",
        "application/hal+json;q=0, */*",
        "application/hal+jsonx", "xapplication/hal+json", "application/hal+json-seq", "application/vnd.hal+json",
        "application/hal json", "application/hal", "application/prs.hal-forms+json", "text/hal+json", "application /hal+json",
        "application/hal+json;q=0.5, application/json", "application/hal+json;q=0.5, */*",
        "application/hal+json;q=0.5, application/*",
        "application/hal+json;q=0.5, application/json;q=0.501", "application/*;q=1, application/json;q=0.1",
        "application/hal+json;q=x", "application/hal+json;q=", "application/hal+json;q", "application/hal+json;q=2",
        "application/hal+json;q=1.1", "application/hal+json;q=-1", "application/hal+json;q=.5", "application/hal+json;q=1e0",
        "application/hal+json;q=0x1", "application/hal+json;q=inf", "application/hal+json;q=0,5", "application/hal+json;q=0.5.5",
        "application/hal+json;profile=\"unclosed", "text/html;a=\"application/hal+json\"",
        "text/html;a=\", application/hal+json\"",
        "x;application/hal+json", "\"application/hal+json\"", "application/hal+json/x", "+/+",
    ])
    func json(_ accept: String) {
        #expect(mediaType(accept) == "application/json")
    }

    @Test(arguments: [
        "text/csv", "Text/CSV", "text/csv;q=0.001", "text/csv;charset=utf-8", "text/csv; charset=UTF8; header=present", "text/*",
        "text/csv, */*", "text/csv, application/*", "text/csv, */*;q=0.1", "text/csv, application/json;q=0.9",
        "application/hal+json;q=0.5, text/csv;q=0.6", "text/html, text/csv;q=0.2", "text/*;q=0.5, application/json;q=0.4",
        "application/json;q=0, application/hal+json;q=0, */*", "text/csv;q=x, text/csv;q=0.5", "text/csv;header=absent, text/csv",
    ])
    func csv(_ accept: String) { #expect(ContentNegotiation.prefersCSV([.accept: accept])) }

    @Test(arguments: [
        "", "*/*", "application/json", "application/hal+json", "text/csv;q=0", "text/csv;q=0, */*", "text/csv, application/json",
        "application/json, text/csv", "application/hal+json, text/csv", "text/csv;q=0.5, application/json;q=0.6",
        "text/csv;q=0.5, */*;q=0.6", "text/html, */*;q=0.8", "text/*, application/json", "text/*, */*", "text/html", "text/csvx",
        "text/csv;charset=utf-16", "text/csv;header=absent", "text/csv;q=2", "text/html;a=\"text/csv\"", "text/csv/x",
    ])
    func noCSV(_ accept: String) { #expect(!ContentNegotiation.prefersCSV([.accept: accept])) }

    @Test func severalLines() {
        #expect(mediaType("text/html", "application/hal+json") == "application/hal+json")
        #expect(mediaType("application/hal+json;q=0.5", "application/json") == "application/json")
        #expect(mediaType("application/json;q=0.5", "application/hal+json") == "application/hal+json")
        #expect(ContentNegotiation.mediaType(for: [:]) == "application/json")
    }

    /// As long as a header may be, in every way that could take long.
    @Test func longHeaders() {
        for piece in [",", ";", "\"", "\\", "a/b,", "a/b;q=0.1,", ";a=\"", "application/hal+jsonx,", "é"] {
            let long = String(repeating: piece, count: 8000 / piece.utf8.count)
            #expect(mediaType(long) == "application/json")
        }
        #expect(mediaType(String(repeating: "a/b;q=0.1, ", count: 700) + "application/hal+json") == "application/hal+json")
    }

    @Test(arguments: [
        "text/html", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", "text/html, */*",
        "TEXT/HTML;q=0.9, application/json;q=0.8", "text/html;charset=utf-8", "application/json;q=0, text/html;q=0.1",
    ])
    func page(_ accept: String) { #expect(ContentNegotiation.prefersHTML([.accept: accept])) }

    @Test(arguments: [
        "*/*", "application/json", "application/json, text/html", "text/html, application/hal+json", "text/html;q=0", "",
        "text/csv", "application/json, */*", "text/html;q=0.5, application/json", "text/htmlx", "image/png",
    ])
    func noPage(_ accept: String) { #expect(!ContentNegotiation.prefersHTML([.accept: accept])) }
}
