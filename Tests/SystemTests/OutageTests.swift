import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(10)))
struct OutageTests {
    @Test func confirmIsUnavailable() async throws {
        let deployment = try await TestDeployment.open()
        let visitor = deployment.visitor
        let exhibition = try await visitor.register(capacity: 100)
        let early = try #require(try await visitor.book(exhibition, visitor: "early").json["id"]?.text)
        #expect(try await deployment["confirm"].stop() == 0)

        var ids: [String] = []
        for number in 0..<20 {
            let answer = try await visitor.book(exhibition, visitor: "visitor \(number)")
            #expect(answer.status == 201)
            ids.append(try #require(answer.json["id"]?.text))
        }
        #expect(try await visitor.delete("/books/\(early)").status == 200)
        #expect(try await visitor.get("/confirms/\(early)").problem == "bad-upstream")

        try await deployment["confirm"].launch()
        try await eventually("admissions have caught up") {
            let confirms = try await visitor.all("confirms")
            let confirmed = confirms.count { $0["status"]?.text == "CONFIRMED" }
            let canceled = confirms.filter { $0["status"]?.text == "CANCELED" }.compactMap { $0["bookId"]?.text }
            let pages = try await visitor.all("myPages")
            return confirmed == 20 && canceled == [early]
                && pages.count { $0["admission"]?.text == "CONFIRMED" } == 20
        }
        let audit = try await deployment.audit()
        #expect(audit.code == 0, "\(audit.output)")
    }

    @Test func museumIsUnavailable() async throws {
        let deployment = try await TestDeployment.open()
        let visitor = deployment.visitor
        let exhibition = try await visitor.register(capacity: 100)
        #expect(try await visitor.book(exhibition, visitor: "kim").status == 201)
        deployment["museum"].kill()

        for number in 0..<12 {
            let answer = try await visitor.book(exhibition, visitor: "kim", key: "key \(number)".replacing(" ", with: "-"))
            #expect(answer.status == 503 && answer.problem == "museum-unavailable")
            #expect(answer.header("Retry-After") == "1")
        }
        let metrics = try await Visitor(deployment["book"].url("book")).get("/metrics").text
        #expect(metrics.contains(#/skmuseum_circuit_state{service="book",upstream="museum"} [12]\.0/#))

        try await deployment["museum"].launch()
        try await eventually("bookings again") {
            try await visitor.book(exhibition, visitor: "kim", key: "key-0").status == 201
        }
        let again = try await visitor.book(exhibition, visitor: "kim", key: "key-1")
        #expect(again.status == 201 && again.header("Idempotent-Replayed") == nil)
        #expect(try await visitor.get("/museums/\(exhibition)").json["available"]?.integer == 97)
        let audit = try await deployment.audit()
        #expect(audit.code == 0, "\(audit.output)")
    }

    @Test func museumHangs() async throws {
        let deployment = try await TestDeployment.open()
        let visitor = deployment.visitor
        let exhibition = try await visitor.register(capacity: 100)
        deployment["museum"].signal(SIGSTOP)
        let booking = try await MachinePace.measuring(beside: visitor) {
            try await visitor.book(exhibition, visitor: "kim", key: "retried")
        }
        #expect(booking.value.status == 503)
        #expect(booking.took < .milliseconds(2100) + booking.slack, "\(booking.took)")
        deployment["museum"].signal(SIGCONT)
        try await eventually("bookings again") {
            try await visitor.book(exhibition, visitor: "kim", key: "retried").status == 201
        }
        // The late reserve of the first attempt has run into a tombstone, or its seats have come back.
        let audit = try await deployment.audit()
        #expect(audit.code == 0, "\(audit.output)")
        #expect(try await visitor.get("/museums/\(exhibition)").json["available"]?.integer == 99)
    }

    @Test func everythingIsKilledAmidBookings() async throws {
        let deployment = try await TestDeployment.open()
        let visitor = deployment.visitor
        let exhibition = try await visitor.register(capacity: 5000)
        let acknowledged = LockedBox<[String]>([])
        await withTaskGroup { group in
            for lane in 0..<40 {
                group.addTask {
                    for number in 0..<50 {
                        guard let answer = try? await visitor.book(exhibition, visitor: "visitor \(lane)-\(number)"),
                            answer.status == 201, let id = answer.json["id"]?.text
                        else { continue }
                        if acknowledged.append(id) == 700 { deployment.killAll() }
                    }
                }
            }
        }
        let ids = acknowledged.value
        #expect(ids.count >= 700 && ids.count < 2000, "the kill struck amid the bookings")

        try await deployment.relaunchAll()
        let audit = try await deployment.audit()
        #expect(audit.code == 0, "\(audit.output)")
        let pages = try await visitor.all("myPages")
        let completed = Set(pages.filter { $0["status"]?.text == "REQUEST_COMPLETED" }.compactMap { $0["bookId"]?.text })
        #expect(Set(ids).subtracting(completed).isEmpty)
        let held = 5000 - (try await visitor.get("/museums/\(exhibition)").json["available"]?.integer ?? 0)
        #expect(held == completed.count)
    }
}

extension LockedBox {
    /// - Returns: how many there are then.
    fileprivate func append<Element>(_ element: Element) -> Int where Value == [Element] {
        update { list in
            list.append(element)
            return list.count
        }
    }
}
