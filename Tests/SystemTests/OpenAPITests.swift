import Authentication
import Contracts
import Foundation
import HTTPServer
import HTTPTypes
import TestSupport
import Testing

/// The API's description against what the program serves: routes, access, statuses, problems and pages.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct OpenAPITests {
    private static let secret = "0123456789abcdef0123456789abcdef"

    private static func sender(_ role: AccessRole, of gateway: Visitor) async throws -> Visitor {
        let rules = AuthenticationRules(issuer: nil, audience: nil, roleClaim: "role", subjectClaim: "sub")
        let token = try await TokenIssuer(secret: Array(secret.utf8), rules: rules).token(
            subject: "kim", role: role, now: Date().timeIntervalSince1970, lifetime: 3600)
        return gateway.with(headers: ["Authorization": "Bearer " + token])
    }

    /// A path that fits the pattern.
    private static func sample(_ path: String) -> String {
        let id = path.hasPrefix("/museums") ? "a1" : path.hasPrefix("/admin") ? "confirm:a:1-1" : "a1-000000000001"
        return path.replacing("{id}", with: id).replacing("{slug}", with: "sold-out")
    }

    /// The routes of the gateway as `WireNamesTests` records them.
    private static func recordedRoutes() throws -> Set<String> {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Recorded/wire-names.txt")
        var routes: Set<String> = []
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") where line.hasPrefix("route gateway ") {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            let path = words[2].replacing(/\/(a1(-000000000001)?|confirm:a:1-1)(?=\/|$)/, with: "/{id}")
                .replacing("/sold-out", with: "/{slug}")
            // A path that the gateway does not have is recorded with its problem.
            for method in words[3].split(separator: ", ") where method.allSatisfy(\.isUppercase) && method != "HEAD" {
                routes.insert("\(method) \(path)")
            }
        }
        return routes
    }

    @Test func everyRouteIsDescribed() async throws {
        let museum = try await SingleProcess.start()
        let gateway = museum.visitor
        let description = try await APIDescription.read(gateway)
        let described = Set(description.operations.map(\.name))
        #expect(try Self.recordedRoutes() == described)
        var served: Set<String> = []
        for path in Set(description.operations.map(\.path)) {
            let allowed = try await gateway.send("TRACE", Self.sample(path)).header("Allow") ?? ""
            for method in allowed.split(separator: ", ") where method != "HEAD" { served.insert("\(method) \(path)") }
        }
        #expect(served == described)
        let ids = description.operations.map { $0.json["operationId"]?.text }
        #expect(Set(ids).count == ids.count && !ids.contains(nil))
    }

    /// Also a path that `WireNamesTests` does not try is described.
    @Test func everyPathInTheSourcesIsDescribed() async throws {
        let museum = try await SingleProcess.start()
        let described = Set(try await APIDescription.read(museum.visitor).operations.map(\.path))
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../Sources")
        var paths: Set<String> = []
        for file in FileManager.default.enumerator(atPath: sources.path)?.compactMap({ $0 as? String }) ?? []
        where file.hasSuffix(".swift") {
            let text = try String(contentsOf: sources.appendingPathComponent(file), encoding: .utf8)
            for match in text.matches(of: /router\.(?:get|post|put|patch|delete|on|collection|live)\(\s*"([^"\\]*)"/) {
                paths.insert("/" + match.1.drop { $0 == "/" })
            }
        }
        // Between services only, and of the pages.
        paths.remove("/museums/{id}/reservations")
        paths.remove("/assets/{version}/{id}")
        #expect(paths.count > 10)
        for path in paths {
            #expect(described.contains(path) || described.contains(path.replacing("{id}", with: "{slug}")), "\(path)")
        }
    }

    @Test func accessIsTheDescribedOne() async throws {
        let museum = try await SingleProcess.start(environment: ["AUTH_SECRET": Self.secret])
        let gateway = museum.visitor
        let description = try await APIDescription.read(gateway)
        for operation in description.operations {
            let path = Self.sample(operation.path)
            // A live stream does not end; its head does.
            let method = operation.path.hasSuffix("/stream") ? "HEAD" : operation.method
            let status = try await gateway.send(method, path).status
            // GET /sessions is open to everybody, and says 401 where there is no session.
            if operation.path != "/sessions" { #expect((status == 401) == !operation.isPublic, "\(operation.name)") }
            #expect(operation.isPublic == operation.roles.isEmpty, "\(operation.name)")
            if operation.isPublic { continue }
            for role in [AccessRole.visitor, .staff, .admin] {
                let status = try await Self.sender(role, of: gateway).send(method, path).status
                let isAccepted = operation.roles.contains(role.rawValue)
                #expect((status == 403) == !isAccepted, "\(operation.name) for \(role): \(status)")
            }
        }
    }

    @Test func problemsAreTheDescribedOnes() async throws {
        let museum = try await SingleProcess.start()
        let gateway = museum.visitor
        let description = try await APIDescription.read(gateway)
        let schemas = description.root["components"]?["schemas"].members ?? []
        var described: [String: JSON] = [:]
        for schema in schemas {
            if let type = schema.value["properties"]?["type"]?["const"]?.text { described[type] = schema.value }
        }
        #expect(Set(described.keys) == Set(ProblemType.allCases.map { "/problems/" + $0.slug }))
        let list = try await gateway.get("/problems").text
        for type in ProblemType.allCases {
            let path = "/problems/" + type.slug
            let schema = described[path]
            #expect(schema?["title"]?.text == type.definition.title, "\(path)")
            #expect(schema?["description"]?.text == type.definition.meaning, "\(path)")
            #expect(schema?["properties"]?["status"]?["const"]?.integer == type.definition.status.code, "\(path)")
            let page = try await gateway.get(path)
            #expect(page.status == 200 && list.contains(#"href="\#(path)""#))
            for text in [type.definition.title, type.definition.meaning, type.definition.nextStep, path] {
                #expect(page.text.contains(text), "\(path): \(text)")
            }
        }
    }

    /// docs/http-api.md has a row for each.
    @Test func problemsAreInTheDocumentation() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../docs/http-api.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let rows = text.matches(of: /\| `\/problems\/([a-z-]+)` \| ([0-9]+) \|/).map { "\($0.1) \($0.2)" }
        #expect(Set(rows) == Set(ProblemType.allCases.map { "\($0.slug) \($0.definition.status.code)" }))
    }

    /// Each response's problems have the status that the response is described under.
    @Test func problemsStandUnderTheirStatus() async throws {
        let museum = try await SingleProcess.start()
        let description = try await APIDescription.read(museum.visitor)
        var used: Set<String> = []
        for operation in description.operations {
            for response in operation.json["responses"].members {
                let schema = description.resolved(response.value)["content"]?["application/problem+json"]?["schema"]
                for type in schema?["oneOf"]?.elements ?? schema.map({ [$0] }) ?? [] {
                    let properties = description.resolved(type)["properties"]
                    #expect(properties?["status"]?["const"]?.integer.map(String.init) == response.name, "\(operation.name)")
                    used.insert(properties?["type"]?["const"]?.text ?? "")
                }
            }
        }
        // A described method is never the wrong one.
        #expect(used.union(["/problems/method-not-allowed"]) == Set(ProblemType.allCases.map { "/problems/" + $0.slug }))
    }

    @Test func statusesAreTheDescribedOnes() async throws {
        let museum = try await SingleProcess.start()
        let description = try await APIDescription.read(museum.visitor)
        func words(_ schema: String) -> [String] {
            description.component("schemas", schema)["enum"]?.elements?.compactMap(\.text) ?? []
        }
        #expect(words("BookingStatus") == BookingStatus.allCases.map(\.rawValue))
        #expect(words("AdmissionStatus") == AdmissionStatus.allCases.map(\.rawValue))
        #expect(words("ExhibitionStatus") == ExhibitionStatus.allCases.map(\.rawValue))
    }

    @Test func pagesNeedNothingFromElsewhere() async throws {
        let museum = try await SingleProcess.start()
        let gateway = museum.visitor
        let description = try await APIDescription.read(gateway)
        for path in ["/docs", "/problems", "/problems/sold-out"] {
            let page = try await gateway.get(path)
            #expect(page.status == 200 && page.header("Content-Type") == "text/html; charset=utf-8", "\(path)")
            #expect(page.header("Content-Security-Policy")?.contains("default-src 'none'; style-src 'self'") == true, "\(path)")
            #expect(page.header("Content-Security-Policy")?.contains("frame-ancestors 'none'") == true, "\(path)")
            #expect(page.header("X-Content-Type-Options") == "nosniff" && page.header("Referrer-Policy") == "no-referrer")
            #expect(page.header("Cache-Control") == "no-cache", "\(path)")
            #expect(try await gateway.send("HEAD", path).text.isEmpty, "\(path)")
            for foreign in ["://", "<script", "style=", "src="] { #expect(!page.text.contains(foreign), "\(path): \(foreign)") }
            for link in page.text.matches(of: /href="([^"]*)"/).map({ String($0.1) }) {
                if link.hasPrefix("#") {
                    #expect(page.text.contains(#"id="\#(link.dropFirst())""#), "\(path): \(link)")
                } else {
                    #expect(try await gateway.get(link).status == 200, "\(path): \(link)")
                }
            }
        }
        let documentation = try await gateway.get("/docs").text
        for operation in description.operations {
            #expect(documentation.contains(#"id="\#(operation.json["operationId"]?.text ?? "?")""#), "\(operation.name)")
        }
        #expect(try await gateway.get("/openapi.json").header("Content-Type") == "application/json")
        #expect(try await gateway.get("/docs.css").header("Content-Type") == "text/css; charset=utf-8")
        #expect(try await gateway.get("/problems/no-such-type").problem == "unknown-path")
    }
}
