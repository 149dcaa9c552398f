import Authentication
import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

/// Sessions of browsers, and how often somebody may send requests.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct SessionTests {
    private static let secret = "0123456789abcdef0123456789abcdef"

    private static func token(_ subject: String, _ role: AccessRole) async throws -> String {
        let rules = AuthenticationRules(issuer: nil, audience: nil, roleClaim: "role", subjectClaim: "sub")
        return try await TokenIssuer(secret: Array(secret.utf8), rules: rules).token(
            subject: subject, role: role, now: Date().timeIntervalSince1970, lifetime: 3600)
    }

    private static func header(_ subject: String, _ role: AccessRole) async throws -> [String: String] {
        ["Authorization": "Bearer " + (try await token(subject, role))]
    }

    /// Begins a session, and returns what a browser sends from then on.
    private static func begin(_ client: Visitor, _ body: String = "{}", cookie: String? = nil) async throws -> (
        answer: Visitor.Answer, cookie: [String: String]
    ) {
        let answer = try await client.send("POST", "/sessions", body, headers: cookie.map { ["Cookie": $0] } ?? [:])
        let field = answer.header("Set-Cookie") ?? ""
        return (answer, ["Cookie": String(field.prefix { $0 != ";" })])
    }

    @Test(arguments: [true, false]) func aGuestBooksAndSeesOwnBookings(hasKeys: Bool) async throws {
        let deployment = try await TestDeployment.open(environment: hasKeys ? ["AUTH_SECRET": Self.secret] : [:])
        let gateway = deployment.visitor
        let staff = hasKeys ? gateway.with(headers: try await Self.header("mina", .staff)) : gateway
        let exhibition = try await staff.register(capacity: 10)

        let (began, cookie) = try await Self.begin(gateway)
        #expect(began.status == 201)
        #expect(began.json["role"]?.text == "visitor")
        let field = try #require(began.header("Set-Cookie"))
        for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=15552000"] { #expect(field.contains(part), "\(field)") }
        // On loopback a browser has no TLS.
        #expect(!field.contains("Secure"))
        let subject = try #require(began.json["subject"]?.text)

        let booked = try await gateway.send("POST", "/books", #"{"museumId":"\#(exhibition)"}"#, headers: cookie)
        #expect(booked.status == 201, "\(booked.text)")
        #expect(booked.json["visitor"]?.text == subject)
        let id = try #require(booked.json["id"]?.text)
        try await eventually("the row is there") { try await gateway.get("/myPages/\(id)", headers: cookie).status == 200 }
        let (_, other) = try await Self.begin(gateway)
        if hasKeys {
            #expect(try await gateway.get("/books/\(id)", headers: other).status == 404)
            #expect(try await gateway.get("/books/\(id)").status == 401)
            #expect(try await gateway.get("/books", headers: cookie).status == 403)
        }

        // The same guest, asked again; and what Redis keeps is not the cookie.
        let again = try await gateway.send("POST", "/sessions", "{}", headers: cookie)
        #expect(again.json["subject"]?.text == subject)
        #expect(try await gateway.get("/sessions", headers: cookie).json["subject"]?.text == subject)
        let redis = try deployment.redis.client()
        let value = try #require(cookie["Cookie"]?.split(separator: "=").last.map(String.init))
        for key in try await redis.send("KEYS", "gateway:session:*").asTexts() {
            let text = try await redis.send("GET", key).asText()
            #expect(!(key + text).contains(value))
            let left = try await redis.send("PTTL", key).asInteger()
            #expect((1...180 * 86_400_000).contains(left))
        }

        let ended = try await gateway.send("DELETE", "/sessions", headers: cookie)
        #expect(ended.status == 204)
        #expect(ended.header("Set-Cookie")?.contains("Max-Age=0") == true)
        #expect(try await gateway.get("/sessions", headers: cookie).status == 401)
        if hasKeys { #expect(try await gateway.get("/books/\(id)", headers: cookie).status == 401) }
    }

    @Test(arguments: [true, false]) func aGuestComesBackOnAnotherDevice(fiveProcesses: Bool) async throws {
        let redis = try await RedisServer.start()
        let ports = try MuseumProcess.freePorts()
        var processes: [MuseumProcess] = []
        for roles in fiveProcesses ? MuseumProcess.allRoles.map({ [$0] }) : [MuseumProcess.allRoles] {
            processes.append(
                try await MuseumProcess.start(roles, ports: ports, redis: redis, environment: ["AUTH_SECRET": Self.secret]))
        }
        let gateway = Visitor(processes[0].url("gateway"))
        let staff = gateway.with(headers: try await Self.header("mina", .staff))
        let exhibition = try await staff.register(capacity: 10)
        let (began, cookie) = try await Self.begin(gateway)
        let subject = try #require(began.json["subject"]?.text)
        let booked = try await gateway.send(
            "POST", "/books", #"{"museumId":"\#(exhibition)","contact":"Kim@example.org"}"#, headers: cookie)
        let id = try #require(booked.json["id"]?.text)
        // A visitor who is no guest signs in with a token: a contact is less than that.
        let member = try await staff.send(
            "POST", "/books", #"{"museumId":"\#(exhibition)","visitor":"lee","contact":"lee@example.org"}"#)
        let membersId = try #require(member.json["id"]?.text)

        var refusals: Set<String> = []
        for (bookId, contact) in [
            (id, "other@example.org"), (membersId, "lee@example.org"), (exhibition + "-000000000000", "kim@example.org"),
        ] {
            let refused = try await gateway.send("POST", "/sessions", #"{"bookId":"\#(bookId)","contact":"\#(contact)"}"#)
            #expect(refused.status == 401)
            refusals.insert(refused.json["detail"]?.text ?? "")
        }
        #expect(refusals.count == 1)

        let (returned, other) = try await Self.begin(gateway, #"{"bookId":"\#(id)","contact":"kim@example.org "}"#)
        #expect(returned.status == 201, "\(returned.text)")
        #expect(returned.json["subject"]?.text == subject)
        #expect(other != cookie)
        #expect(try await gateway.get("/books/\(id)", headers: other).status == 200)

        // Who guesses is stopped, from this address and for this booking.
        var statuses: [Int] = []
        for number in 1...12 {
            let body = #"{"bookId":"\#(id)","contact":"\#(number)@example.org"}"#
            statuses.append(try await gateway.send("POST", "/sessions", body).status)
        }
        #expect(Set(statuses) == [401, 429] && statuses.last == 429)
    }

    @Test func staffSignInWithAToken() async throws {
        let deployment = try await TestDeployment.open(environment: ["AUTH_SECRET": Self.secret])
        let gateway = deployment.visitor
        let (_, guest) = try await Self.begin(gateway)
        let body = #"{"token":"\#(try await Self.token("mina", .staff))"}"#
        let (began, cookie) = try await Self.begin(gateway, body, cookie: guest["Cookie"])
        #expect(began.json["role"]?.text == "staff")
        #expect(began.header("Set-Cookie")?.contains("Max-Age") == false)
        #expect(cookie != guest)
        // A session that was there before is no way into the new one.
        #expect(try await gateway.get("/sessions", headers: guest).status == 401)
        #expect(
            try await gateway.send(
                "POST", "/museums", #"{"hall":"A","date":"2099-12-24","capacity":5}"#, headers: cookie
            ).status == 201)
        let redis = try deployment.redis.client()
        let keys = try await redis.send("KEYS", "gateway:session:*").asTexts()
        let key = try #require(keys.first)
        #expect((1...30 * 60_000).contains(try await redis.send("PTTL", key).asInteger()))
        // Use moves the end; half an hour without use is the end.
        _ = try await redis.send("PEXPIRE", key, "5000")
        #expect(try await gateway.get("/books", headers: cookie).status == 200)
        #expect(try await redis.send("PTTL", key).asInteger() > 1_700_000)
        _ = try await redis.send("PEXPIRE", key, "1")
        // A request within that millisecond would move the end again.
        try await eventually("the key is gone") { try await redis.send("EXISTS", key) == .integer(0) }
        try await eventually("the session has ended") { try await gateway.get("/books", headers: cookie).status == 401 }
    }

    @Test func aSessionOfStaffEndsAfterADaysWork() async throws {
        let deployment = try await TestDeployment.open(environment: ["AUTH_SECRET": Self.secret])
        let gateway = deployment.visitor
        let (_, cookie) = try await Self.begin(gateway, #"{"token":"\#(try await Self.token("mina", .staff))"}"#)
        let redis = try deployment.redis.client()
        let keys = try await redis.send("KEYS", "gateway:session:*").asTexts()
        let key = try #require(keys.first)
        let began = Int64(Date().timeIntervalSince1970 * 1000) - 12 * 3_600_000 - 1000
        _ = try await redis.send("SET", key, "staff \(began) mina", "KEEPTTL")
        #expect(try await gateway.get("/books", headers: cookie).status == 401)
    }

    @Test(arguments: [
        (#"{"token":"a.b.c"}"#, 401), (#"{"token":""}"#, 422), (#"{"token":"a.b.c","bookId":"x"}"#, 422),
        (#"{"bookId":"a1"}"#, 422),
        (#"{"contact":"a"}"#, 422), (#"{"bookId":"a1","contact":"a"}"#, 401), (#"{"user":"a"}"#, 422), ("[]", 400), ("", 400),
        (#"{"bookId":"a1-000000000000","contact":"a@example.org"}"#, 401),
    ])
    func whatBeginsNoSession(body: String, status: Int) async throws {
        let redis = try await RedisServer.start()
        let process = try await MuseumProcess.start(
            ports: try MuseumProcess.freePorts(), redis: redis, environment: ["AUTH_SECRET": Self.secret])
        let answer = try await Visitor(process.url("gateway")).send("POST", "/sessions", body)
        #expect(answer.status == status, "\(answer.text)")
        #expect(answer.header("Set-Cookie") == nil)
    }

    @Test func aPageOfAnotherSiteChangesNothing() async throws {
        let redis = try await RedisServer.start()
        let process = try await MuseumProcess.start(
            ports: try MuseumProcess.freePorts(), redis: redis,
            environment: ["AUTH_SECRET": Self.secret, "CORS_ORIGINS": "https://museum.example.org"])
        let gateway = Visitor(process.url("gateway"))
        let own = process.url("gateway")
        let (_, cookie) = try await Self.begin(gateway, #"{"token":"\#(try await Self.token("mina", .staff))"}"#)
        let slot = #"{"hall":"A","date":"2099-12-24","capacity":5}"#
        for (origin, status) in [(own, 201), ("https://evil.example", 403), ("null", 403), (own + ".evil.example", 403)] {
            let answer = try await gateway.send("POST", "/museums", slot, headers: cookie.merging(["Origin": origin]) { $1 })
            #expect(answer.status == status, "\(origin)")
        }

        // A page of the named site reads responses, with a token.
        let asked = try await gateway.send(
            "OPTIONS", "/books/a1",
            headers: ["Origin": "https://museum.example.org", "Access-Control-Request-Method": "DELETE"])
        #expect(asked.status == 204)
        #expect(asked.header("Access-Control-Allow-Methods")?.contains("DELETE") == true)
        #expect(asked.header("Access-Control-Allow-Headers")?.contains("Authorization") == true)
        #expect(asked.header("Access-Control-Allow-Credentials") == nil)
        let read = try await gateway.get("/museums", headers: ["Origin": "https://museum.example.org"])
        #expect(read.header("Access-Control-Allow-Origin") == "https://museum.example.org")
        #expect(read.header("Vary")?.contains("Origin") == true)
        let foreign = try await gateway.get("/museums", headers: ["Origin": "https://evil.example"])
        #expect(foreign.header("Access-Control-Allow-Origin") == nil)
        #expect(foreign.header("Vary")?.contains("Origin") == true)
    }

    @Test func theLimitHoldsOverAllGateways() async throws {
        let redis = try await RedisServer.start()
        let environment = ["AUTH_SECRET": Self.secret, "RATE_LIMIT": "60"]
        var gateways: [MuseumProcess] = []
        for _ in 1...3 {
            gateways.append(
                try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis, environment: environment))
        }
        let kim = try await Self.header("kim", .visitor)
        // All within one minute of the clock.
        let second = Int(Date().timeIntervalSince1970) % 60
        if second > 45 { try await Task.sleep(for: .seconds(61 - second)) }
        var allowed = 0
        var refused: Visitor.Answer?
        for number in 0..<120 {
            let answer = try await Visitor(gateways[number % 3].url("gateway")).get("/myPages", headers: kim)
            if answer.status == 200 { allowed += 1 } else { refused = answer }
        }
        // Each replica may keep back one lot.
        #expect((50...60).contains(allowed), "\(allowed)")
        #expect(refused?.status == 429)
        #expect(refused?.problem == "too-many-requests")
        let wait = try #require(refused?.header("Retry-After").flatMap { Int($0) })
        #expect((1...60).contains(wait))
        // Others are not concerned, nor is what belongs to monitoring.
        let gateway = Visitor(gateways[0].url("gateway"))
        #expect(try await gateway.get("/myPages", headers: Self.header("lee", .visitor)).status == 200)
        #expect(try await gateway.get("/readyz", headers: kim).status == 200)
    }

    @Test func anAddressHasALimitOfItsOwn() async throws {
        let redis = try await RedisServer.start()
        let process = try await MuseumProcess.start(
            ports: try MuseumProcess.freePorts(), redis: redis,
            environment: ["AUTH_SECRET": Self.secret, "ADDRESS_RATE_LIMIT": "20", "TRUSTED_PROXIES": "1"])
        let gateway = Visitor(process.url("gateway"))
        let second = Int(Date().timeIntervalSince1970) % 60
        if second > 45 { try await Task.sleep(for: .seconds(61 - second)) }
        // What the client itself writes in front of the proxy's entry is no address.
        var statuses: [Int] = []
        for number in 1...30 {
            let headers = ["X-Forwarded-For": "10.9.9.\(number), 203.0.113.7"]
            statuses.append(try await gateway.get("/museums", headers: headers).status)
        }
        #expect(statuses.filter { $0 == 200 }.count == 20)
        #expect(try await gateway.get("/museums", headers: ["X-Forwarded-For": "203.0.113.8"]).status == 200)
        // A network of IPv6 is one sender.
        var v6: [Int] = []
        for number in 1...30 {
            v6.append(try await gateway.get("/museums", headers: ["X-Forwarded-For": "2001:db8::\(number)"]).status)
        }
        #expect(v6.filter { $0 == 200 }.count == 20)
        // Redis is away: the limit holds in each process.
        redis.signal(SIGSTOP)
        defer { redis.signal(SIGCONT) }
        #expect(try await gateway.get("/", headers: ["X-Forwarded-For": "203.0.113.9"]).status == 200)
    }
}
