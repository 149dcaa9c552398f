import Authentication
import Foundation
import HTTPServer
import NIOCore
import Redis
import TestSupport
import Testing

/// The pages over HTTP, without scripts: what the server itself does. BrowserTests clicks through them.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct PagesTests {
    private static let secret = "0123456789abcdef0123456789abcdef"

    private static func browser(_ deployment: TestDeployment, language: String = "en") -> Browser {
        Browser(deployment.visitor, origin: deployment["gateway"].url("gateway"), language: language)
    }

    private static func token(_ subject: String, _ role: AccessRole) async throws -> String {
        let rules = AuthenticationRules(issuer: nil, audience: nil, roleClaim: "role", subjectClaim: "sub")
        return try await TokenIssuer(secret: Array(secret.utf8), rules: rules).token(
            subject: subject, role: role, now: Date().timeIntervalSince1970, lifetime: 3600)
    }

    private static func fields(_ page: Browser.Page, seats: String = "2") throws -> [String: String] {
        [
            "token": try #require(page.field("token")), "key": try #require(page.field("key")),
            "museumId": try #require(page.field("museumId")), "seats": seats, "name": "Kim <b>", "contact": "", "note": "",
        ]
    }

    private static func available(_ exhibition: String, _ deployment: TestDeployment) async throws -> Int? {
        try await deployment.visitor.get("/museums/\(exhibition)").json["available"]?.integer
    }

    @Test(arguments: [true, false]) func aVisitorBooksAndCancels(hasKeys: Bool) async throws {
        let deployment = try await TestDeployment.open(environment: hasKeys ? ["AUTH_SECRET": Self.secret] : [:])
        let staff =
            hasKeys
            ? deployment.visitor.with(headers: ["Authorization": "Bearer " + (try await Self.token("mina", .staff))])
            : deployment.visitor
        let exhibition = try await staff.register(capacity: 10, title: "Monet")
        let browser = Self.browser(deployment)
        for path in ["/", "/museums"] {
            let list = try await browser.open(path)
            #expect(list.status == 200 && list.html.contains(#"data-museum="\#(exhibition)" data-state="open""#), "\(list.html)")
            #expect(list.html.contains("10 seats left") && list.html.contains("Thursday, 24 December 2099"))
        }
        let form = try await browser.open("/museums/\(exhibition)")
        let booked = try await browser.submit("/forms/book", try Self.fields(form))
        #expect(booked.status == 200 && booked.path.hasSuffix("?booked"), "\(booked.path) \(booked.html)")
        let id = try #require(booked.attribute("data-booking"))
        #expect(booked.html.contains("Your booking has been received.") && booked.html.contains("2 people"))
        #expect(try await Self.available(exhibition, deployment) == 8)
        try await eventually("admission is confirmed") {
            try await browser.open("/myPages/\(id)").html.contains(#"data-admission="CONFIRMED""#)
        }
        let mine = try await browser.open("/myPages")
        #expect(mine.html.contains(#"data-booking="\#(id)""#) && mine.html.contains("Admission confirmed"))

        let question = try await browser.open("/myPages/\(id)/cancel")
        #expect(question.html.contains("Cancel this booking?"))
        let canceled = try await browser.submit(
            "/forms/cancel", ["token": try #require(question.field("token")), "bookId": id])
        #expect(canceled.path == "/myPages/\(id)?canceled" && canceled.html.contains("Your booking has been canceled."))
        try await eventually("the seats are free") { try await Self.available(exhibition, deployment) == 10 }
        // Again: nothing more happens.
        let again = try await browser.submit("/forms/cancel", ["token": try #require(question.field("token")), "bookId": id])
        #expect(again.status == 200)
        #expect(try await browser.open("/myPages/\(id)/cancel").path == "/myPages/\(id)")
        // Another browser has neither the booking nor a list.
        let other = Self.browser(deployment)
        #expect(try await other.open("/myPages").html.contains("You have no bookings yet."))
        if hasKeys { #expect(try await other.open("/myPages/\(id)").status == 401) }
    }

    /// A form that is sent twice, from two windows, after a lost response or from the browser's history.
    @Test func oneFormMakesOneBooking() async throws {
        let deployment = try await TestDeployment.open()
        let exhibition = try await deployment.visitor.register(capacity: 10)
        let browser = Self.browser(deployment)
        let first = try await browser.open("/museums/\(exhibition)")
        let second = try await browser.open("/museums/\(exhibition)")
        let form = try Self.fields(first)
        // The first response gives a session only, and nothing is booked without it.
        let begun = try await browser.submitOnce("/forms/book", form)
        #expect(begun.status == 307 && begun.header("Location") == "/forms/book")
        #expect(try await Self.available(exhibition, deployment) == 10)
        let (client, body) = (browser.client, Browser.encoded(form))
        let headers = [
            "Cookie": browser.cookies.map { "\($0)=\($1)" }.joined(separator: "; "),
            "Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html",
        ]
        async let one = client.send("POST", "/forms/book", body, headers: headers)
        let paths = [
            try await browser.submit("/forms/book", form).path, try await browser.submit("/forms/book", form).path,
            try await browser.submit("/forms/book", try Self.fields(second)).path, try await one.header("Location"),
        ]
        #expect(Set(paths.compactMap { $0 }).count == 1 && !paths.contains(nil), "\(paths)")
        #expect(try await Self.available(exhibition, deployment) == 8)
        // Other seats from the same window are no other booking.
        let changed = try await browser.submit("/forms/book", try Self.fields(first, seats: "3"))
        #expect(changed.status == 422 && changed.attribute("data-problem") == "idempotency-mismatch")
        #expect(changed.html.contains(#"name="seats" type="number" inputmode="numeric" min="1" max="100" required value="3""#))
        // The page, read again, books anew.
        try await eventually("the page knows the booking") {
            try await browser.open("/museums/\(exhibition)").html.contains("Your bookings of this exhibition")
        }
        let more = try await browser.submit("/forms/book", try Self.fields(try await browser.open("/museums/\(exhibition)")))
        #expect(more.path.hasSuffix("?booked") && !paths.contains(more.path))
        #expect(try await Self.available(exhibition, deployment) == 6)
        // A window that still has the first form, after that booking was canceled: nothing is said to be booked.
        let id = try #require(paths[0]?.split(separator: "/").last?.split(separator: "?").first.map(String.init))
        _ = try await browser.submit("/forms/cancel", ["token": try #require(first.field("token")), "bookId": id])
        let late = try await browser.submit("/forms/book", form)
        #expect(late.status == 409 && late.attribute("data-problem") == "already-canceled", "\(late.status)")
        #expect(late.field("key") != form["key"])
    }

    @Test func refusalsAreSaidOnThePage() async throws {
        let deployment = try await TestDeployment.open()
        let exhibition = try await deployment.visitor.register(capacity: 3)
        let browser = Self.browser(deployment, language: "ko-KR,ko;q=0.9")
        let form = try await browser.open("/museums/\(exhibition)")
        #expect(form.html.contains(#"<html lang="ko""#) && form.html.contains("남은 자리 3석"))
        let tooMany = try await browser.submit("/forms/book", try Self.fields(form, seats: "4"))
        #expect(tooMany.status == 409 && tooMany.attribute("data-problem") == "sold-out")
        #expect(tooMany.html.contains("남은 자리가 3석뿐입니다") && tooMany.html.contains(#"value="Kim &lt;b&gt;""#))
        let wrong = try await browser.submit("/forms/book", try Self.fields(form, seats: "0"))
        #expect(wrong.status == 422 && wrong.html.contains("인원 항목이 올바르지 않습니다."))
        // The same form, mended, books.
        #expect(try await browser.submit("/forms/book", try Self.fields(form, seats: "3")).path.hasSuffix("?booked"))
        #expect(try await browser.open("/museums/\(exhibition)").html.contains(#"data-state="sold-out""#))
        _ = try await deployment.visitor.send("PATCH", "/museums/\(exhibition)", #"{"status":"CLOSED"}"#)
        let closed = try await browser.open("/museums/\(exhibition)")
        #expect(closed.html.contains("예약 마감") && !closed.html.contains(#"id="book""#))
        _ = try await deployment.visitor.delete("/museums/\(exhibition)")
        #expect(try await browser.open("/museums/\(exhibition)").html.contains("취소된 전시"))
        #expect(try await !browser.open("/").html.contains(#"data-museum="\#(exhibition)""#))
        try await eventually("the booking is force-canceled") {
            try await browser.open("/myPages").html.contains("미술관이 이 전시를 취소했습니다.")
        }
        for (path, status, slug) in [
            ("/museums/a999", 404, "unknown-museum"), ("/museums/x", 404, "unknown-museum"), ("/nothing", 404, "unknown-path"),
            ("/myPages/a1-7q2k9fx03mzr", 404, "unknown-booking"), ("/myPages/x", 404, "unknown-booking"),
            ("/museums?date=2026-02-30", 400, "invalid-parameter"), ("/museums?cursor=x", 400, "invalid-parameter"),
        ] {
            let page = try await browser.open(path)
            #expect(page.status == status && page.attribute("data-problem") == slug, "\(path) \(page.status) \(page.html)")
            #expect(page.answer.header("Content-Type") == "text/html; charset=utf-8")
        }
    }

    /// A page of another site can make a browser send a form, but not one with the right token.
    @Test func formsOfOtherSitesAreRefused() async throws {
        let deployment = try await TestDeployment.open()
        let exhibition = try await deployment.visitor.register(capacity: 10)
        let browser = Self.browser(deployment)
        let page = try await browser.open("/museums/\(exhibition)")
        let form = try Self.fields(page)
        let stranger = try Self.fields(try await Self.browser(deployment).open("/museums/\(exhibition)"))
        for token in [nil, "", "x", stranger["token"]] {
            var forged = form
            forged["token"] = token
            for path in ["/forms/book", "/forms/cancel", "/forms/sign-in", "/forms/sign-out"] {
                let answer = try await browser.submitOnce(path, forged)
                #expect(answer.status == 403 && answer.text.contains("data-problem=\"forbidden\""), "\(path) \(answer.status)")
            }
        }
        // Without the cookie the token is worth nothing.
        let cookie = browser.cookies.removeValue(forKey: "form")
        #expect(try await browser.submitOnce("/forms/book", form).status == 403)
        browser.cookies["form"] = cookie
        // With a session, another site's origin is refused as well, and JSON is no form.
        #expect(try await browser.submit("/forms/book", form).path.hasSuffix("?booked"))
        let foreign = Browser(deployment.visitor, origin: "https://evil.example")
        foreign.cookies = browser.cookies
        #expect(try await foreign.submitOnce("/forms/book", form).status == 403)
        let json = try await deployment.visitor.send("POST", "/forms/book", "{}")
        #expect(json.status == 415 && json.header("Accept") == "application/x-www-form-urlencoded")
        let asForm = try await deployment.visitor.send(
            "POST", "/books", "museumId=\(exhibition)", headers: ["Content-Type": "application/x-www-form-urlencoded"])
        #expect(asForm.status == 415)
        #expect(try await Self.available(exhibition, deployment) == 8)
    }

    @Test func staffAndOperatorsSignIn() async throws {
        let deployment = try await TestDeployment.open(environment: ["AUTH_SECRET": Self.secret])
        for (role, open) in [
            (AccessRole.visitor, []), (.staff, ["/staff", "/staff/new"]), (.admin, ["/staff", "/staff/new", "/operator"]),
        ] {
            let browser = Self.browser(deployment)
            for path in ["/staff", "/staff/new", "/staff/day", "/staff/bookings", "/staff/museums/a1", "/operator"] {
                let page = try await browser.open(path)
                #expect(page.status == 401 && page.html.contains(#"href="/sign-in""#), "\(path) \(page.status)")
            }
            let page = try await browser.open("/sign-in")
            let token = try #require(page.field("token"))
            let refused = try await browser.submit("/forms/sign-in", ["token": token, "bearer": "nonsense"])
            #expect(refused.status == 401 && !refused.html.contains("nonsense"))
            let bearer = try await Self.token("mina", role)
            let signedIn = try await browser.submit("/forms/sign-in", ["token": token, "bearer": bearer])
            #expect(signedIn.status == 200 && signedIn.html.contains("mina"), "\(signedIn.path)")
            for path in ["/staff", "/staff/new", "/operator"] {
                #expect(try await browser.open(path).status == (open.contains(path) ? 200 : 403), "\(role) \(path)")
            }
            // The session has ended, and the page says so.
            let cookies = browser.cookies
            #expect(try await browser.submit("/forms/sign-out", ["token": token]).path == "/")
            #expect(browser.cookies["session"] == nil)
            browser.cookies = cookies
            let ended = try await browser.open("/")
            #expect(ended.status == 200 && ended.html.contains("Your session has ended."))
            #expect(try await browser.open("/staff").status == 401)
        }
    }

    /// A page asks the API for its sender, and counts as the sender's requests.
    @Test func aSenderHasTheSameLimitOnPages() async throws {
        let deployment = try await TestDeployment.open(environment: ["AUTH_SECRET": Self.secret, "RATE_LIMIT": "30"])
        let browser = Self.browser(deployment)
        let token = try #require(try await browser.open("/sign-in").field("token"))
        _ = try await browser.submit("/forms/sign-in", ["token": token, "bearer": try await Self.token("kim", .visitor)])
        var statuses: [Int] = []
        for _ in 1...40 { statuses.append(try await browser.open("/myPages").status) }
        #expect(statuses.first == 200 && statuses.last == 429, "\(statuses)")
        let last = try await browser.open("/myPages")
        #expect(last.attribute("data-problem") == "too-many-requests" && last.answer.header("Retry-After") != nil)
        // Others are not affected.
        #expect(try await Self.browser(deployment).open("/myPages").status == 200)
    }

    /// Who was signed in when the form was shown, and is not any more, does not book as a guest.
    @Test func aFormOutlivesItsSession() async throws {
        let deployment = try await TestDeployment.open(environment: ["AUTH_SECRET": Self.secret])
        let staff = deployment.visitor.with(
            headers: ["Authorization": "Bearer " + (try await Self.token("mina", .staff))])
        let exhibition = try await staff.register(capacity: 10)
        let browser = Self.browser(deployment)
        let token = try #require(try await browser.open("/sign-in").field("token"))
        let bearer = try await Self.token("kim", .visitor)
        _ = try await browser.submit("/forms/sign-in", ["token": token, "bearer": bearer])
        let page = try await browser.open("/museums/\(exhibition)")
        var form = try Self.fields(page)
        form["visitor"] = page.field("visitor")
        let redis = try deployment.redis.client()
        for key in try await redis.send("KEYS", "gateway:session:*").asTexts() { _ = try await redis.send("DEL", key) }
        let refused = try await browser.submit("/forms/book", form)
        #expect(refused.status == 401 && refused.attribute("data-problem") == "unauthenticated", "\(refused.html)")
        #expect(refused.html.contains("Nothing was booked.") && refused.html.contains(#"value="Kim &lt;b&gt;""#))
        #expect(try await Self.available(exhibition, deployment) == 10)
        _ = try await browser.submit("/forms/sign-in", ["token": token, "bearer": bearer])
        #expect(try await browser.submit("/forms/book", form).path.hasSuffix("?booked"))
        #expect(try await Self.available(exhibition, deployment) == 8)
    }

    @Test func staffSeeAnExhibitionThatExists() async throws {
        let deployment = try await TestDeployment.open()
        let browser = Self.browser(deployment)
        let exhibition = try await deployment.visitor.register(capacity: 10, title: "<b>{{t.museum}}")
        let page = try await browser.open("/staff/museums/\(exhibition)")
        #expect(page.status == 200 && page.html.contains("<h1><bdi>&lt;b&gt;{{t.museum}}</bdi></h1>"))
        #expect(page.attribute("data-museum") == exhibition && page.answer.header("Cache-Control") == "no-store")
        for id in ["a999", "nonsense"] {
            let unknown = try await browser.open("/staff/museums/\(id)")
            #expect(unknown.status == 404 && unknown.html.contains(#"data-problem="unknown-museum""#), "\(id)")
        }
        // What a form was sent with is in the form again, and nothing else of the query.
        let found = try await browser.open("/staff?title=%22%3E%3Cscript%3E&hall=A+hall&x=y")
        #expect(found.html.contains(#"name="title" maxlength="200" value="&quot;&gt;&lt;script&gt;""#))
        #expect(found.html.contains(#"value="A hall""#) && found.html.contains(#"<a href="/staff">Show all</a>"#))
    }

    @Test func aGuestFindsABookingOnAnotherDevice() async throws {
        let deployment = try await TestDeployment.open()
        let exhibition = try await deployment.visitor.register(capacity: 10)
        let browser = Self.browser(deployment)
        var fields = try Self.fields(try await browser.open("/museums/\(exhibition)"))
        fields["contact"] = "Kim@Example.org"
        let id = try #require(try await browser.submit("/forms/book", fields).attribute("data-booking"))
        let other = Self.browser(deployment)
        let token = try #require(try await other.open("/sign-in").field("token"))
        let wrong = try await other.submit("/forms/sign-in", ["token": token, "bookId": id, "contact": "lee@example.org"])
        #expect(wrong.status == 401 && wrong.html.contains(id))
        let found = try await other.submit("/forms/sign-in", ["token": token, "bookId": id, "contact": "kim@example.org"])
        #expect(found.path == "/myPages")
        try await eventually("the booking is listed") { try await other.open("/myPages").html.contains(id) }
    }

    @Test func languageIsKept() async throws {
        let deployment = try await TestDeployment.open()
        let browser = Self.browser(deployment, language: "en")
        let page = try await browser.open("/museums?hall=A+hall")
        #expect(page.html.contains(#"<html lang="en""#) && page.answer.header("Content-Language") == "en")
        #expect(page.html.contains(#"href="/language/ko?return=%2Fmuseums%3Fhall%3DA%2Bhall""#))
        let switched = try await browser.open("/language/ko?return=%2Fmuseums%3Fhall%3DA%2Bhall")
        #expect(switched.path == "/museums?hall=A+hall" && switched.html.contains(#"<html lang="ko""#))
        #expect(try await browser.open("/myPages").html.contains("아직 예약이 없습니다."))
        #expect(try await browser.open("/language/ko?return=//evil.example").path == "/")
        #expect(try await browser.open("/language/fr").status == 404)
    }

    @Test func headersAndAssets() async throws {
        let deployment = try await TestDeployment.open()
        let exhibition = try await deployment.visitor.register(capacity: 10)
        let browser = Self.browser(deployment)
        for path in ["/", "/museums/\(exhibition)", "/myPages", "/sign-in", "/staff", "/operator", "/nothing"] {
            let answer = try await browser.send("GET", path)
            let policy = answer.header("Content-Security-Policy") ?? ""
            for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
                #expect(policy.contains(part), "\(path)")
            }
            #expect(!policy.contains("unsafe") && !answer.text.contains("<script>") && !answer.text.contains(" style="))
            #expect(answer.header("X-Content-Type-Options") == "nosniff")
            #expect(answer.header("Referrer-Policy") == "same-origin" && answer.header("X-Frame-Options") == "DENY")
            #expect(answer.header("Vary")?.contains("Accept") == true)
            #expect(answer.header("Cache-Control")?.contains("public") == false)
            let head = try await browser.send("HEAD", path)
            #expect(head.status == answer.status && head.body.readableBytes == 0)
        }
        // The API is as it was, whatever a browser accepts.
        #expect(try await deployment.visitor.get("/").json["_links"]?["museums"] != nil)
        #expect(
            try await deployment.visitor.get("/museums", headers: ["Accept": "application/json, text/html"]).json["_links"] != nil
        )
        #expect(try await deployment.visitor.get("/nothing").problem == "unknown-path")
        #expect(try await browser.send("GET", "/books").header("Content-Type") == "application/json")

        let page = try await browser.open("/")
        let assets = page.html.matches(of: /(?:href|src|data-words)="(\/assets\/[^"]+)"/).map { String($0.1) }
        #expect(assets.count >= 5)
        for path in Set(assets) {
            let plain = try await deployment.visitor.get(path)
            #expect(plain.status == 200 && plain.header("Cache-Control") == "public, max-age=31536000, immutable")
            #expect(
                plain.header("X-Content-Type-Options") == "nosniff" && plain.header("Vary")?.contains("Accept-Encoding") == true)
            let small = try await deployment.visitor.get(path, headers: ["Accept-Encoding": "gzip"])
            #expect(small.header("Content-Encoding") == "gzip")
            #expect(small.body.readableBytes < plain.body.readableBytes && small.body.readableBytes > 50)
            // A page of another release, during an update: this one's asset, and not for ever.
            let other = "/assets/0000000000000000/" + (path.split(separator: "/").last ?? "")
            #expect(try await deployment.visitor.get(other).header("Cache-Control") == "no-cache")
        }
        #expect(try await deployment.visitor.get("/assets/0000000000000000/../x").status == 404)
        #expect(try await deployment.visitor.get("/assets/x/nothing.js").problem == "unknown-path")
    }

    /// One title among many, and lists longer than a page.
    @Test func manyExhibitions() async throws {
        let deployment = try await TestDeployment.open()
        for day in 1...30 {
            for hall in 1...3 {
                _ = try await deployment.visitor.register(
                    capacity: 1, hall: "Hall \(hall)", date: "2099-01-" + (day < 10 ? "0" : "") + "\(day)",
                    title: day == 29 && hall == 3 ? "모네 & friends" : "Other")
            }
        }
        let browser = Self.browser(deployment)
        var path: String? = "/museums"
        var found: [String] = []
        while let current = path {
            let page = try await browser.open(current)
            found += page.html.matches(of: /data-museum="([^"]+)"/).map { String($0.1) }
            path = page.html.firstMatch(of: /class="more"><a href="([^"]+)"/).map { String($0.1).replacing("&amp;", with: "&") }
        }
        #expect(found.count == 90 && Set(found).count == 90)
        let one = try await browser.open("/museums?title=%EB%AA%A8%EB%84%A4")
        #expect(one.html.matches(of: /data-museum=/).count == 1 && one.html.contains("모네 &amp; friends"))
        #expect(try await browser.open("/museums?date=2099-01-03&hall=Hall+2").html.matches(of: /data-museum=/).count == 1)
        #expect(try await browser.open("/museums?hall=Nowhere").html.contains("No exhibition matches."))
    }
}
