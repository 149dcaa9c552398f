import HTTPServer
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(5)))
struct RaceTests {
    @Test func twoHundredVisitorsForFiftySeats() async throws {
        let deployment = try await TestDeployment.open()
        let visitor = deployment.visitor
        let exhibition = try await visitor.register(capacity: 50)
        let answers = try await withThrowingTaskGroup { group in
            for number in 0..<200 { group.addTask { try await visitor.book(exhibition, visitor: "visitor \(number)") } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count { $0.status == 201 } == 50)
        #expect(
            answers.count { $0.status == 409 && $0.problem == "sold-out" } == 150, "\(answers.map { $0.problem ?? "booked" })")
        #expect(try await visitor.get("/museums/\(exhibition)").json["available"]?.integer == 0)
        let audit = try await deployment.audit()
        #expect(audit.code == 0, "\(audit.output)")
    }

    @Test func oneKeyFromManyClientsBooksOnce() async throws {
        let deployment = try await TestDeployment.open()
        let visitor = deployment.visitor
        let exhibition = try await visitor.register(capacity: 50)
        let answers = try await withThrowingTaskGroup { group in
            for _ in 0..<64 { group.addTask { try await visitor.book(exhibition, visitor: "kim", seats: 3, key: "one") } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.allSatisfy { $0.status == 201 })
        #expect(Set(answers.map { $0.json["id"]?.text }).count == 1)
        #expect(answers.contains { $0.header("Idempotent-Replayed") == nil })
        #expect(try await visitor.get("/museums/\(exhibition)").json["available"]?.integer == 47)
        #expect(try await visitor.book(exhibition, visitor: "kim", seats: 4, key: "one").problem == "idempotency-mismatch")
        #expect(try await visitor.book(exhibition, visitor: "lee", seats: 3, key: "one").header("Idempotent-Replayed") == nil)
    }

    /// Whoever deletes has read the exhibition before the other moves it, or after: its place among the deleted is that of
    /// its date.
    @Test func deletingAndMovingAtTheSameTime() async throws {
        let deployment = try await TestDeployment.open()
        let visitor = deployment.visitor
        for round in 0..<60 {
            let exhibition = try await visitor.register(capacity: 5)
            try await withThrowingTaskGroup { group in
                group.addTask { _ = try await visitor.delete("/museums/\(exhibition)") }
                for day in 10...12 {
                    group.addTask {
                        _ = try await visitor.send("PATCH", "/museums/\(exhibition)", #"{"date":"2099-11-\#(day + round % 9)"}"#)
                    }
                }
                try await group.waitForAll()
            }
        }
        let audit = try await deployment.audit()
        #expect(audit.code == 0, "\(audit.output)")
    }

    @Test func sixtyFourCancelsReleaseSeatsOnce() async throws {
        let deployment = try await TestDeployment.open()
        let visitor = deployment.visitor
        let exhibition = try await visitor.register(capacity: 10)
        _ = try await visitor.book(exhibition, visitor: "other", seats: 5)
        let id = try #require(try await visitor.book(exhibition, visitor: "kim", seats: 5).json["id"]?.text)
        let answers = try await withThrowingTaskGroup { group in
            for _ in 0..<64 { group.addTask { try await visitor.delete("/books/\(id)") } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(
            answers.allSatisfy {
                $0.status == 200 && $0.json["status"]?.text == "CANCELED" && $0.json["version"]?.integer ?? 9 <= 3
            })
        let audit = try await deployment.audit()
        #expect(audit.code == 0, "\(audit.output)")
        #expect(try await visitor.get("/museums/\(exhibition)").json["available"]?.integer == 5)
    }
}
