import Authentication
import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

/// Each documented example against a real response: the same members of the same types, under the operation and the status that the
/// response has.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct OpenAPIExamplesTests {
    private static let secret = "0123456789abcdef0123456789abcdef"
    private static let missing = "a1-000000000000"
    private static let slot = #"{"hall":"A hall","date":"2099-12-24","capacity":3}"#
    private static let cancel = #"{"status":"CANCELED"}"#

    private static func token(_ subject: String, _ role: AccessRole) async throws -> [String: String] {
        let rules = AuthenticationRules(issuer: nil, audience: nil, roleClaim: "role", subjectClaim: "sub")
        return [
            "Authorization": "Bearer "
                + (try await TokenIssuer(secret: Array(secret.utf8), rules: rules).token(
                    subject: subject, role: role, now: Date().timeIntervalSince1970, lifetime: 3600))
        ]
    }

    @Test func examplesAreLikeResponses() async throws {
        let museum = try await SingleProcess.start(environment: ["AUTH_SECRET": Self.secret, "RATE_LIMIT": "0"])
        let gateway = museum.visitor
        let run = ExampleRun(
            description: try await APIDescription.read(gateway), gateway: gateway,
            staff: gateway.with(headers: try await Self.token("mina", .staff)),
            kim: gateway.with(headers: try await Self.token("kim", .visitor)))
        try await resources(run)
        try await problems(run)
        try await operations(run, admin: gateway.with(headers: try await Self.token("ops", .admin)), museum.redis.client())
        let other = try await SingleProcess.start()
        let protected = other.visitor
        try await run.check(
            "MisdirectedRequest", "GET", "/", try await protected.send("GET", "/", headers: ["Host": "museum.example.org"]))
        #expect(run.checked.value == Set(run.description.root["components"]?["examples"].members.map(\.name) ?? []))
    }

    private func resources(_ run: ExampleRun) async throws {
        let (staff, kim) = (run.staff, run.kim)
        try await run.check("Index", "GET", "/", try await run.gateway.get("/"))
        // What the requests' examples say is sent, twice for lists with a next page.
        let exhibition = try run.requestExample("POST", "/museums", "slot")
        let booking = try run.requestExample("POST", "/books", "seats")
        try await run.check("Exhibition", "POST", "/museums", try await staff.send("POST", "/museums", exhibition))
        _ = try await staff.send("POST", "/museums", exhibition)
        let file = try run.requestExample("POST", "/museums", "file")
        try await run.check(
            "RegisteredExhibitions", "POST", "/museums",
            try await staff.send("POST", "/museums", file, headers: ["Content-Type": "text/csv"]))
        try await run.check("ExhibitionList", "GET", "/museums", try await run.gateway.get("/museums?size=1"))
        let booked = try await kim.send("POST", "/books", booking)
        try await run.check("Booking", "POST", "/books", booked)
        let id = try #require(booked.json["id"]?.text)
        let second = try #require(try await kim.send("POST", "/books", booking).json["id"]?.text)
        for id in [id, second] {
            try await eventually("the row is complete") {
                try await kim.get("/myPages/\(id)").json["admission"]?.text == "CONFIRMED"
            }
        }
        try await run.check("BookingList", "GET", "/books", try await staff.get("/books?size=1"))
        try await run.check("Admission", "GET", "/confirms/{id}", try await kim.get("/confirms/\(id)"))
        try await run.check("AdmissionList", "GET", "/confirms", try await staff.get("/confirms?size=1"))
        try await run.check("MyPage", "GET", "/myPages/{id}", try await kim.get("/myPages/\(id)"))
        try await run.check("MyPageList", "GET", "/myPages", try await kim.get("/myPages?visitor=kim&size=1"))
        let change = try run.requestExample("PATCH", "/books/{id}", "cancel")
        try await run.check("CanceledBooking", "PATCH", "/books/{id}", try await kim.send("PATCH", "/books/\(id)", change))
        let session = try run.requestExample("POST", "/sessions", "guest")
        try await run.check("Session", "POST", "/sessions", try await run.gateway.send("POST", "/sessions", session))
        try await run.check("DeletedExhibition", "DELETE", "/museums/{id}", try await staff.delete("/museums/a1"))
        try await eventually("the second booking is force-canceled") {
            try await kim.get("/books/\(second)").json["status"]?.text == "FORCE_CANCELED"
        }
        try await run.check("AlreadyForceCanceled", "DELETE", "/books/{id}", try await kim.delete("/books/\(second)"))
        try await run.check("MuseumDeleted", "POST", "/books", try await kim.send("POST", "/books", booking))
    }

    private func operations(_ run: ExampleRun, admin: Visitor, _ redis: RedisClient) async throws {
        let exhibition = try await run.staff.register(capacity: 3)
        // Two events that no service can apply.
        for number in 1...2 {
            _ = try await redis.send("XADD", "book:{a}:events", "*", "eventType", "Canceled", "bookId", "broken-\(number)")
        }
        let path = "/admin/dead-letters"
        try await eventually("they are dead letters", within: .seconds(20)) {
            try await admin.get("\(path)?service=confirm").json["_embedded"]?["dead-letters"]?.elements?.count == 2
        }
        let list = try await admin.get("\(path)?service=confirm&size=1")
        try await run.check("DeadLetterList", "GET", path, list)
        let name = try #require(list.json["_embedded"]?["dead-letters"]?.elements?.first?["deadLetter"]?.text)
        try await run.check("DeadLetterDetails", "GET", "\(path)/{id}", try await admin.get("\(path)/\(name)"))
        let retried = try await admin.send(
            "POST", "\(path)/\(name)/retry", try run.requestExample("POST", "\(path)/{id}/retry", "empty"))
        try await run.check("RetriedDeadLetter", "POST", "\(path)/{id}/retry", retried)
        try await run.check("DroppedDeadLetter", "DELETE", "\(path)/{id}", try await admin.delete("\(path)/\(name)"))
        try await run.check("UnknownDeadLetter", "GET", "\(path)/{id}", try await admin.get("\(path)/\(name)"))
        _ = try await redis.send("HINCRBY", "museum:{a}:\(exhibition)", "available", "1")
        try await run.check("Overview", "GET", "/admin/overview", try await admin.get("/admin/overview"))
        try await run.check("AuditReport", "GET", "/admin/audit", try await admin.get("/admin/audit?wait=10s"))
    }

    private func problems(_ run: ExampleRun) async throws {
        let (staff, kim) = (run.staff, run.kim)
        let id = try await staff.register(capacity: 3)
        let body = #"{"museumId":"\#(id)","seats":2}"#
        let key = ["Idempotency-Key": "one"]
        _ = try await kim.send("POST", "/books", body, headers: key)
        let many = #"{"museumId":"\#(id)","seats":101}"#
        try await run.check("InvalidField", "POST", "/books", try await kim.send("POST", "/books", many))
        let other = #"{"museumId":"\#(id)","seats":1}"#
        try await run.check(
            "IdempotencyMismatch", "POST", "/books", try await kim.send("POST", "/books", other, headers: key))
        try await run.check(
            "InvalidIdempotencyKey", "POST", "/books",
            try await kim.send("POST", "/books", body, headers: ["Idempotency-Key": "\"\""]))
        try await run.check("SoldOut", "POST", "/books", try await kim.send("POST", "/books", body))
        try await run.check("MalformedJSON", "POST", "/books", try await kim.send("POST", "/books", "{"))
        let large = body + String(repeating: " ", count: 16 << 10)
        try await run.check("ContentTooLarge", "POST", "/books", try await kim.send("POST", "/books", large))
        try await run.check(
            "UnsupportedMediaType", "POST", "/books",
            try await kim.send("POST", "/books", body, headers: ["Content-Type": "text/plain"]))
        try await run.check("InvalidParameter", "GET", "/museums", try await run.gateway.get("/museums?size=0"))
        try await run.check("Unauthenticated", "GET", "/books", try await run.gateway.get("/books"))
        try await run.check("Forbidden", "GET", "/books", try await kim.get("/books"))
        try await run.check("UnknownMuseum", "GET", "/museums/{id}", try await run.gateway.get("/museums/a99"))
        try await run.check("UnknownBooking", "GET", "/books/{id}", try await kim.get("/books/\(Self.missing)"))
        try await run.check("UnknownConfirm", "GET", "/confirms/{id}", try await kim.get("/confirms/\(Self.missing)"))
        try await run.check("UnknownPage", "GET", "/myPages/{id}", try await kim.get("/myPages/\(Self.missing)"))
        try await run.check("UnknownPath", "GET", "/problems/{slug}", try await run.gateway.get("/problems/none"))
        try await run.check("MethodNotAllowed", nil, "/museums", try await run.gateway.send("PUT", "/museums", "{}"))
        try await run.check(
            "PreconditionFailed", "GET", "/museums/{id}",
            try await run.gateway.get("/museums/\(id)", headers: ["If-Match": "\"1\""]))
        let path = "/museums/\(id)"
        let stale = #"{"hall":"B","version":7}"#
        try await run.check("VersionMismatch", "PATCH", "/museums/{id}", try await staff.send("PATCH", path, stale))
        let low = #"{"capacity":1}"#
        try await run.check("CapacityBelowHeld", "PATCH", "/museums/{id}", try await staff.send("PATCH", path, low))
        let close = try run.requestExample("PATCH", "/museums/{id}", "close")
        _ = try await staff.send("PATCH", path, close)
        try await run.check("SalesClosed", "POST", "/books", try await kim.send("POST", "/books", body))
    }
}

