import Contracts
import Foundation
import HTTPServer
import HTTPTypes
import Mustache
import Testing

@testable import Pages

struct RenderingTests {
    @Test func textIsEscapedScalarByScalar() throws {
        #expect(EscapedHTML().escapeText(#"<a b='c' d="e">&"#) == "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;")
        // A quote and a combining mark are one character, and browsers see the quote.
        #expect(EscapedHTML().escapeText("\"\u{301} onclick=x") == "&quot;\u{301} onclick=x")
        #expect(EscapedHTML().escapeText("<\u{338}") == "&lt;\u{338}")
    }

    /// In each place of a page where text from outside is shown.
    @Test func nothingOfATextBecomesMarkup() throws {
        let hostile = "\"\u{301}'<script>alert(1)</script>{{t.museum}}&"
        let library = try Templates.shared.get()
        let item = ["id": hostile, "title": hostile, "hall": hostile, "state": hostile]
        let html = library.render(
            [
                "t": ["museum": "Museum"], "page": ["title": hostile, "token": hostile],
                "main": [
                    "date": hostile, "hall": hostile, "title": hostile, "isEmpty": false,
                    "days": [["date": hostile, "text": hostile, "exhibitions": [item]] as [String: Any]],
                ] as [String: Any],
            ] as [String: Any], withTemplate: "exhibitions")
        let page = try #require(html)
        #expect(!page.contains("<script>") && !page.unicodeScalars.elementsEqual("".unicodeScalars))
        #expect(!page.unicodeScalars.split(separator: "\u{301}").dropLast().contains { $0.last == "\"" })
        // The layout itself, a partial and a loop have each shown it.
        #expect(page.matches(of: /\{\{t\.museum\}\}/).count >= 5)
    }

    @Test(
        arguments: [
            ("ko-KR,ko;q=0.9,en;q=0.8", "ko"), ("en-US,en;q=0.9,ko;q=0.8", "en"), ("fr, ko;q=0.5", "ko"), ("fr", "en"),
            ("", "en"),
            ("ko;q=0", "en"), ("*", "en"), ("KO", "ko"), ("kok, en;q=0.1", "en"), ("en;q=x, ko;q=0.1", "ko"), (",;,", "en"),
        ])
    func languageOfTheBrowser(_ accept: String, _ language: String) {
        #expect(Language.of([.acceptLanguage: accept]).rawValue == language)
        #expect(Language.of([.acceptLanguage: accept, .cookie: "a=b; language=ko"]).rawValue == "ko")
        #expect(Language.of([.acceptLanguage: accept, .cookie: "language=xx"]).rawValue == language)
    }

    @Test func datesAndTimes() throws {
        let seoul = try #require(TimeZone(identifier: "Asia/Seoul"))
        let korean = LocalTexts(language: .korean, timeZone: seoul)
        let english = LocalTexts(language: .english, timeZone: seoul)
        #expect(korean.day("2026-12-24") == "2026년 12월 24일 목요일")
        #expect(english.day("2026-12-24") == "Thursday, 24 December 2026")
        #expect(korean.time(from: "14:00", to: "15:30") == "오후 2:00–오후 3:30")
        #expect(english.time(from: "14:00", to: nil) == "14:00")
        #expect(english.time(from: nil, to: nil) == nil)
        #expect(english.moment("2026-12-23T15:00:00.000Z") == "24 Dec 2026, 00:00:00")
        #expect(korean.moment("2026-12-23T15:00:00.000Z") == "2026년 12월 24일 오전 12:00:00")
        // What can't be read is shown as it is.
        #expect(english.day("x") == "x" && english.moment("x") == "x")
    }

    @Test(arguments: ["//evil.example", "https://evil.example", "/\\evil.example", "", "museums", "/a\r\nSet-Cookie: x=y", "/é"])
    func leadsOnToThisSiteOnly(_ path: String) { #expect(LocalPath.checked(path) == "/") }

    @Test func leadsOnWithTheQuery() { #expect(LocalPath.checked("/museums?hall=A%20hall&x=1") == "/museums?hall=A%20hall&x=1") }

    @Test func assetsAreCompressedOnlyWhereAccepted() throws {
        #expect(Assets.acceptsGzip([.acceptEncoding: "gzip, deflate, br"]))
        #expect(Assets.acceptsGzip([.acceptEncoding: "br;q=1, GZIP;q=0.5"]))
        #expect(!Assets.acceptsGzip([.acceptEncoding: "gzip;q=0"]))
        #expect(!Assets.acceptsGzip([.acceptEncoding: "br, identity"]))
        #expect(!Assets.acceptsGzip([:]))
    }
}

struct FormTokenTests {
    @Test func isBoundToTheCookie() throws {
        let first = FormToken([:])
        #expect(first.isNew)
        let again = FormToken([.cookie: "form=\(first.secret)"])
        #expect(!again.isNew && again.text == first.text)
        #expect(FormToken([:]).text != first.text)
        #expect(FormToken([.cookie: "form=abc"]).isNew)
        #expect(FormToken([.cookie: "form=\(first.secret); form=\(first.secret)"]).isNew)
        // What a page shows does not tell the cookie, and one purpose's text is not another's.
        #expect(first.text != first.secret && first.bookingKey(exhibition: "a1", number: 0) != first.text)
        #expect(first.bookingKey(exhibition: "a1", number: 0) != first.bookingKey(exhibition: "a1", number: 1))
        #expect(first.bookingKey(exhibition: "a1", number: 0) == again.bookingKey(exhibition: "a1", number: 0))
    }
}

struct ExhibitionStateTests {
    private func exhibition(
        date: String = "2026-12-24", start: String? = nil, end: String? = nil, available: Int = 1, status: String = "OPEN"
    ) throws -> Exhibition {
        let times = (start.map { #","startTime":"\#($0)""# } ?? "") + (end.map { #","endTime":"\#($0)""# } ?? "")
        let json =
            #"{"id":"a1","hall":"A","date":"\#(date)","capacity":5,"available":\#(available),"status":"\#(status)"\#(times)}"#
        return try #require(Exhibition(JSON(parsing: Array(json.utf8))))
    }

    private let now = LocalDateTime(1_798_095_600_000, secondsFromGMT: 9 * 3600)  // 2026-12-24 16:00

    @Test func states() throws {
        #expect(now.date == "2026-12-24" && now.time == "16:00")
        #expect(try exhibition().state(at: now) == .open)
        #expect(try exhibition(available: 0).state(at: now) == .soldOut)
        #expect(try exhibition(available: 0, status: "CLOSED").state(at: now) == .closed)
        #expect(try exhibition(status: "DELETED").state(at: now) == .deleted)
        #expect(try exhibition(date: "2026-12-23").state(at: now) == .over)
        #expect(try exhibition(start: "14:00", end: "16:00").state(at: now) == .over)
        #expect(try exhibition(start: "14:00", end: "16:01").state(at: now) == .open)
        // It ends on the next day.
        #expect(try exhibition(date: "2026-12-23", start: "22:00", end: "17:00").state(at: now) == .open)
        #expect(try exhibition(date: "2026-12-23", start: "22:00", end: "16:00").state(at: now) == .over)
        #expect(try exhibition(date: "2026-12-23", status: "CLOSED").state(at: now) == .over)
    }
}
