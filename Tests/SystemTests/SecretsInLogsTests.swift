import Authentication
import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

/// No secret, token, cookie, contact or note is in what a process prints, at the level that prints most.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct SecretsInLogsTests {
    private static let secret = "this-secret-signs-tokens-0123456789"
    private static let contact = "contact.of.kim@example.org"
    private static let note = "note: wheelchair, group of the Hangang school"
    private static let password = "password-of-redis-0123"

    @Test(arguments: ["text", "json"]) func nothingSecretIsPrinted(format: String) async throws {
        let redis = try await RedisServer.start()
        _ = try await redis.client().send("ACL", "SETUSER", "museum-roles", "on", ">" + Self.password, "~*", "&*", "+@all")
        let url = redis.url.replacing("redis://", with: "redis://museum-roles:\(Self.password)@")
        let deployment = try await processes(
            redis,
            [
                "AUTH_SECRET": Self.secret, "LOG_LEVEL": "trace", "LOG_FORMAT": format, "REDIS_URL": url, "RATE_LIMIT": "0",
                "CORS_ORIGINS": "https://museum.example.org",
            ])
        let gateway = Visitor(deployment[0].url("gateway"))
        func token(_ subject: String, _ role: AccessRole, secret: String = Self.secret) async throws -> String {
            let rules = AuthenticationRules(issuer: nil, audience: nil, roleClaim: "role", subjectClaim: "sub")
            return try await TokenIssuer(secret: Array(secret.utf8), rules: rules).token(
                subject: subject, role: role, now: Date().timeIntervalSince1970, lifetime: 3600)
        }
        let staffToken = try await token("mina", .staff)
        let visitorToken = try await token("kim", .visitor)
        let forgedToken = try await token("kim", .admin, secret: String(Self.secret.reversed()))
        let staff = gateway.with(headers: ["Authorization": "Bearer " + staffToken])
        let kim = gateway.with(headers: ["Authorization": "Bearer " + visitorToken])
        var secrets = [Self.secret, Self.password, Self.contact, Self.note, staffToken, visitorToken, forgedToken]

        let exhibition = try await staff.register(capacity: 10)
        let booking = #"{"museumId":"\#(exhibition)","contact":"\#(Self.contact)","note":"\#(Self.note)"}"#
        let booked = try await kim.send("POST", "/books", booking, headers: ["Idempotency-Key": "key-of-kim"])
        let id = try #require(booked.json["id"]?.text)
        try await eventually("the admission is there") {
            try await kim.get("/myPages/\(id)").json["admission"]?.text == "CONFIRMED"
        }
        #expect(try await staff.get("/books/\(id)").json["contact"]?.text == Self.contact)

        // Sessions, and what is refused.
        var cookies: [String] = []
        for body in ["{}", #"{"token":"\#(staffToken)"}"#, #"{"bookId":"\#(id)","contact":"\#(Self.contact)"}"#] {
            let answer = try await gateway.send("POST", "/sessions", body)
            if let field = answer.header("Set-Cookie") { cookies.append(String(field.prefix { $0 != ";" })) }
        }
        #expect(cookies.count == 2)
        for cookie in cookies {
            _ = try await gateway.get("/myPages", headers: ["Cookie": cookie])
            secrets.append(String(cookie.dropFirst("session=".count)))
        }
        #expect(try await gateway.get("/books", headers: ["Authorization": "Bearer " + forgedToken]).status == 401)
        #expect(try await gateway.get("/books", headers: ["Authorization": "Basic " + Self.secret]).status == 401)
        for wrong in [
            booking.replacing("contact", with: Self.contact), String(booking.dropLast()),
            booking.replacing("\"note\":\"", with: "\"note\":\"\\u0000"),
            booking.replacing(exhibition, with: "a999"),
        ] {
            #expect(try await kim.send("POST", "/books", wrong).status >= 400)
        }
        _ = try await kim.send("PATCH", "/books/\(id)", #"{"seats":1,"contact":"\#(Self.contact)x"}"#)
        _ = try await kim.get("/books?contact=\(Self.contact)")
        _ = try await kim.delete("/books/\(id)")
        // Redis away and back: what can't be done is logged, too.
        redis.signal(SIGSTOP)
        _ = try await kim.send("POST", "/books", booking)
        redis.signal(SIGCONT)
        try await eventually("requests are served again") { try await kim.get("/myPages").status == 200 }

        var printed = deployment.map { $0.printed() }.joined()
        #expect(printed.contains("request answered"), "the level prints requests")
        for command in [["events"], ["trace", id], ["audit"], ["dead-letters"]] {
            let result = try await deployment[0].run(command[0], Array(command.dropFirst()))
            // The commands show a booking's events; a contact is in none of them.
            printed += result.output
        }
        for secret in secrets {
            #expect(!printed.contains(secret), "\(secret.prefix(12))…")
            // Nor the signature of a token alone.
            if let signature = secret.split(separator: ".").last, secret.split(separator: ".").count == 3, secret.hasPrefix("ey")
            {
                #expect(!printed.contains(signature), "\(signature.prefix(8))…")
            }
        }
        for key in ["book:secret", "museum:service-secret"] {
            let value = try await redis.client().send("GET", key).asText()
            #expect(!printed.contains(value), "\(key)")
        }
    }

    private func processes(_ redis: RedisServer, _ environment: [String: String]) async throws -> [MuseumProcess] {
        let ports = try MuseumProcess.freePorts()
        var processes: [MuseumProcess] = []
        for role in MuseumProcess.allRoles {
            processes.append(try await MuseumProcess.start([role], ports: ports, redis: redis, environment: environment))
        }
        return processes
    }
}