/// One run of the program in which all examples are compared.
private struct ExampleRun: Sendable {
    let description: APIDescription
    let gateway: Visitor
    let staff: Visitor
    let kim: Visitor
    let checked = LockedBox<Set<String>>([])

    /// A request's example as a body.
    func requestExample(_ method: String, _ path: String, _ name: String) throws -> String {
        let operation = try #require(description.operations.first { $0.method == method && $0.path == path })
        let examples = operation.json["requestBody"]?["content"].members.compactMap { $0.value["examples"]?[name]?["value"] }
        let value = try #require(examples?.first)
        return value.text ?? value.compact
    }

    /// - Parameter method: `nil` where the method is none of the path's, so that no operation has the response.
    func check(_ name: String, _ method: String?, _ path: String, _ response: Visitor.Answer) async throws {
        let value = try #require(description.component("examples", name)["value"], "\(name)")
        #expect(value.difference(from: response.json) == nil, "\(name): \(response.status) \(response.text)")
        for member in ["type", "title", "status"] where value["type"] != nil {
            #expect(value[member] == response.json[member], "\(name)")
        }
        checked.value.insert(name)
        guard let method else { return }
        let operation = try #require(description.operations.first { $0.method == method && $0.path == path })
        let described = description.resolved(operation.json["responses"]?[String(response.status)])
        let type = try #require(response.header("Content-Type"))
        #expect(
            described["content"]?[type]?["examples"]?[name] != nil, "\(operation.name) \(response.status) \(type) lacks \(name)")
        for header in described["headers"].members where description.resolved(header.value)["required"] == .bool(true) {
            #expect(response.header(header.name) != nil, "\(name) lacks \(header.name)")
        }
    }
}

