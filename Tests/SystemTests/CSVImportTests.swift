import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

/// `POST /museums` with a CSV file: all of its exhibitions, or none.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct CSVImportTests {
    private static let season = """
        title,hall,date,startTime,endTime,capacity
        Monet,A hall,2099-12-24,14:00,15:30,20
        "달 항아리, 백자",B hall,2099-12-25,,,5
        ,A hall,2099-12-24,16:00,01:00,1000000

        """

    private func send(_ visitor: Visitor, _ file: String, key: String? = nil, type: String = "text/csv") async throws
        -> Visitor.Answer
    {
        var headers = ["Content-Type": type]
        if let key { headers["Idempotency-Key"] = key }
        return try await visitor.send("POST", "/museums", file, headers: headers)
    }

    private func museums(_ answer: Visitor.Answer) -> [JSON] { answer.json["_embedded"]?["museums"]?.elements ?? [] }

    private func ids(_ answer: Visitor.Answer) -> [String?] { museums(answer).map { $0["id"]?.text } }

    private func count(_ visitor: Visitor) async throws -> Int {
        try await visitor.all("museums", query: "status=OPEN,CLOSED,DELETED").count
    }

    @Test(arguments: [false, true])
    func scenario(inFiveProcesses: Bool) async throws {
        try await audited(inFiveProcesses: inFiveProcesses) { visitor in
            let first = try await send(visitor, Self.season, key: "season")
            #expect(first.status == 201, "\(first.text)")
            #expect(first.header("Location") == nil && first.header("Idempotent-Replayed") == nil)
            #expect(first.json["_links"]?["self"]?["href"]?.text == "/museums")
            let registered = museums(first)
            #expect(registered.map { $0["title"]?.text } == ["Monet", "달 항아리, 백자", nil])
            #expect(registered.map { $0["startTime"]?.text } == ["14:00", nil, "16:00"])
            #expect(registered.map { $0["capacity"]?.integer } == [20, 5, 1_000_000])
            for museum in registered {
                let id = try #require(museum["id"]?.text)
                #expect(try await visitor.get("/museums/\(id)").json == museum)
            }
            // In another form, with the same rows.
            for same in [
                Self.season, "\u{FEFF}" + Self.season.replacing("\n", with: "\r\n"),
                Self.season.replacing("Monet,A hall", with: " Monet ,\"A hall\"") + ",,,,,\n\n",
            ] {
                let again = try await send(visitor, same, key: "season")
                #expect(again.status == 201 && again.header("Idempotent-Replayed") == "true", "\(again.text)")
                #expect(again.text == first.text)
            }
            for other in [
                Self.season.replacing("20\n", with: "21\n"),
                Self.season.split(separator: "\n").dropLast().joined(separator: "\n"),
            ] {
                #expect(try await send(visitor, other, key: "season").problem == "idempotency-mismatch")
            }
            let monet = #"{"title":"Monet","hall":"A hall","date":"2099-12-24","capacity":20}"#
            let one = try await visitor.send("POST", "/museums", monet, headers: ["Idempotency-Key": "season"])
            #expect(one.problem == "idempotency-mismatch")
            #expect(try await count(visitor) == 3)
            // Without a key it is registered again; and a booking works as of any exhibition.
            let again = try await send(visitor, Self.season)
            #expect(again.status == 201 && Set(ids(first) + ids(again)).count == 6)
            let exhibition = try #require(ids(again)[1])
            #expect(try await visitor.book(exhibition, visitor: "kim", seats: 5).status == 201)
        }
    }

    @Test(arguments: Listeners.both)
    func noRowOfABadFile(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway)
        let rows = Self.season.split(separator: "\n").map(String.init)
        func with(_ row: Int, _ text: String) -> String {
            var rows = rows
            rows[row - 1] = text
            return rows.joined(separator: "\n")
        }
        let bad: [(file: String, row: Int, field: String?)] = [
            (with(3, "x,B hall,2099-02-30,,,5"), 3, "date"), (with(4, ",,2099-12-24,,,5"), 4, "hall"),
            (with(2, "x,B hall,2099-12-24,,,0"), 2, "capacity"), (with(2, "x,B hall,2099-12-24,,,many"), 2, "capacity"),
            (with(2, "x,B hall,2099-12-24,,,"), 2, "capacity"), (with(2, "x,B hall,2099-12-24,25:00,,5"), 2, "startTime"),
            (with(2, "x,B hall,2099-12-24,,15:00,5"), 2, "endTime"), (with(4, "\u{202E},B hall,2099-12-24,,,5"), 4, "title"),
            (with(4, "\"a\nb\",B hall,2099-12-24,,,5"), 4, "title"),
            (with(4, "again,A hall,2099-12-24,14:00,,7"), 4, "startTime"), (with(4, ",B hall,2099-12-25,,,7"), 4, "date"),
            (with(3, "x,B hall,2099-12-24"), 3, "startTime"), (with(3, "x,B hall,2099-12-24,,,5,6"), 3, "capacity"),
            (with(1, "title,hall,date,startTime,endTime,seats"), 1, "seats"),
            (with(1, "title,hall,date,startTime,hall,capacity"), 1, "hall"),
            (with(1, "title,hall,startTime,endTime,capacity"), 1, "date"),
            (with(1, "Title,hall,date,startTime,endTime,capacity"), 1, "Title"),
            (with(3, "x\"y,B hall,2099-12-24,,,5"), 3, nil), (with(4, "\"x,B hall,2099-12-24,,,5"), 4, nil),
            (rows[0], 1, nil), ("", 1, nil), (rows[0] + "\n,,,,,\n", 1, nil),
        ]
        for (file, row, field) in bad {
            let refused = try await send(museum.visitor, file, key: "bad")
            #expect(refused.status == (field == nil ? 400 : 422), "\(file): \(refused.text)")
            #expect(refused.problem == (field == nil ? "malformed-csv" : "invalid-field"))
            #expect(refused.json["row"]?.integer == row && refused.json["field"]?.text == field, "\(file): \(refused.text)")
            #expect(refused.json["detail"]?.text?.contains("Row \(row)") ?? false)
            #expect(field.map { refused.json["detail"]?.text?.contains($0) ?? false } ?? true, "\(refused.text)")
        }
        let row = ",hall,2099-12-24,,,5\n"
        let header = rows[0] + "\n"
        for (file, problem, status) in [
            (header + (0...1000).map { "x,hall \($0),2099-12-24,,,5\n" }.joined(), "content-too-large", 413),
            (header + String(repeating: " ", count: 1 << 20), "content-too-large", 413),
        ] {
            let refused = try await send(museum.visitor, file)
            #expect(refused.status == status && refused.problem == problem, "\(refused.text.prefix(300))")
        }
        for (file, type, status) in [
            (header + row, "text/csv; charset=utf-16", 415), (header + row, "text/plain", 415),
            (header + row, "application/json", 400),
            (String(repeating: " ", count: 16_385), "application/json", 413),
        ] {
            let refused = try await send(museum.visitor, file, type: type)
            #expect(refused.status == status, "\(type): \(refused.text)")
            if type == "text/plain" { #expect(refused.header("Accept")?.hasSuffix(", text/csv") ?? false) }
        }
        // Only registrations take CSV.
        #expect(try await museum.visitor.send("POST", "/books", header, headers: ["Content-Type": "text/csv"]).status == 415)
        #expect(try await count(museum.visitor) == 0)
        let sequence = try await museum.client.send("GET", "museum:{a}:sequence")
        #expect(sequence == .null, "no number was drawn")
    }

    /// A thousand rows, in any order of columns, with those that are optional left out; in chunks, and after 100 Continue.
    @Test(arguments: Listeners.both)
    func aThousandRows(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway, environment: ["PARTITIONS": "3"])
        let hall = String(repeating: "관", count: 96)
        let file = "capacity,date,hall\r\n" + (0..<1000).map { "7,2099-12-24,\(hall)\($0)\r\n" }.joined()
        let answer = try await send(museum.visitor, file, key: "large", type: "text/csv; charset=UTF-8; header=present")
        #expect(answer.status == 201, "\(answer.text.prefix(300))")
        #expect(museums(answer).map { $0["hall"]?.text } == (0..<1000).map { "\(hall)\($0)" })
        #expect(Set(ids(answer).compactMap { $0?.first }).count == 1, "all in one partition")
        let again = try await send(museum.visitor, file, key: "large")
        #expect(again.header("Idempotent-Replayed") == "true" && again.text == answer.text)
        #expect(try await count(museum.visitor) == 1000)
        let port = try #require(museum.ports["gateway"])
        let head = "POST /museums HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nIdempotency-Key: large\r\n"
        let waiting = try await RawExchange.run(
            Array((head + "Content-Length: \(file.utf8.count)\r\nExpect: 100-continue\r\n\r\n" + file).utf8), port: port,
            responses: 2)
        #expect(waiting.statuses == [100, 201])
        let chunk = String(file.utf8.count, radix: 16)
        let chunked = try await RawExchange.run(
            Array((head + "Transfer-Encoding: chunked\r\n\r\n\(chunk)\r\n\(file)\r\n0\r\n\r\n").utf8), port: port)
        #expect(chunked.statuses == [201] && chunked.text.contains("Idempotent-Replayed: true"))
    }

    /// As long as one exhibition of a file is there, its key registers nothing; then it registers anew.
    @Test func afterAPurge() async throws {
        let single = try await SingleProcess.start()
        let visitor = single.visitor
        let file = "hall,date,capacity\nA,2099-12-24,5\nB,2099-12-25,5\n"
        let registered = ids(try await send(visitor, file, key: "k")).compactMap { $0 }
        for (round, id) in registered.enumerated() {
            try await visitor.setDate(of: id, to: "2020-01-01")
            #expect(try await single.process.run("purge", "--before", "2021-01-01", "--yes").code == 0)
            let again = try await send(visitor, file, key: "k")
            #expect(again.status == 201)
            if round == 0 {
                #expect(again.header("Idempotent-Replayed") == "true" && ids(again) == [registered[1]])
            } else {
                #expect(again.header("Idempotent-Replayed") == nil && Set(ids(again) + registered).count == 4)
            }
        }
    }

    @Test func sixtyFourAtOnce() async throws {
        let deployment = try await TestDeployment.open(environment: ["PARTITIONS": "3"])
        let visitor = deployment.visitor
        let answers = try await withThrowingTaskGroup { group in
            for number in 0..<64 { group.addTask { try await send(visitor, Self.season, key: "k-\(number % 2)") } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        // Above 32 at once it is overloaded, and says that nothing was changed.
        let done = answers.filter { $0.status == 201 }
        #expect(answers.allSatisfy { $0.status == 201 || $0.problem == "overloaded" }, "\(answers.map(\.status))")
        #expect(done.count >= 2 && Set(done.map { ids($0) }).count <= 2)
        #expect(try await count(visitor) == Set(done.flatMap { ids($0) }).count)
    }
}
