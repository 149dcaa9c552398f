import Contracts
import Foundation
import HTTPServer
import NIOCore
import Redis
import TestSupport
import Testing

/// Whole lists as CSV, in one process and through a gateway in another.
@Suite(.serialized, .timeLimit(.minutes(4)))
struct CSVExportTests {
    private static let csv = ["Accept": "text/csv"]

    private func rows(_ answer: Visitor.Answer) throws -> [[String]] {
        #expect(answer.status == 200, "\(answer.text)")
        var reader = CSVReader(answer.body.readableBytesView)
        var rows: [[String]] = []
        while let row = try reader.next() { rows.append(row) }
        return rows
    }

    /// Bookings of one exhibition, written past the services.
    private func fill(_ client: RedisClient, _ count: Int) async throws {
        _ = await client.send([Command("SADD", "museum:partitions", "a"), Command("ZADD", "book:{a}:index", "0", "a1")])
        for start in stride(from: 0, to: count, by: 500) {
            var commands: [Command] = []
            for number in start..<min(start + 500, count) {
                let id = BookingID(exhibition: ExhibitionID(partition: "a", number: 1), bits: UInt64(number)).text
                let moment = String(1_764_000_000_000 + number)
                commands.append(
                    Command(
                        "HSET", "book:{a}:\(id)", "visitor", "visitor \(number)", "museumId", "a1", "seats", "1", "status",
                        "REQUEST_COMPLETED", "version", "2", "createdAt", moment, "updatedAt", moment))
                commands.append(Command("ZADD", "book:{a}:a1:index", moment, id))
            }
            for result in await client.send(commands) { _ = try result.get() }
        }
    }

