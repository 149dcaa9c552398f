import Foundation
import HTTPServer
import TestSupport
import Testing

/// The deadline of a request whose body arrives slowly.
@Suite(.timeLimit(.minutes(1)))
struct SlowBodyTests {
    /// A body may take longer than the deadline, which begins when it is there. A body with a length is read on the event loop, one
    /// in chunks by Hummingbird.
    @Test func theDeadlineBeginsAfterTheBody() async throws {
        let redis = try await RedisServer.start()
        let process = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let exhibition = try await Visitor(process.url("gateway")).register(capacity: 10)
        let body = #"{"museumId":"\#(exhibition)","visitor":"kim"}"#
        let crowd = RawConnections()
        try crowd.join(2, port: process.ports["gateway"]!)
        let head = "POST /books HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        crowd.say(head + "Content-Length: \(body.utf8.count)\r\n\r\n", to: 0)
        crowd.say(head + "Transfer-Encoding: chunked\r\n\r\n", to: 1)
        let start = ContinuousClock.now
        try await crowd.turn(until: "the bodies are late", within: .seconds(10)) { _ in .now - start > .milliseconds(2500) }
        crowd.say(body, to: 0)
        crowd.say("\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n", to: 1)
        try await crowd.turn(until: "the responses are there", within: .seconds(10)) {
            $0.members.allSatisfy { !$0.statuses.isEmpty }
        }
        #expect(crowd.members.map(\.statuses) == [[201], [201]])
    }
}
