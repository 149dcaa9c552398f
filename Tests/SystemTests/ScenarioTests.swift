import Foundation
import HTTPServer
import TestSupport
import Testing

/// The seed's eleven steps, over HTTP through the gateway. The same walk in one process and in five, on one redis-server, with
/// Sentinel and on a cluster.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ScenarioTests {
    @Test func inOneProcess() async throws {
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        try await walk(Visitor(deployment.url("gateway")))
        let audit = try await deployment.run("audit")
        #expect(audit.code == 0, "\(audit.output)")
        #expect(try await deployment.stop() == 0)
    }

    @Test func inFiveProcesses() async throws { try await inFiveProcesses(on: try await RedisServer.start()) }

    @Test func withSentinel() async throws { try await inFiveProcesses(on: try await SentinelServers.start()) }

    @Test func onACluster() async throws { try await inFiveProcesses(on: try await ClusterServers.start()) }

    private func inFiveProcesses(on redis: any RedisTopology) async throws {
        defer { redis.kill() }
        let ports = try MuseumProcess.freePorts()
        var deployments: [MuseumProcess] = []
        for role in MuseumProcess.allRoles {
            deployments.append(try await MuseumProcess.start([role], ports: ports, redis: redis))
        }
        try await walk(Visitor(deployments[4].url("gateway")))
        let audit = try await deployments[0].run("audit")
        #expect(audit.code == 0, "\(audit.output)")
        for deployment in deployments { #expect(try await deployment.stop() == 0) }
    }

    private func walk(_ visitor: Visitor) async throws {
        // 1 the museum registers an exhibition
        let exhibition = try await visitor.register(capacity: 20)
        #expect(exhibition == "a1")
        // 2, 3 a visitor books; the seats left go down before the answer
        let booked = try await visitor.book(exhibition, visitor: "kim", seats: 2)
        #expect(booked.status == 201)
        #expect(booked.json["status"]?.text == "REQUESTED")
        #expect(booked.header("Location") == "/books/\(booked.json["id"]?.text ?? "")")
        #expect(try await visitor.get("/museums/\(exhibition)").json["available"]?.integer == 18)
        let id = try #require(booked.json["id"]?.text)
        // 4, 5, 11 the booking becomes complete, the admission follows, the visitor sees both
        try await eventually("the page shows the booking") {
            try await states(id, visitor) == ["REQUEST_COMPLETED", "CONFIRMED", "REQUEST_COMPLETED", "CONFIRMED"]
        }
        // 6, 7, 8 the visitor cancels; seats come back, the admission follows
        #expect(try await visitor.send("PATCH", "/books/\(id)", #"{"status":"CANCELED"}"#).status == 200)
        try await eventually("the cancel has gone round") {
            let available = try await visitor.get("/museums/\(exhibition)").json["available"]?.integer
            return try await states(id, visitor) == ["CANCELED", "CANCELED", "CANCELED", "CANCELED"] && available == 20
        }
        // 9, 10 the museum deletes the exhibition; bookings are force-canceled
        let second = try #require(try await visitor.book(exhibition, visitor: "lee").json["id"]?.text)
        #expect(try await visitor.delete("/museums/\(exhibition)").status == 202)
        try await eventually("the deletion has gone round") {
            try await states(second, visitor) == ["FORCE_CANCELED", "FORCE_CANCELED", "FORCE_CANCELED", "FORCE_CANCELED"]
        }
        #expect(try await visitor.get("/museums/\(exhibition)").json["status"]?.text == "DELETED")
        #expect(try await states(id, visitor).first == "CANCELED")
        #expect(try await visitor.book(exhibition, visitor: "park").problem == "museum-deleted")
    }

    /// Booking, admission, and both as MyPage shows them.
    private func states(_ id: String, _ visitor: Visitor) async throws -> [String?] {
        let page = try await visitor.get("/myPages/\(id)").json
        return [
            try await visitor.get("/books/\(id)").json["status"]?.text,
            try await visitor.get("/confirms/\(id)").json["status"]?.text,
            page["status"]?.text, page["admission"]?.text,
        ]
    }
}