extension JSON {
    /// Where two values have other members or types; `nil` if they are alike.
    fileprivate func difference(from other: JSON) -> String? {
        switch (self, other) {
        case (.object(let members), .object(let others)):
            let (names, otherNames) = (Set(members.map(\.name)), Set(others.map(\.name)))
            guard names == otherNames else { return "\(names.symmetricDifference(otherNames).sorted())" }
            return members.compactMap { member in
                other[member.name].flatMap { member.value.difference(from: $0) }.map { member.name + ": " + $0 }
            }.first
        case (.array(let elements), .array(let others)):
            guard let element = elements.first, let other = others.first else {
                return elements.isEmpty == others.isEmpty ? nil : "empty"
            }
            return element.difference(from: other)
        case (.string, .string), (.number, .number), (.bool, .bool), (.null, .null): return nil
        default: return "another type"
        }
    }

    /// The value as it is sent.
    fileprivate var compact: String {
        switch self {
        case .null: "null"
        case .bool(let bool): String(bool)
        case .number(let text): text
        case .string(let text): "\"" + text + "\""
        case .array(let elements): "[" + elements.map(\.compact).joined(separator: ",") + "]"
        case .object(let members): "{" + members.map { "\"\($0.name)\":" + $0.value.compact }.joined(separator: ",") + "}"
        }
    }
}
