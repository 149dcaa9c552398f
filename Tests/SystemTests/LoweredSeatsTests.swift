import HTTPServer
import TestSupport
import Testing

/// Fewer seats for a booking: what the visitor is told, and what all services make of it.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct LoweredSeatsTests {
    @Test func seatsCanOnlyBeLowered() async throws {
        let deployment = try await TestDeployment.open()
        let visitor = deployment.visitor
        let exhibition = try await visitor.register(capacity: 20)
        func available() async throws -> Int? { try await visitor.get("/museums/\(exhibition)").json["available"]?.integer }
        let booked = try await visitor.book(exhibition, visitor: "kim", seats: 9, key: "one")
        let id = try #require(booked.json["id"]?.text)
        let path = "/books/\(id)"
        func lower(_ body: String, _ method: String = "PATCH") async throws -> Visitor.Answer {
            try await visitor.send(method, path, body)
        }
        let first = try await lower(#"{"seats":7}"#)
        #expect(first.status == 200 && first.json["seats"]?.integer == 7, "\(first.text)")
        let version = try #require(first.json["version"]?.integer)
        try await eventually("it is completed") { try await visitor.get(path).json["status"]?.text == "REQUEST_COMPLETED" }
        let completed = try #require(try await visitor.get(path).json["version"]?.integer)
        #expect(completed == 3 && version <= 3)

        // As many seats as there are: nothing happens.
        for body in [#"{"seats":7}"#, #"{"seats":"7","museumId":"\#(exhibition)","visitor":"kim"}"#] {
            let again = try await lower(body)
            #expect(again.status == 200 && again.json["version"]?.integer == 3, "\(again.text)")
        }
        for (body, field) in [
            (#"{"seats":8}"#, "seats"), (#"{"seats":0}"#, "seats"), (#"{"seats":101}"#, "seats"), (#"{"seats":null}"#, "seats"),
            (#"{"seats":5,"status":"CANCELED"}"#, "seats"), (#"{"seats":5,"status":"FORCE_CANCELED"}"#, "status"),
            (#"{"seats":5,"visitor":"lee"}"#, "visitor"), (#"{"seats":5,"museumId":"a9"}"#, "museumId"),
            (#"{"seats":5,"note":"x"}"#, "note"), (#"{"seats":5,"price":1}"#, "price"), ("{}", "status"),
            (#"{"visitor":"kim"}"#, "status"), (#"{"status":"REQUEST_COMPLETED"}"#, "status"),
        ] {
            let refused = try await lower(body)
            #expect(refused.status == 422 && refused.problem == "invalid-field", "\(body): \(refused.text)")
            #expect(refused.json["field"]?.text == field, "\(body): \(refused.text)")
        }
        #expect(try await visitor.get(path).json["version"]?.integer == 3)

        // PUT takes the booking as GET returned it, also as it was before it was completed.
        let got = try await visitor.get(path).text
        let put = try await lower(got.replacing("\"seats\":7", with: "\"seats\":6"), "PUT")
        #expect(put.status == 200 && put.json["seats"]?.integer == 6 && put.json["version"]?.integer == 4, "\(put.text)")
        let before = booked.text.replacing("\"seats\":9", with: "\"seats\":4")
        #expect(try await lower(before, "PUT").json["seats"]?.integer == 4)
        try await eventually("the seats are back") { try await available() == 16 }
        for relation in ["confirms", "myPages"] {
            try await eventually("\(relation) shows them") {
                try await visitor.get("/\(relation)/\(id)").json["seats"]?.integer == 4
            }
        }
        #expect(try await visitor.get("/confirms/\(id)").json["status"]?.text == "CONFIRMED")

        // The key stands for what was booked.
        let replayed = try await visitor.book(exhibition, visitor: "kim", seats: 9, key: "one")
        #expect(replayed.status == 201 && replayed.header("Idempotent-Replayed") == "true", "\(replayed.text)")
        #expect(replayed.json["id"]?.text == id && replayed.json["seats"]?.integer == 4)
        #expect(try await visitor.book(exhibition, visitor: "kim", seats: 4, key: "one").problem == "idempotency-mismatch")

        #expect(try await visitor.delete(path).json["seats"]?.integer == 4)
        let late = try await lower(#"{"seats":1}"#)
        #expect(late.status == 422 && late.json["field"]?.text == "seats", "\(late.text)")
        #expect(try await lower(#"{"seats":4}"#).json["status"]?.text == "CANCELED")
        try await eventually("all seats are back") { try await available() == 20 }
        #expect(
            try await visitor.send("PATCH", "/books/\(exhibition)-000000000000", #"{"seats":1}"#).problem == "unknown-booking")

        let other = try #require(try await visitor.book(exhibition, visitor: "lee", seats: 3).json["id"]?.text)
        #expect(try await visitor.send("PATCH", "/books/\(other)", #"{"seats":2}"#).status == 200)
        #expect(try await visitor.delete("/museums/\(exhibition)").status == 202)
        try await eventually("it is force-canceled") {
            try await visitor.get("/books/\(other)").json["status"]?.text == "FORCE_CANCELED"
        }
        for seats in [1, 2] {
            let refused = try await visitor.send("PATCH", "/books/\(other)", #"{"seats":\#(seats)}"#)
            #expect(refused.status == 409 && refused.problem == "already-force-canceled", "\(refused.text)")
        }
        try await settles(deployment)
    }

    /// Visitors lower and cancel at the same moment, and every group reads all of it twice more.
    @Test func whileOthersCancel() async throws {
        let deployment = try await TestDeployment.open()
        let visitor = deployment.visitor
        let exhibition = try await visitor.register(capacity: 1000)
        var bookings: [String] = []
        for number in 0..<12 {
            let booked = try await visitor.book(exhibition, visitor: "v\(number)", seats: 8)
            bookings.append(try #require(booked.json["id"]?.text))
        }
        try await withThrowingTaskGroup { group in
            for (number, id) in bookings.enumerated() {
                for seats in [5, 3, 6, 2, 5, 4] {
                    group.addTask {
                        let answer = try await visitor.send("PATCH", "/books/\(id)", #"{"seats":\#(seats)}"#)
                        #expect([200, 422].contains(answer.status), "\(answer.text)")
                    }
                }
                if number.isMultiple(of: 3) {
                    group.addTask {
                        let canceled = try await visitor.delete("/books/\(id)")
                        #expect(canceled.json["status"]?.text == "CANCELED", "\(canceled.text)")
                    }
                }
            }
            try await group.waitForAll()
        }
        try await settles(deployment)
        var held = 0
        for (number, id) in bookings.enumerated() {
            let booking = try await visitor.get("/books/\(id)").json
            let isCanceled = number.isMultiple(of: 3)
            #expect(booking["status"]?.text == (isCanceled ? "CANCELED" : "REQUEST_COMPLETED"))
            if !isCanceled {
                #expect(booking["seats"]?.integer == 2, "the least was asked for while it stood")
                held += 2
            }
        }
        #expect(try await visitor.get("/museums/\(exhibition)").json["available"]?.integer == 1000 - held)
    }

    /// The audit finds nothing, before and after every group has read all events once more, and a rebuilt read model is the same.
    private func settles(_ deployment: TestDeployment) async throws {
        let audit = try await deployment.audit()
        #expect(audit.code == 0, "\(audit.output)")
        let before = try await deployment.redis.client().hashes("*-*")
        for service in ["museum", "book", "confirm", "mypage"] {
            let replay = try await deployment["book"].run("replay", service)
            #expect(replay.code == 0, "\(replay.output)")
        }
        let again = try await deployment.audit()
        #expect(again.code == 0, "\(again.output)")
        #expect(try await deployment.redis.client().hashes("*-*") == before)
        let rebuilt = try await deployment["book"].run("rebuild", "mypage")
        #expect(rebuilt.code == 0 && !rebuilt.output.contains("repaired"), "\(rebuilt.output)")
    }
}