    @Test(arguments: Listeners.both)
    func theWholeList(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway)
        try await fill(museum.client, 450)
        for query in ["", "?museumId=a1", "?status=REQUEST_COMPLETED"] {
            let answer = try await museum.visitor.get("/books\(query)", headers: Self.csv)
            #expect(answer.header("Content-Type") == "text/csv; charset=utf-8; header=present")
            #expect(answer.header("Content-Disposition") == "attachment; filename=\"books.csv\"")
            #expect(answer.header("Vary") == "Accept" && answer.header("Cache-Control") == "no-store")
            #expect(answer.header("Content-Length") == nil && answer.header("Transfer-Encoding") == "chunked")
            #expect(answer.body.readableBytesView.starts(with: [0xEF, 0xBB, 0xBF]))
            let rows = try rows(answer)
            #expect(rows.count == 451)
            #expect(
                rows[0] == [
                    "id", "museumId", "visitor", "seats", "status", "version", "createdAt", "updatedAt", "name", "contact",
                    "note",
                ])
            let listed = try await museum.visitor.all("books", query: query.isEmpty ? "" : String(query.dropFirst()))
            for (row, json) in zip(rows.dropFirst(), listed) {
                for (name, cell) in zip(rows[0], row) {
                    let member = json[name]?.text ?? json[name]?.integer.map(String.init)
                    #expect(cell == member ?? "", "\(name)")
                }
            }
        }
        let none = try await museum.visitor.get("/books?status=CANCELED", headers: Self.csv)
        #expect(none.text.hasSuffix("updatedAt,name,contact,note\r\n"))
        #expect(try rows(none).count == 1)
    }

    @Test(arguments: Listeners.both)
    func otherListsAndFormulas(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway)
        let exhibition = try await museum.visitor.register(capacity: 10, hall: "@hall", title: "a, b")
        let booked = try await museum.visitor.book(exhibition, visitor: "=1+1", seats: 2)
        let id = try #require(booked.json["id"]?.text)
        try await eventually("the row is complete") {
            try await museum.visitor.get("/myPages/\(id)").json["admission"]?.text == "CONFIRMED"
        }
        let admissions = try rows(try await museum.visitor.get("/confirms", headers: Self.csv))
        #expect(admissions.first == ["bookId", "museumId", "visitor", "seats", "status", "updatedAt"])
        #expect(admissions.last?.dropLast() == [id, exhibition, "'=1+1", "2", "CONFIRMED"])
        let pages = try await museum.visitor.get("/myPages?visitor=%3D1%2B1", headers: Self.csv)
        #expect(pages.header("Content-Disposition") == "attachment; filename=\"myPages.csv\"")
        #expect(
            try rows(pages).last?.dropLast() == [
                id, exhibition, "'=1+1", "2", "REQUEST_COMPLETED", "CONFIRMED", "a, b", "'@hall", "2099-12-24", "", "",
            ])
    }

    @Test(arguments: Listeners.both)
    func whoComesOnADay(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway, environment: ["PARTITIONS": "3"])
        let visitor = museum.visitor
        var booked: [String: [String]] = [:]
        var first = ""
        for (number, day) in ["2099-12-24", "2099-12-25", "2099-12-24", "2099-12-26"].enumerated() {
            let exhibition = try await visitor.register(capacity: 10, date: day)
            if number == 0 { first = exhibition }
            for name in ["kim", "lee", "park"] {
                let id = try #require(try await visitor.book(exhibition, visitor: name).json["id"]?.text)
                booked[day, default: []].append(id)
            }
        }
        try await eventually("all rows are complete") {
            let rows = try await visitor.all("myPages")
            return rows.count == 12 && rows.allSatisfy { $0["admission"] != nil && $0["date"] != nil }
        }
        func ids(_ query: String) async throws -> [String] {
            let listed = try await visitor.all("myPages", query: query).compactMap { $0["bookId"]?.text }
            let exported = try rows(try await visitor.get("/myPages?\(query)", headers: Self.csv)).dropFirst().map { $0[0] }
            #expect(listed == exported, "\(query)")
            return listed.sorted()
        }
        #expect(try await ids("date=2099-12-24") == booked["2099-12-24"]?.sorted())
        #expect(try await ids("date=2099-12-23") == [])
        let ofFirst = try await ids("museumId=\(first)")
        #expect(ofFirst.count == 3 && ofFirst.allSatisfy { $0.hasPrefix("\(first)-") })
        #expect(try await ids("museumId=\(first)&date=2099-12-24") == ofFirst)
        #expect(try await ids("museumId=\(first)&date=2099-12-25") == [])
        #expect(try await ids("visitor=kim&date=2099-12-24").count == 2)
        #expect(try await ids("visitor=kim&museumId=\(first)").count == 1)
        #expect(try await ids("museumId=zzz999") == [])
        try await visitor.setDate(of: first, to: "2099-12-25")
        try await eventually("the exhibition has moved") { try await ids("museumId=\(first)&date=2099-12-25") == ofFirst }
        #expect(try await ids("date=2099-12-25").count == 6)
        // A page may be short while there is more.
        var path: String? = "/myPages?date=2099-12-26&size=1"
        var found = 0
        while let current = path {
            let page = try await visitor.get(current).json
            found += page["_embedded"]?["myPages"]?.elements?.count ?? 0
            path = page["_links"]?["next"]?["href"]?.text
        }
        #expect(found == 3)
        for query in ["date=2099-13-01", "date=today", "museumId=x", "date=2099-12-24&date=2099-12-25"] {
            #expect(try await visitor.get("/myPages?\(query)").problem == "invalid-parameter", "\(query)")
        }
    }

    @Test(arguments: Listeners.both)
    func negotiationAndErrors(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway)
        try await fill(museum.client, 3)
        for accept in ["*/*", "text/csv;q=0.4, application/json;q=0.5", "text/csv, application/json", "text/html,*/*;q=0.8"] {
            let answer = try await museum.visitor.get("/books", headers: ["Accept": accept])
            #expect(answer.header("Content-Type") == "application/json", "\(accept)")
        }
        for accept in ["text/csv, */*;q=0.1", "Text/CSV;charset=UTF-8;header=present", "text/*", "text/csv, */*"] {
            let answer = try await museum.visitor.get("/books", headers: ["Accept": accept])
            #expect(answer.header("Content-Type")?.hasPrefix("text/csv;") ?? false, "\(accept)")
        }
        // One resource, and what is no list of bookings, is JSON.
        for path in ["/museums", "/", "/books/\(BookingID(exhibition: ExhibitionID(partition: "a", number: 1), bits: 1).text)"] {
            #expect(try await museum.visitor.get(path, headers: Self.csv).header("Content-Type") == "application/json", "\(path)")
        }
        for query in ["size=5", "cursor=x", "status=NO", "x=1"] {
            let refused = try await museum.visitor.get("/books?\(query)", headers: Self.csv)
            #expect(refused.status == 400 && refused.problem == "invalid-parameter", "\(query): \(refused.text)")
        }
        // The response to HEAD has no body, and the connection goes on.
        let port = try #require(museum.ports["gateway"])
        let head = "HEAD /books HTTP/1.1\r\nHost: localhost\r\nAccept: text/csv\r\n\r\n"
        let live = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
        let exchange = try await RawExchange.run(Array((head + live).utf8), port: port, responses: 2)
        #expect(exchange.statuses == [200, 200] && exchange.text.contains("Content-Disposition: attachment"))
        #expect(exchange.text.contains("\r\n\r\nHTTP/1.1 200") && !exchange.text.contains("\r\n0\r\n"), "\(exchange.text)")
        // HTTP/1.0 has no chunks.
        let old = try await RawExchange.run(Array("GET /books HTTP/1.0\r\nAccept: text/csv\r\n\r\n".utf8), port: port)
        #expect(old.text.contains("Content-Type: application/json") && old.text.contains("Content-Length: "))
    }

    /// A client that reads no more is not read for: the service waits, and nothing piles up. If it goes on slowly, it gets all.
    @Test(arguments: Listeners.both)
    func aSlowClientGetsAll(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway)
        let total = 30_000
        try await fill(museum.client, total)
        let connections = try request(museum)
        try await connections.turn(until: "it begins", within: .seconds(5)) { !$0.members[0].received.isEmpty }
        connections.stopReading(0)
        let read = try await standstill(museum.client)
        #expect(read < total / 2, "\(read)")
        // More than the ten seconds that a client has which reads nothing.
        for _ in 0..<14 {
            try await Task.sleep(for: .seconds(1))
            connections.read(0, atMost: 150_000)
        }
        #expect(!connections.members[0].isOver)
        connections.goOnReading(0)
        try await connections.turn(until: "all is there", within: .seconds(60)) { $0.members[0].isOver || $0.members[0].isWhole }
        let member = connections.members[0]
        #expect(member.isWhole && member.chunks.count { $0 == 0x0A } == total + 1)
    }

    @Test(arguments: Listeners.both)
    func aClientThatReadsNothingIsClosed(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway)
        try await fill(museum.client, 30_000)
        let connections = try request(museum)
        try await connections.turn(until: "it begins", within: .seconds(5)) { !$0.members[0].received.isEmpty }
        connections.stopReading(0)
        try await Task.sleep(for: .seconds(13))
        connections.goOnReading(0)
        try await connections.turn(until: "it is closed", within: .seconds(10)) { $0.members[0].isOver }
        #expect(!connections.members[0].isWhole)
    }

    @Test(arguments: Listeners.both)
    func aClientThatIsGoneStopsTheReading(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway)
        let total = 30_000
        try await fill(museum.client, total)
        let connections = try request(museum)
        try await connections.turn(until: "it begins", within: .seconds(5)) { !$0.members[0].received.isEmpty }
        connections.leave(0)
        let read = try await standstill(museum.client)
        #expect(read < total / 2, "\(read)")
        #expect(try await museum.visitor.get("/books?size=1").status == 200)
    }

    /// Redis fails after the first rows: what the client gets has no end.
    @Test(arguments: Listeners.both)
    func aCutExportLooksCut(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway)
        try await fill(museum.client, 30_000)
        let connections = try request(museum)
        try await connections.turn(until: "it begins", within: .seconds(5)) { !$0.members[0].received.isEmpty }
        connections.stopReading(0)
        _ = try await standstill(museum.client)
        // What is read next is no booking.
        for number in 0..<1000 {
            let id = BookingID(exhibition: ExhibitionID(partition: "a", number: 1), bits: UInt64(number)).text
            _ = try await museum.client.send("SET", "book:{a}:\(id)", "damaged")
        }
        connections.goOnReading(0)
        try await connections.turn(until: "it is closed", within: .seconds(30)) { $0.members[0].isOver || $0.members[0].isWhole }
        let member = connections.members[0]
        #expect(member.statuses == [200] && !member.isWhole)
        await #expect(throws: (any Error).self) { try await museum.visitor.get("/books", headers: Self.csv) }
        #expect(try await museum.visitor.get("/").status == 200)
    }

    /// A process that is told to stop waits for an export no longer than it can.
    @Test func anExportDoesNotKeepAProcessFromStopping() async throws {
        let single = try await SingleProcess.start()
        try await fill(try single.redis.client(), 30_000)
        let connections = try request(single.process.ports)
        try await connections.turn(until: "it begins", within: .seconds(5)) { !$0.members[0].received.isEmpty }
        connections.stopReading(0)
        let start = ContinuousClock.now
        #expect(try await single.process.stop() == 0)
        #expect(ContinuousClock.now - start < .seconds(12))
        connections.goOnReading(0)
        try await connections.turn(until: "it is closed", within: .seconds(5)) { $0.members[0].isOver }
        #expect(!connections.members[0].isWhole)
    }

    private func request(_ museum: Listeners) throws -> RawConnections { try request(museum.ports) }

    private func request(_ ports: [String: Int]) throws -> RawConnections {
        let connections = RawConnections()
        try connections.join(1, port: try #require(ports["gateway"]), receiveBuffer: 4096)
        connections.say("GET /books HTTP/1.1\r\nHost: localhost\r\nAccept: text/csv\r\n\r\n", to: 0)
        return connections
    }

    /// Waits until no more bookings are read.
    /// - Returns: how many have been.
    private func standstill(_ client: RedisClient) async throws -> Int {
        var (last, since) = (-1, ContinuousClock.now)
        try await eventually("nothing more is read", within: .seconds(30), every: .milliseconds(50)) {
            let text = try await client.send("INFO", "commandstats").asText()
            let count = text.firstMatch(of: #/cmdstat_hgetall:calls=([0-9]+)/#).flatMap { Int($0.output.1) } ?? 0
            if count != last { (last, since) = (count, .now) }
            return ContinuousClock.now - since > .seconds(1)
        }
        return last
    }
}

extension RawConnections.Member {
    /// Whether a chunked body has come to its end.
    fileprivate var isWhole: Bool { received.suffix(7).elementsEqual("\r\n0\r\n\r\n".utf8) }

    /// The content of a chunked body.
    fileprivate var chunks: [UInt8] {
        guard let head = text.range(of: "\r\n\r\n") else { return [] }
        var rest = received.dropFirst(text[..<head.upperBound].utf8.count)
        var content: [UInt8] = []
        while let end = rest.firstIndex(of: 0x0D), let size = Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16),
            size > 0
        {
            content += rest.dropFirst(end - rest.startIndex + 2).prefix(size)
            rest = rest.dropFirst(end - rest.startIndex + 2 + size + 2)
        }
        return content
    }
}
