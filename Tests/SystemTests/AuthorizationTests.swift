import Authentication
import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

/// Who may send which request: every route with every kind of sender, on the gateway and on the service's own port. The matrix is
/// kept in docs/access-matrix.md; `RECORD=1` writes it anew.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct AuthorizationTests {
    private static let secret = "0123456789abcdef0123456789abcdef"
    private static let matrix = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../docs/access-matrix.md")

    private enum Sender: String, CaseIterable {
        case nobody = "no token"
        case visitor = "visitor, own"
        case other = "visitor, another's"
        case staff, admin, service
        case expired
        case wrongKey = "wrong key"
        case none = "algorithm none"

        func header() async throws -> [String: String] {
            guard self != .nobody else { return [:] }
            let role: AccessRole =
                switch self {
                case .staff: .staff
                case .admin, .expired, .wrongKey, .none: .admin
                case .service: .service
                default: .visitor
                }
            let rules = AuthenticationRules(issuer: nil, audience: nil, roleClaim: "role", subjectClaim: "sub")
            let secret = self == .wrongKey ? String(AuthorizationTests.secret.reversed()) : AuthorizationTests.secret
            let now = Date().timeIntervalSince1970 - (self == .expired ? 7200 : 0)
            var token = try await TokenIssuer(secret: Array(secret.utf8), rules: rules).token(
                subject: self == .other ? "lee" : "kim", role: role, now: now, lifetime: 3600)
            if self == .none {
                let parts = token.split(separator: ".")
                token = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + parts[1] + "."
            }
            return ["Authorization": "Bearer " + token]
        }
    }

    private struct Row {
        let method: String
        let path: String
        let body: String?
        /// The role with its own port; `nil`: the gateway has it alone.
        let role: String?

        /// Whether errors are pages, or the response has no body.
        var isForPeople: Bool { method == "HEAD" || ["/sign-in", "/staff", "/operator"].contains(path) }
        var label: String { method + " " + path + (body.map { " " + $0 } ?? "") }

        init(_ method: String, _ path: String, _ body: String? = nil, role: String?) {
            self.method = method
            self.path = path
            self.body = body
            self.role = role
        }
    }

    private static let slot = #"{"hall":"A hall","date":"2099-12-24","capacity":50}"#
    private static let cancel = #"{"status":"CANCELED"}"#

    private static let rows: [Row] = [
        Row("GET", "/", role: nil),
        Row("GET", "/livez", role: "book"), Row("GET", "/readyz", role: "book"), Row("GET", "/metrics", role: "book"),
        Row("GET", "/museums", role: "museum"), Row("GET", "/museums/a1", role: "museum"),
        Row("POST", "/museums", slot, role: "museum"), Row("PATCH", "/museums/a1", #"{"title":"Monet"}"#, role: "museum"),
        Row("DELETE", "/museums/a2", role: "museum"),
        Row("POST", "/museums/a1/reservations", #"{"reservations":[]}"#, role: "museum"),
        Row("POST", "/books", #"{"museumId":"a1"}"#, role: "book"),
        Row("POST", "/books", #"{"museumId":"a1","visitor":"kim"}"#, role: "book"),
        Row("GET", "/books", role: "book"), Row("GET", "/books/ID", role: "book"),
        Row("PATCH", "/books/ID", cancel, role: "book"), Row("PUT", "/books/ID", cancel, role: "book"),
        Row("DELETE", "/books/ID", role: "book"),
        Row("GET", "/confirms", role: "confirm"), Row("GET", "/confirms/ID", role: "confirm"),
        Row("GET", "/myPages", role: "mypage"), Row("GET", "/myPages?visitor=kim", role: "mypage"),
        Row("GET", "/myPages/ID", role: "mypage"),
        Row("HEAD", "/museums/stream", role: "museum"), Row("HEAD", "/myPages/stream", role: "mypage"),
        Row("HEAD", "/myPages/stream?visitor=kim", role: "mypage"),
        Row("GET", "/sign-in", role: nil), Row("GET", "/staff", role: nil), Row("GET", "/operator", role: nil),
        Row("GET", "/openapi.json", role: nil), Row("GET", "/docs", role: nil), Row("GET", "/problems", role: nil),
        Row("GET", "/problems/sold-out", role: nil), Row("POST", "/sessions", "{}", role: nil),
        Row("GET", "/sessions", role: nil), Row("DELETE", "/sessions", role: nil),
        Row("GET", "/admin/dead-letters", role: nil), Row("GET", "/admin/dead-letters/confirm:a:1-1", role: nil),
        Row("DELETE", "/admin/dead-letters/confirm:a:1-1", role: nil),
        Row("POST", "/admin/dead-letters/confirm:a:1-1/retry", "{}", role: nil), Row("GET", "/admin/audit", role: nil),
        Row("GET", "/admin/overview", role: nil),
        Row("GET", "/unknown", role: "book"),
    ]

    @Test func everyRouteRefusesWhomItDoesNotAccept() async throws {
        let deployment = try await TestDeployment.open(environment: ["AUTH_SECRET": Self.secret])
        let staff = deployment.visitor.with(headers: try await Sender.staff.header())
        for _ in 1...2 { _ = try await staff.register(capacity: 500) }
        let id = try #require(try await staff.book("a1", visitor: "kim").json["id"]?.text)
        try await eventually("the admission is there") {
            try await staff.get("/myPages/\(id)").json["admission"]?.text == "CONFIRMED"
        }

        var lines = ["| request | port | " + Sender.allCases.map(\.rawValue).joined(separator: " | ") + " |"]
        lines.append("|" + String(repeating: "---|", count: Sender.allCases.count + 2))
        for row in Self.rows {
            var answers: [String: [Int]] = [:]
            for port in ["gateway", row.role].compactMap({ $0 }) {
                let client = Visitor(deployment[port].url(port))
                for sender in Sender.allCases {
                    let answer = try await client.send(
                        row.method, row.path.replacing("ID", with: id), row.body, headers: try await sender.header())
                    answers[port, default: []].append(answer.status)
                    if answer.status == 401 {
                        #expect(answer.header("WWW-Authenticate")?.hasPrefix("Bearer") == true)
                        if !row.isForPeople { #expect(answer.problem == "unauthenticated") }
                    }
                    if answer.status == 403, !row.isForPeople { #expect(answer.problem == "forbidden") }
                }
                let cells = answers[port]!.map(String.init).joined(separator: " | ")
                lines.append("| `\(row.label)` | \(port) | \(cells) |")
            }
            // Both ports say the same, but for what only one of them has.
            if let role = row.role, !["/metrics", "/museums/a1/reservations"].contains(row.path) {
                #expect(answers["gateway"] == answers[role], "\(row.method) \(row.path)")
            }
        }
        let text = Self.introduction + lines.joined(separator: "\n") + "\n"
        if ProcessInfo.processInfo.environment["RECORD"] == "1" { try Data(text.utf8).write(to: Self.matrix) }
        #expect(try String(contentsOf: Self.matrix, encoding: .utf8) == text)
    }

    private static let introduction = """
        # Who may send which request

        Each cell is the status of the response. `AuthorizationTests` sends each request with each kind of sender and compares with \
        this page. `ID` is a booking of the visitor `kim`; "visitor, own" is `kim`, "visitor, another's" is `lee`. The tokens of the \
        last three columns say `admin`.


        """

    @Test func aVisitorSeesOwnBookingsOnly() async throws {
        let deployment = try await TestDeployment.open(environment: ["AUTH_SECRET": Self.secret])
        let staff = deployment.visitor.with(headers: try await Sender.staff.header())
        let kim = deployment.visitor.with(headers: try await Sender.visitor.header())
        let lee = deployment.visitor.with(headers: try await Sender.other.header())
        let exhibition = try await staff.register(capacity: 10)
        let own = try await kim.send("POST", "/books", #"{"museumId":"\#(exhibition)","seats":2}"#)
        #expect(own.status == 201)
        #expect(own.json["visitor"]?.text == "kim")
        let id = try #require(own.json["id"]?.text)

        let refused = try await lee.send("POST", "/books", #"{"museumId":"\#(exhibition)","visitor":"kim"}"#)
        #expect(refused.status == 403)
        let unknown = "\(exhibition)-000000000000"
        for (method, body) in [("GET", nil), ("DELETE", nil), ("PATCH", Self.cancel), ("PUT", Self.cancel)] {
            let others = try await lee.send(method, "/books/\(id)", body)
            let none = try await lee.send(method, "/books/\(unknown)", body)
            #expect(others.status == 404 && none.status == 404, "\(method)")
            // Nothing tells them apart but the id.
            #expect(others.text.replacing(id, with: unknown).dropLast(24).hasPrefix(String(none.text.prefix(100))), "\(method)")
        }
        #expect(try await kim.get("/books/\(id)").json["status"]?.text != "CANCELED")

        try await eventually("the row is there") { try await kim.all("myPages").count == 1 }
        #expect(try await lee.all("myPages").isEmpty)
        #expect(try await lee.get("/myPages?visitor=kim").status == 403)
        #expect(try await staff.all("myPages", query: "visitor=kim").count == 1)
        #expect(try await kim.delete("/books/\(id)").json["status"]?.text == "CANCELED")
    }

    @Test func protectedModeServesLoopbackNamesOnly() async throws {
        let deployment = try await TestDeployment.open()
        for role in ["gateway", "museum"] {
            let client = Visitor(deployment[role].url(role))
            for host in ["localhost", "127.0.0.1:99", "[::1]:8080", "LOCALHOST:1"] {
                #expect(try await client.get("/museums", headers: ["Host": host]).status == 200, "\(host)")
            }
            for host in ["museum.example.org", "127.0.0.1.example.org:80", "10.0.0.1", "localhost.", "[::2]"] {
                let answer = try await client.get("/museums", headers: ["Host": host])
                #expect(answer.status == 421, "\(host)")
                #expect(answer.problem == "misdirected-request")
            }
        }
    }

    @Test(arguments: [
        (["BIND_ADDRESS": "0.0.0.0"], "without keys only loopback is served"),
        (["BIND_ADDRESS": "::"], "without keys only loopback is served"),
        (["AUTH_SECRET": "short"], "AUTH_SECRET must have one secret of at least 32 bytes"),
        (["AUTH_SECRET_FILE": "/nowhere"], "AUTH_SECRET_FILE names /nowhere, which can't be read"),
        (["AUTH_JWKS_FILE": "/nowhere"], "AUTH_JWKS_FILE names /nowhere, which can't be read"),
        (["AUTH_JWKS_URL": "ftp://id"], "AUTH_JWKS_URL must be an address"),
        (["PROTECTED_MODE": "maybe"], "PROTECTED_MODE must be one of yes, no"),
    ])
    func unsafeSettingsAreRefusedAtStart(environment: [String: String], reason: String) async throws {
        let redis = try await RedisServer.start()
        let process = try MuseumProcess.prepared(
            ports: try MuseumProcess.freePorts(), redis: redis, environment: environment)
        try process.begin()
        #expect(try await process.waitForExit() == 78)
        #expect(process.printed().contains(reason), "\(process.printed())")
    }

    @Test func theTokenCommandMakesValidTokens() async throws {
        let redis = try await RedisServer.start()
        let process = try await MuseumProcess.start(
            ports: try MuseumProcess.freePorts(), redis: redis,
            environment: ["AUTH_SECRET": Self.secret, "AUTH_ISSUER": "https://museum", "AUTH_ROLE_CLAIM": "museum.role"])
        let made = try await process.run("token", "--role", "admin", "--subject", "ops", "--ttl", "5m")
        #expect(made.code == 0)
        let token = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let gateway = Visitor(process.url("gateway"))
        #expect(process.printed().contains(#"Bearer $(skmuseum token --role staff"#), "the example needs a token")
        #expect(try await gateway.get("/metrics", headers: ["Authorization": "Bearer \(token)"]).status == 200)
        #expect(try await gateway.get("/metrics").status == 401)
        let folder = try TemporaryFolder()
        let file = folder.url.appendingPathComponent("token").path
        #expect(try await process.run("token", "--role", "admin", "--subject", "ops", "--output", file).output == "")
        let written = try String(contentsOfFile: file, encoding: .utf8)
        #expect(try await gateway.get("/metrics", headers: ["Authorization": "Bearer \(written)"]).status == 200)
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o440)
        #expect(try await process.run("token", "--role", "admin", "--subject", "ops", "--output", "/nowhere/token").code == 1)
        for wrong in [["--role", "king", "--subject", "a"], ["--role", "staff", "--subject", ""], ["--role", "staff"]] {
            #expect(try await process.run("token", wrong).code == 64, "\(wrong)")
        }
    }

    @Test func aSecretInAFileIsReplacedWithoutARestart() async throws {
        let folder = try TemporaryFolder()
        let file = folder.url.appendingPathComponent("secret")
        let second = String(Self.secret.reversed())
        try Self.secret.write(to: file, atomically: true, encoding: .utf8)
        let redis = try await RedisServer.start()
        let process = try await MuseumProcess.start(
            ports: try MuseumProcess.freePorts(), redis: redis, environment: ["AUTH_SECRET_FILE": file.path])
        let gateway = Visitor(process.url("gateway"))
        func token() async throws -> [String: String] {
            let made = try await process.run("token", "--role", "staff", "--subject", "mina").output
            return ["Authorization": "Bearer " + made.trimmingCharacters(in: .whitespacesAndNewlines)]
        }
        let older = try await token()
        try (second + "\n" + Self.secret + "\n").write(to: file, atomically: true, encoding: .utf8)
        let newer = try await token()
        try await eventually("the new secret is valid", within: .seconds(15)) {
            try await gateway.get("/books", headers: newer).status == 200
        }
        #expect(try await gateway.get("/books", headers: older).status == 200)
        try second.write(to: file, atomically: true, encoding: .utf8)
        try await eventually("the old secret is not valid any more", within: .seconds(15)) {
            try await gateway.get("/books", headers: older).status == 401
        }
        #expect(try await gateway.get("/books", headers: newer).status == 200)
    }

    @Test func theSecretBetweenRolesIsReplaced() async throws {
        let deployment = try await TestDeployment.open(environment: ["AUTH_SECRET": Self.secret, "RATE_LIMIT": "0"])
        let staff = deployment.visitor.with(headers: try await Sender.staff.header())
        let kim = deployment.visitor.with(headers: try await Sender.visitor.header())
        let exhibition = try await staff.register(capacity: 1_000_000)
        #expect(try await kim.send("POST", "/books", #"{"museumId":"\#(exhibition)"}"#).status == 201)
        let replaced = String(repeating: "5e", count: 32)
        _ = try await deployment.redis.client().send("SET", "museum:service-secret", replaced)
        var booked = 1
        var statuses: Set<Int> = []
        // Until both have read it, Museum does not accept Book's token: no seats are held, and no outcome is open.
        let end = ContinuousClock.now + .seconds(5)
        while .now < end {
            let status = try await kim.send("POST", "/books", #"{"museumId":"\#(exhibition)"}"#).status
            statuses.insert(status)
            if status == 201 { booked += 1 }
        }
        #expect(statuses.isSubset(of: [201, 503]), "\(statuses)")
        #expect(try await kim.send("POST", "/books", #"{"museumId":"\#(exhibition)"}"#).status == 201)
        #expect(try await deployment.visitor.get("/museums/\(exhibition)").json["available"]?.integer == 1_000_000 - booked - 1)
        #expect(try await deployment.redis.client().send("GET", "museum:service-secret").asText() == replaced)
        let audit = try await deployment.audit()
        #expect(audit.code == 0, "\(audit.output)")
    }
}
