import Contracts
import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

/// What doesn't fit the contract gets its problem document, writes nothing, and is never a 500.
@Suite(.timeLimit(.minutes(5)))
struct EdgeTests {
    /// A request that is wrong in one way, and the answer it must get.
    struct Case: Sendable, CustomTestStringConvertible {
        let method: String
        let path: String
        var body: String?
        var headers: [String: String] = [:]
        let status: Int
        let problem: String
        var field: String?

        var testDescription: String { "\(method) \(path) \((body ?? "").prefix(60)) \(headers)" }
    }

    static let good = #"{"hall":"A hall","date":"2099-12-24","capacity":20}"#

    static func register(_ body: String, _ status: Int, _ problem: String, _ field: String? = nil) -> Case {
        Case(method: "POST", path: "/museums", body: body, status: status, problem: problem, field: field)
    }

    static func book(_ body: String, _ status: Int, _ problem: String, _ field: String? = nil) -> Case {
        Case(method: "POST", path: "/books", body: body, status: status, problem: problem, field: field)
    }

    static let cases: [Case] = [
        register("", 400, "malformed-json"),
        register("{", 400, "malformed-json"),
        register("[]", 400, "malformed-json"),
        register(good + "x", 400, "malformed-json"),
        register(#"{"hall":"\ud800","date":"2099-12-24","capacity":20}"#, 400, "malformed-json"),
        register(String(repeating: "[", count: 500), 400, "malformed-json"),
        register(#"{"date":"2099-12-24","capacity":20}"#, 422, "invalid-field", "hall"),
        register(#"{"hall":null,"date":"2099-12-24","capacity":20}"#, 422, "invalid-field", "hall"),
        register(#"{"hall":7,"date":"2099-12-24","capacity":20}"#, 422, "invalid-field", "hall"),
        register(#"{"hall":"   ","date":"2099-12-24","capacity":20}"#, 422, "invalid-field", "hall"),
        register(#"{"hall":"a\u0000b","date":"2099-12-24","capacity":20}"#, 422, "invalid-field", "hall"),
        register(
            #"{"hall":"\#(String(repeating: "한", count: 101))","date":"2099-12-24","capacity":20}"#, 422, "invalid-field", "hall"),
        register(#"{"hall":"A","hall":"B","date":"2099-12-24","capacity":20}"#, 422, "invalid-field", "hall"),
        register(#"{"hall":"A","date":"2026-02-30","capacity":20}"#, 422, "invalid-field", "date"),
        register(#"{"hall":"A","date":"20991224","capacity":20}"#, 422, "invalid-field", "date"),
        register(#"{"hall":"A","date":"2099-12-24"}"#, 422, "invalid-field", "capacity"),
        register(#"{"hall":"A","date":"2099-12-24","capacity":0}"#, 422, "invalid-field", "capacity"),
        register(#"{"hall":"A","date":"2099-12-24","capacity":-1}"#, 422, "invalid-field", "capacity"),
        register(#"{"hall":"A","date":"2099-12-24","capacity":1000001}"#, 422, "invalid-field", "capacity"),
        register(#"{"hall":"A","date":"2099-12-24","capacity":1.5}"#, 422, "invalid-field", "capacity"),
        register(#"{"hall":"A","date":"2099-12-24","capacity":" 20"}"#, 422, "invalid-field", "capacity"),
        register(#"{"hall":"A","date":"2099-12-24","capacity":"+20"}"#, 422, "invalid-field", "capacity"),
        register(#"{"hall":"A","date":"2099-12-24","capacity":true}"#, 422, "invalid-field", "capacity"),
        register(#"{"hall":"A","date":"2099-12-24","capacity":99999999999999999999}"#, 422, "invalid-field", "capacity"),
        register(#"{"hall":"A","date":"2099-12-24","capacity":20,"price":1}"#, 422, "invalid-field", "price"),
        register(#"{"hall":"A","date":"2099-12-24","capacity":20,"endTime":"15:00"}"#, 422, "invalid-field", "endTime"),
        register(#"{"hall":"A","date":"2099-12-24","capacity":20,"startTime":"24:00"}"#, 422, "invalid-field", "startTime"),
        register(#"{"hall":"\#(String(repeating: "x", count: 17 << 10))"}"#, 413, "content-too-large"),
        book(#"{"museumId":"a1"}"#, 422, "invalid-field", "visitor"),
        book(#"{"visitor":"kim"}"#, 422, "invalid-field", "museumId"),
        book(#"{"museumId":"a1","visitor":"kim","seats":0}"#, 422, "invalid-field", "seats"),
        book(#"{"museumId":"a1","visitor":"kim","seats":101}"#, 422, "invalid-field", "seats"),
        book(#"{"museumId":"a1","visitor":"kim","seats":"two"}"#, 422, "invalid-field", "seats"),
        book(#"{"museumId":"a1","visitor":"kim","seats":[1]}"#, 422, "invalid-field", "seats"),
        book(#"{"museumId":"a1","visitor":"a\nb"}"#, 422, "invalid-field", "visitor"),
        book(#"{"museumId":"a1","visitor":"\#(String(repeating: "x", count: 65))"}"#, 422, "invalid-field", "visitor"),
        book(#"{"museumId":"a999","visitor":"kim"}"#, 404, "unknown-museum"),
        book(#"{"museumId":"zz1","visitor":"kim"}"#, 404, "unknown-museum"),
        book(#"{"museumId":"{a}1","visitor":"kim"}"#, 404, "unknown-museum"),
        book(#"{"museumId":"a1:seats","visitor":"kim"}"#, 404, "unknown-museum"),
        book(#"{"museumId":"*","visitor":"kim"}"#, 404, "unknown-museum"),
        Case(
            method: "POST", path: "/books", body: "a=b", headers: ["Content-Type": "application/x-www-form-urlencoded"],
            status: 415, problem: "unsupported-media-type"),
        Case(
            method: "POST", path: "/museums", body: "<a/>", headers: ["Content-Type": "text/xml"], status: 415,
            problem: "unsupported-media-type"),
        Case(
            method: "POST", path: "/books", body: "{}", headers: ["Idempotency-Key": ""], status: 400,
            problem: "invalid-idempotency-key"),
        Case(
            method: "POST", path: "/books", body: "{}", headers: ["Idempotency-Key": "a b"], status: 400,
            problem: "invalid-idempotency-key"),
        Case(
            method: "POST", path: "/books", body: "{}", headers: ["Idempotency-Key": "\"\""], status: 400,
            problem: "invalid-idempotency-key"),
        Case(
            method: "POST", path: "/books", body: "{}", headers: ["Idempotency-Key": String(repeating: "k", count: 256)],
            status: 400, problem: "invalid-idempotency-key"),
        Case(method: "GET", path: "/museums/%7Ba%7D", status: 404, problem: "unknown-museum"),
        Case(method: "GET", path: "/museums/a1:seats", status: 404, problem: "unknown-museum"),
        Case(method: "GET", path: "/museums/a01", status: 404, problem: "unknown-museum"),
        Case(method: "PATCH", path: "/museums/a999", body: "{}", status: 404, problem: "unknown-museum"),
        Case(method: "DELETE", path: "/museums/%2A", status: 404, problem: "unknown-museum"),
        Case(method: "GET", path: "/books/a1-xxxxxxxxxxxx%0D%0A", status: 404, problem: "unknown-booking"),
        Case(method: "GET", path: "/books/a1-iiiiiiiiiiii", status: 404, problem: "unknown-booking"),
        Case(method: "DELETE", path: "/books/a1-000000000000", status: 404, problem: "unknown-booking"),
        Case(
            method: "PATCH", path: "/books/a1-000000000000", body: #"{"status":"CANCELED"}"#, status: 404,
            problem: "unknown-booking"),
        Case(method: "GET", path: "/confirms/a1-000000000000", status: 404, problem: "unknown-confirm"),
        Case(method: "GET", path: "/myPages/a1-000000000000", status: 404, problem: "unknown-page"),
        Case(method: "POST", path: "/museums/a1/reservations", body: "{}", status: 404, problem: "unknown-path"),
        Case(method: "GET", path: "/nowhere", status: 404, problem: "unknown-path"),
        Case(method: "GET", path: "/museums?size=0", status: 400, problem: "invalid-parameter"),
        Case(method: "GET", path: "/museums?size=201", status: 400, problem: "invalid-parameter"),
        Case(method: "GET", path: "/museums?date=2026-13-01", status: 400, problem: "invalid-parameter"),
        Case(method: "GET", path: "/museums?status=SOLD", status: 400, problem: "invalid-parameter"),
        Case(method: "GET", path: "/museums?cursor=%25%25", status: 400, problem: "invalid-parameter"),
        Case(method: "GET", path: "/museums?cursor=eA", status: 400, problem: "invalid-parameter"),
        Case(method: "GET", path: "/books?cursor=YQphMQpuYW4KeA", status: 400, problem: "invalid-parameter"),
        Case(method: "GET", path: "/myPages?visitor=lee&cursor=YQpraW0KMQp4", status: 400, problem: "invalid-parameter"),
        Case(method: "GET", path: "/books?museumId=%7Ba%7D", status: 400, problem: "invalid-parameter"),
        Case(method: "GET", path: "/books?status=REQUESTED,WHAT", status: 400, problem: "invalid-parameter"),
        Case(method: "GET", path: "/myPages?visitor=%FF", status: 400, problem: "invalid-parameter"),
        Case(method: "PUT", path: "/museums/a1", body: good, status: 405, problem: "method-not-allowed"),
        Case(method: "DELETE", path: "/books", status: 405, problem: "method-not-allowed"),
        Case(method: "POST", path: "/confirms", body: "{}", status: 405, problem: "method-not-allowed"),
        Case(method: "PROPFIND", path: "/books", status: 405, problem: "method-not-allowed"),
    ]

    /// One process, and one gateway with all services behind it in other processes: the answers are the same.
    @Test(arguments: [false, true])
    func wrongRequests(behindGateway: Bool) async throws {
        let deployment = try await Listeners.open(behindGateway: behindGateway)
        let before = try await deployment.client.everything()
        for wrong in Self.cases {
            let answer = try await deployment.visitor.send(wrong.method, wrong.path, wrong.body, headers: wrong.headers)
            #expect(answer.status == wrong.status, "\(wrong.testDescription): \(answer.status) \(answer.text)")
            #expect(answer.problem == wrong.problem, "\(wrong.testDescription): \(answer.text)")
            #expect(answer.header("Content-Type") == "application/problem+json", "\(wrong.testDescription)")
            #expect(answer.json["requestId"]?.text == answer.header("X-Request-Id"), "\(wrong.testDescription)")
            if let field = wrong.field {
                #expect(answer.json["field"]?.text == field, "\(wrong.testDescription): \(answer.text)")
            }
            if wrong.status == 405 { #expect(answer.header("Allow")?.isEmpty == false) }
            if ["unknown-confirm", "unknown-page"].contains(wrong.problem) { #expect(answer.header("Retry-After") == "1") }
        }
        #expect(try await deployment.client.everything() == before)
    }

    @Test func goodRequests() async throws {
        let deployment = try await Listeners.open(behindGateway: false)
        let visitor = deployment.visitor
        let digits = try await visitor.send(
            "POST", "/museums",
            #"{"title":"  e\u0301te\u0301 ","hall":"전시실","date":"2099-12-24","capacity":"20","startTime":"22:00","endTime":"01:00"}"#,
            headers: ["Accept": "application/hal+json", "X-Request-Id": "from-outside"])
        #expect(digits.status == 201)
        #expect(digits.json["title"]?.text == "\u{E9}t\u{E9}" && digits.json["capacity"]?.integer == 20)
        #expect(digits.header("Content-Type") == "application/hal+json")
        #expect(digits.header("X-Request-Id") == "from-outside")
        #expect(
            try await deployment.client.send("XREVRANGE", "museum:{a}:events", "+", "-", "COUNT", "1").shownText.contains(
                "from-outside"))
        let head = try await visitor.send("HEAD", "/museums/a1")
        #expect(head.status == 200 && head.text.isEmpty && head.header("Cache-Control") == "no-cache")
        let cleared = try await visitor.send("PATCH", "/museums/a1", #"{"endTime":null,"startTime":null,"version":1}"#)
        #expect(cleared.status == 200 && cleared.json["startTime"] == nil && cleared.json["version"]?.integer == 2)
        #expect(try await visitor.send("PATCH", "/museums/a1", #"{"hall":"B","version":1}"#).json["current"]?.integer == 2)
        #expect(try await visitor.send("PATCH", "/museums/a1", "{}").json["version"]?.integer == 2)

        let id = try #require(try await visitor.book("a1", visitor: "kim", seats: 5).json["id"]?.text)
        #expect(try await visitor.send("PATCH", "/museums/a1", #"{"capacity":4}"#).json["held"]?.integer == 5)
        #expect(
            try await visitor.send("PATCH", "/museums/a1", #"{"capacity":5,"status":"CLOSED"}"#).json["available"]?.integer == 0)
        #expect(try await visitor.book("a1", visitor: "lee").problem == "sales-closed")
        #expect(try await visitor.send("PATCH", "/museums/a1", #"{"status":"OPEN"}"#).json["status"]?.text == "OPEN")
        let soldOut = try await visitor.book("a1", visitor: "lee")
        #expect(soldOut.problem == "sold-out" && soldOut.json["available"]?.integer == 0)

        let got = try await visitor.get("/books/\(id)").text
        let back = got.replacing(/"status":"[A-Z_]*"/, with: #""status":"CANCELED""#)
        #expect(
            try await visitor.send("PUT", "/books/\(id)", back.replacing("kim", with: "lee")).json["field"]?.text == "visitor")
        #expect(try await visitor.send("PUT", "/books/\(id)", back).json["status"]?.text == "CANCELED")
        #expect(try await visitor.send("PUT", "/books/\(id)", back).status == 200)
        #expect(try await visitor.send("PATCH", "/books/\(id)", #"{"status":"REQUESTED"}"#).json["field"]?.text == "status")
    }

    @Test func pagesOfCollections() async throws {
        let deployment = try await Listeners.open(behindGateway: false, environment: ["PARTITIONS": "3"])
        let visitor = deployment.visitor
        var ids: [String] = []
        for day in 1...12 {
            ids.append(
                try await visitor.register(
                    capacity: 100, hall: day < 7 ? "A" : "B", date: "2099-12-\(day / 2 + 10)"))
        }
        #expect(Set(ids.map { $0.prefix(1) }).isSubset(of: ["a", "b", "c"]))
        let first = try await visitor.get("/museums?size=5").json
        #expect(first["_embedded"]?["museums"]?.elements?.count == 5)
        var all: [String] = []
        var path: String? = "/museums?size=5"
        while let current = path {
            let page = try await visitor.get(current).json
            all += (page["_embedded"]?["museums"]?.elements ?? []).compactMap { $0["id"]?.text }
            path = page["_links"]?["next"]?["href"]?.text
        }
        #expect(all.sorted() == ids.sorted())
        let dates = try await visitor.all("museums").compactMap { $0["date"]?.text }
        #expect(dates == dates.sorted())
        #expect(
            try await visitor.all("museums", query: "hall=B&from=2099-12-13&to=2099-12-15").count == 5)
        #expect(try await visitor.delete("/museums/\(ids[0])").status == 202)
        #expect(try await visitor.all("museums").count == 11)
        #expect(try await visitor.all("museums", query: "status=DELETED").compactMap { $0["id"]?.text } == [ids[0]])

        var booked: [String] = []
        for number in 0..<25 {
            let answer = try await visitor.book(ids[1 + number % 2], visitor: number < 20 ? "kim" : "lee")
            booked.append(try #require(answer.json["id"]?.text))
        }
        var pages: [String] = []
        path = "/books?size=4"
        while let current = path {
            let page = try await visitor.get(current).json
            pages += (page["_embedded"]?["books"]?.elements ?? []).compactMap { $0["id"]?.text }
            path = page["_links"]?["next"]?["href"]?.text
        }
        #expect(pages.sorted() == booked.sorted())
        let ofOne = try await visitor.all("books", query: "museumId=\(ids[1])")
        #expect(ofOne.count == 13)
        let moments = ofOne.compactMap { $0["createdAt"]?.text }
        #expect(moments == moments.sorted(by: >))
        try await eventually("pages are there") {
            let kims = try await visitor.all("myPages", query: "visitor=kim").count
            let everybodys = try await visitor.all("myPages").count
            return kims == 20 && everybodys == 25
        }
    }
}

/// A museum to knock at.
struct Listeners {
    let visitor: Visitor
    let ports: [String: Int]
    let client: RedisClient
    private let keptOpen: [any Sendable]

    static func open(behindGateway: Bool, environment: [String: String] = [:]) async throws -> Listeners {
        let redis = try await RedisServer.start()
        let ports = try MuseumProcess.freePorts()
        let roles = behindGateway ? [["book", "museum", "confirm", "mypage"], ["gateway"]] : [MuseumProcess.allRoles]
        var processes: [MuseumProcess] = []
        for roles in roles {
            processes.append(try await MuseumProcess.start(roles, ports: ports, redis: redis, environment: environment))
        }
        return Listeners(
            visitor: Visitor("http://127.0.0.1:\(ports["gateway"]!)"), ports: ports, client: try redis.client(),
            keptOpen: [redis] + processes)
    }
}

extension RedisClient {
    /// Every key there is, with all that is in it, but for what consumers note of themselves.
    func everything() async throws -> [String: String] {
        var all: [String: String] = [:]
        for key in try await send("KEYS", "*").asTexts() where !key.contains(":progress:") {
            if try await send("TYPE", key) == .text("stream") {
                let entries = try await send("XRANGE", key, "-", "+")
                if entries != .array([]) { all[key] = entries.shownText }
            } else {
                all[key] = try await send("DUMP", key).shownText
            }
        }
        return all
    }
}

extension Reply {
    fileprivate var shownText: String { "\(self)" }
}
