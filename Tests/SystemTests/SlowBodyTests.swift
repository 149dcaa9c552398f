import Foundation
import HTTPServer
import TestSupport
import Testing

/// The deadline of a request whose body arrives slowly.
@Suite(.timeLimit(.minutes(1)))
struct SlowBodyTests {
    /// A body may take longer than the deadline, which begins when it is there.
    @Test func theDeadlineBeginsAfterTheBody() async throws {
        let redis = try await RedisServer.start()
        let process = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let exhibition = try await Visitor(process.url("gateway")).register(capacity: 10)
        let body = #"{"museumId":"\#(exhibition)","visitor":"kim"}"#
        let crowd = RawConnections()
        try crowd.join(1, port: process.ports["gateway"]!)
        crowd.say(
            "POST /books HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n",
            to: 0)
        let start = ContinuousClock.now
        try await crowd.turn(until: "the body is late", within: .seconds(10)) { _ in .now - start > .milliseconds(2500) }
        crowd.say(body, to: 0)
        try await crowd.turn(until: "the response is there", within: .seconds(10)) { !$0.members[0].statuses.isEmpty }
        #expect(crowd.members[0].statuses == [201])
    }
}
