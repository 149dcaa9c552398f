import Foundation
import HTTPServer
import TestSupport
import Testing

/// Each exact figure, header and status that the contract names, tried at its edge: one process, and a gateway before the
/// others.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ContractTests {
    private static let layouts = [false, true]

    private struct Museum {
        let visitor: Visitor
        let processes: [MuseumProcess]
        let redis: RedisServer

        /// The address of one role's own port.
        func url(_ role: String) -> String { processes.first { $0.roles.contains(role) }!.url(role) }

        static func start(behindGateway: Bool) async throws -> Museum {
            let redis = try await RedisServer.start()
            let ports = try MuseumProcess.freePorts()
            let roles = behindGateway ? [["book", "museum", "confirm", "mypage"], ["gateway"]] : [MuseumProcess.allRoles]
            var processes: [MuseumProcess] = []
            for roles in roles { processes.append(try await MuseumProcess.start(roles, ports: ports, redis: redis)) }
            return Museum(visitor: Visitor("http://127.0.0.1:\(ports["gateway"]!)"), processes: processes, redis: redis)
        }
    }

    private static func exhibition(hall: String = "A", capacity: Int = 10, title: String = "T") -> String {
        #"{"hall":"\#(hall)","date":"2099-12-24","capacity":\#(capacity),"title":"\#(title)"}"#
    }

    /// What is allowed at most is taken, one more is refused; what is allowed at least likewise.
    @Test(arguments: layouts)
    func limitsAreExact(behindGateway: Bool) async throws {
        let museum = try await Museum.start(behindGateway: behindGateway)
        let visitor = museum.visitor
        func text(_ count: Int) -> String { String(repeating: "가", count: count) }
        let museums: [(body: String, status: Int)] = [
            (Self.exhibition(capacity: 1), 201), (Self.exhibition(capacity: 1_000_000), 201),
            (Self.exhibition(capacity: 0), 422), (Self.exhibition(capacity: 1_000_001), 422),
            (Self.exhibition(hall: text(100)), 201), (Self.exhibition(hall: text(101)), 422),
            (Self.exhibition(title: text(100)), 201), (Self.exhibition(title: text(101)), 422),
        ]
        for (body, status) in museums {
            #expect(try await visitor.send("POST", "/museums", body).status == status, "\(body)")
        }
        let id = try await visitor.register(capacity: 1000)
        for (name, seats, status) in [
            (text(1), 1, 201), (text(64), 1, 201), (text(65), 1, 422), ("kim", 100, 201), ("kim", 101, 422), ("kim", 0, 422),
        ] {
            #expect(try await visitor.book(id, visitor: name, seats: seats).status == status, "\(name), \(seats) seats")
        }
        for (length, status) in [(1, 201), (255, 201), (256, 400)] {
            let key = String(repeating: "k", count: length)
            #expect(try await visitor.book(id, visitor: "lee", key: key).status == status, "a key of \(length)")
        }
        for path in ["/museums", "/books", "/confirms", "/myPages"] {
            for (size, status) in [(1, 200), (200, 200), (0, 400), (201, 400)] {
                #expect(try await visitor.get("\(path)?size=\(size)").status == status, "\(path), size \(size)")
            }
        }
        let whole = #"{"museumId":"\#(id)","visitor":"park"}"#
        let padding = String(repeating: " ", count: (16 << 10) - whole.utf8.count)
        #expect(try await visitor.send("POST", "/books", whole + padding).status == 201)
        #expect(try await visitor.send("POST", "/books", whole + padding + " ").status == 413)
    }

    @Test(arguments: layouts)
    func statusesAndHeaders(behindGateway: Bool) async throws {
        let museum = try await Museum.start(behindGateway: behindGateway)
        let visitor = museum.visitor
        let created = try await visitor.send("POST", "/museums", Self.exhibition())
        let id = try #require(created.json["id"]?.text)
        let path = "/museums/\(id)"
        #expect(created.status == 201 && created.header("Location") == path && created.header("Cache-Control") == "no-cache")
        let head = try await visitor.send("HEAD", path)
        #expect(head.status == 200 && head.text.isEmpty && head.header("Cache-Control") == "no-cache")
        #expect(try await visitor.get("/museums").header("Cache-Control") == "no-cache")

        let booked = try await visitor.book(id, visitor: "kim", seats: 3, key: "one")
        let book = try #require(booked.json["id"]?.text)
        #expect(booked.status == 201 && booked.header("Location") == "/books/\(book)" && booked.json["version"]?.integer == 1)
        #expect(booked.header("Idempotent-Replayed") == nil && booked.header("Cache-Control") == "no-store")
        let again = try await visitor.book(id, visitor: "kim", seats: 3, key: "\"one\"")
        #expect(again.status == 201 && again.header("Idempotent-Replayed") == "true" && again.json["id"]?.text == book)
        #expect(try await visitor.book(id, visitor: "kim", seats: 2, key: "one").problem == "idempotency-mismatch")
        #expect(try await visitor.book(id, visitor: "kim", seats: 2, key: "one").status == 422)
        let links = ["self": "/books/\(book)", "museum": path, "confirm": "/confirms/\(book)", "myPage": "/myPages/\(book)"]
        for (name, href) in links { #expect(booked.json["_links"]?[name]?["href"]?.text == href, "\(name)") }

        for (path, problem) in [("confirms", "unknown-confirm"), ("myPages", "unknown-page")] {
            let missing = try await visitor.get("/\(path)/\(id)-000000000000")
            #expect(missing.status == 404 && missing.problem == problem && missing.header("Retry-After") == "1", "\(path)")
        }
        let stale = try await visitor.send("PATCH", path, #"{"hall":"B","version":7}"#)
        #expect(stale.status == 409 && stale.problem == "version-mismatch" && stale.json["current"]?.integer == 1)
        let low = try await visitor.send("PATCH", path, #"{"capacity":2}"#)
        #expect(low.status == 409 && low.problem == "capacity-below-held" && low.json["held"]?.integer == 3)
        let many = try await visitor.book(id, visitor: "lee", seats: 8)
        #expect(many.status == 409 && many.problem == "sold-out" && many.json["available"]?.integer == 7)
        #expect(try await visitor.send("PATCH", path, #"{"status":"CLOSED"}"#).json["status"]?.text == "CLOSED")
        let closed = try await visitor.book(id, visitor: "lee")
        #expect(closed.status == 409 && closed.problem == "sales-closed")
        #expect(try await visitor.send("PUT", path, "{}").header("Allow") == "DELETE, GET, HEAD, PATCH")

        let deleted = try await visitor.delete(path)
        #expect(deleted.status == 202 && deleted.json["status"]?.text == "DELETED")
        #expect(try await visitor.delete(path).status == 202)
        #expect(try await visitor.send("PATCH", path, #"{"hall":"C"}"#).problem == "museum-deleted")
        #expect(try await visitor.book(id, visitor: "lee").problem == "museum-deleted")
        try await eventually("it is force-canceled") {
            try await visitor.get("/books/\(book)").json["status"]?.text == "FORCE_CANCELED"
        }
        let late = try await visitor.delete("/books/\(book)")
        #expect(late.status == 409 && late.problem == "already-force-canceled")
    }

    /// Every member of a row stands where it belongs.
    @Test func myPageShowsEachMember() async throws {
        let museum = try await Museum.start(behindGateway: false)
        let visitor = museum.visitor
        let created = try await visitor.send(
            "POST", "/museums",
            #"{"title":"Monet","hall":"East","date":"2099-12-24","startTime":"14:00","endTime":"15:30","capacity":9}"#)
        let id = try #require(created.json["id"]?.text)
        for (name, value) in ["title": "Monet", "hall": "East", "date": "2099-12-24", "startTime": "14:00", "endTime": "15:30"] {
            #expect(created.json[name]?.text == value, "\(name)")
        }
        let booked = try await visitor.book(id, visitor: "kim", seats: 2)
        let book = try #require(booked.json["id"]?.text)
        let expected = [
            "bookId": book, "museumId": id, "visitor": "kim", "status": "REQUEST_COMPLETED", "admission": "CONFIRMED",
            "title": "Monet", "hall": "East", "date": "2099-12-24", "startTime": "14:00", "endTime": "15:30",
        ]
        try await eventually("the page is complete") {
            let page = try await visitor.get("/myPages/\(book)").json
            return expected.allSatisfy { page[$0]?.text == $1 } && page["seats"]?.integer == 2
        }
        let confirm = try await visitor.get("/confirms/\(book)").json
        for (name, value) in ["bookId": book, "museumId": id, "visitor": "kim", "status": "CONFIRMED"] {
            #expect(confirm[name]?.text == value, "\(name)")
        }
        #expect(confirm["seats"]?.integer == 2)
        // Times are what they say: made once, and never later than the last change.
        #expect(try await visitor.delete("/books/\(book)").status == 200)
        let after = try await visitor.get("/books/\(book)").json
        #expect(after["createdAt"]?.text == booked.json["createdAt"]?.text && after["version"]?.integer == 3)
        #expect((after["updatedAt"]?.text ?? "") > (after["createdAt"]?.text ?? ""))
    }

    /// What happened is counted once, on the port of the role that it happened at.
    @Test func metricsCount() async throws {
        let museum = try await Museum.start(behindGateway: true)
        func value(_ role: String, _ series: String) async throws -> Double {
            let lines = try await Visitor(museum.url(role)).get("/metrics").text.split(separator: "\n")
            return lines.first { $0.hasPrefix(series + " ") }.flatMap { Double($0.split(separator: " ").last ?? "") } ?? 0
        }
        let id = try await museum.visitor.register(capacity: 100)
        for number in 0..<5 { _ = try await museum.visitor.book(id, visitor: "visitor \(number)", seats: 30) }
        #expect(
            try await value("book", #"skmuseum_http_requests_total{service="book",route="/books",method="POST",status="201"}"#)
                == 3)
        #expect(
            try await value("book", #"skmuseum_http_requests_total{service="book",route="/books",method="POST",status="409"}"#)
                == 2)
        #expect(
            try await value(
                "gateway", #"skmuseum_http_requests_total{service="gateway",route="/books",method="POST",status="201"}"#) == 3)
        #expect(
            try await value("book", #"skmuseum_http_request_duration_seconds_count{service="book",route="/books",method="POST"}"#)
                == 5)
        // Requested and RequestCompleted of each booking.
        try await eventually("all events are counted") {
            try await value("confirm", #"skmuseum_consumer_events_applied_total{service="confirm"}"#) == 6
        }
        #expect(try await value("confirm", #"skmuseum_dead_letters_total{service="confirm"}"#) == 0)
    }
}
