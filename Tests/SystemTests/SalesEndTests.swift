import Contracts
import Foundation
import HTTPServer
import Museum
import Platform
import Redis
import TestSupport
import Testing

/// An exhibition that is over takes no bookings.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct SalesEndTests {
    @Test(arguments: [false, true])
    func scenario(inFiveProcesses: Bool) async throws {
        try await audited(inFiveProcesses: inFiveProcesses, walk)
    }

    private func walk(_ visitor: Visitor) async throws {
        let exhibition = try await visitor.register(capacity: 10)
        let booked = try await visitor.book(exhibition, visitor: "kim", seats: 3, key: "before")
        let id = try #require(booked.json["id"]?.text)
        try await visitor.setDate(of: exhibition, to: "2020-12-24")

        for key in [nil, "after"] {
            let refused = try await visitor.book(exhibition, visitor: "lee", key: key)
            #expect(refused.status == 409 && refused.problem == "sales-closed", "\(refused.text)")
            #expect(refused.json["detail"]?.text?.contains("is over") == true, "\(refused.text)")
        }
        #expect(try await visitor.get("/museums/\(exhibition)").json["available"]?.integer == 7)
        let again = try await visitor.book(exhibition, visitor: "kim", seats: 3, key: "before")
        #expect(again.status == 201 && again.json["id"]?.text == id, "what was booked before stands")
        #expect(try await visitor.delete("/books/\(id)").status == 200, "and can be canceled")

        try await visitor.setDate(of: exhibition, to: "2099-12-24")
        #expect(try await visitor.book(exhibition, visitor: "lee", key: "after").status == 201, "moved to a later day, it sells")
    }

    /// The time zone is the one of Museum, whichever Book has.
    @Test func theMuseumsOwnDayDecides() async throws {
        let redis = try await RedisServer.start()
        let (west, east) = ("Etc/GMT+12", "Pacific/Kiritimati")
        // In the west that day lasts an hour at least; in the east it is over.
        let soon = WallClock.now() + 3_600_000
        let day = LocalClock(try #require(TimeZone(identifier: west))).read(at: soon).date
        for (zone, otherZone, status) in [(west, east, 201), (east, west, 409)] {
            let ports = try MuseumProcess.freePorts()
            let museum = try await MuseumProcess.start(["museum"], ports: ports, redis: redis, environment: ["TIME_ZONE": zone])
            let book = try await MuseumProcess.start(["book"], ports: ports, redis: redis, environment: ["TIME_ZONE": otherZone])
            let whole = try await MuseumProcess.start(
                ports: try MuseumProcess.freePorts(), redis: redis,
                environment: ["TIME_ZONE": zone, "INSTANCE_ID": "whole-\(zone)"])
            let exhibition = try await Visitor(museum.url("museum")).register(capacity: 10, date: day)
            for address in [book.url("book"), whole.url("book")] {
                let answer = try await Visitor(address).book(exhibition, visitor: "kim")
                #expect(answer.status == status, "\(zone): \(answer.text)")
            }
            for process in [museum, book, whole] { #expect(try await process.stop() == 0) }
        }
    }

    /// The line that `serve` prints for pasting names a day to come.
    @Test func theExampleDateIsInTheFuture() async throws {
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        try await eventually("the example is printed") { deployment.printed().contains("\"capacity\"") }
        let date = try #require(deployment.printed().firstMatch(of: /"date":"(\d{4}-\d\d-\d\d)"/)?.1)
        #expect(date > MuseumClock.today() && date < "2099")
        let line = try #require(deployment.printed().firstMatch(of: /curl .*/)?.0)
        let folder = try TemporaryFolder()
        let child = try ChildProcess(
            "bash", ["-c", String(line)], folder: folder.url, output: folder.url.appendingPathComponent("output"))
        #expect(try await child.waitForExit() == 0 && child.printed().contains(#""id":"a1""#), "\(child.printed())")
    }
}
