import Foundation
import HTTPServer
import TestSupport
import Testing

/// What the gateway logs of an outage of a service.
@Suite(.timeLimit(.minutes(1)))
struct OutageLogTests {
    /// A service whose connections are never accepted, and one that closes them: the log has a line for each, however many
    /// requests there are.
    @Test func anOutageIsLoggedOnce() async throws {
        let redis = try await RedisServer.start()
        let full = try StubServer(.hangsUp, accepts: false)
        // Its one place in the kernel's queue is used: a further SYN gets no reply.
        let crowd = RawConnections()
        try crowd.join(4, port: full.port)
        let rude = try StubServer(.hangsUp)
        let ports = try MuseumProcess.freePorts().filter { $0.key == "gateway" }
        let gateway = try await MuseumProcess.start(
            ["gateway"], ports: ports, redis: redis, environment: ["MUSEUM_URL": full.url, "BOOK_URL": rude.url])
        let visitor = Visitor(gateway.url("gateway"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask {
                    let start = ContinuousClock.now
                    let answer = try await visitor.get(number % 2 == 0 ? "/museums" : "/books")
                    #expect(answer.status == 502 && answer.problem == "bad-upstream", "\(answer.text)")
                    #expect(ContinuousClock.now - start < .milliseconds(3100))
                }
            }
            try await group.waitForAll()
        }
        rude.change(.says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
        try await eventually("the second is logged as recovered") {
            try await visitor.get("/books").status == 200 && gateway.printed().contains("upstream recovered")
        }
        let lines = gateway.printed().split(separator: "\n")
        #expect(lines.count { $0.contains("upstream unavailable") } == 2, "\(gateway.printed())")
        #expect(lines.count { $0.contains("upstream recovered") } == 1)
        withExtendedLifetime((crowd, full)) {}
    }
}
