import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import Platform

/// Kept connections to another process, one request on each at a time.
@Suite(.timeLimit(.minutes(1)))
struct UpstreamConnectionTests {
    private let connections = UpstreamConnections()

    private func call(
        _ server: StubServer, _ method: HTTPMethod = .GET, _ target: String = "/x", headers: HTTPHeaders = [:],
        body: String? = nil, streamed: Bool = false, within limit: Duration = .seconds(5)
    ) async -> Result<UpstreamResponse, Upstream.Fault> {
        do throws(Upstream.Fault) {
            return .success(
                try await connections.send(
                    method, to: UpstreamConnections.Address(server.url), target, headers: headers,
                    body: body.map { ByteBuffer(string: $0) }, streamedType: streamed ? "text/csv" : nil,
                    deadline: .now() + TimeAmount(limit)))
        } catch {
            return .failure(error)
        }
    }

    private func text(_ result: Result<UpstreamResponse, Upstream.Fault>) throws -> String {
        String(buffer: try result.get().body)
    }

    @Test func aRequestIsSentAsItIs() async throws {
        let server = try StubServer(.says("HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX-A: b\r\n\r\n{}"))
        let response = try await call(server, .POST, "/x?y=%20", headers: ["X-Request-Id": "r", "Host": "evil"], body: "abc")
            .get()
        #expect(response.status == 201 && String(buffer: response.body) == "{}" && response.headers.first(name: "x-a") == "b")
        let sent = try #require(server.received.first)
        #expect(sent.hasPrefix("POST /x?y=%20 HTTP/1.1\r\n") && sent.hasSuffix("\r\n\r\nabc"))
        #expect(sent.contains("\r\nHost: 127.0.0.1:\(server.port)\r\n") && !sent.contains("evil"))
        #expect(sent.contains("\r\nContent-Length: 3\r\n"))
        await connections.shutdown()
    }

    /// A header whose value would begin another request is never sent.
    @Test func noRequestIsSmuggledInAHeader() async throws {
        let server = try StubServer(.says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
        let result = await call(server, headers: ["X-A": "b\r\n\r\nDELETE / HTTP/1.1"])
        #expect(result.fault == .noResponse(timedOut: false) && server.received.isEmpty)
        await connections.shutdown()
    }

    @Test(arguments: ["/x HTTP/1.1\r\nX-A: b\r\n\r\nDELETE /", "/x y", "/x\ny", "/x\u{7f}", ""])
    func noRequestIsSmuggledInATarget(target: String) async throws {
        let server = try StubServer(.says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
        #expect(await call(server, .GET, target).fault == .noResponse(timedOut: false) && server.received.isEmpty)
        await connections.shutdown()
    }

    /// How long a body is, the connection says itself: a length that the caller passes on would take the next request for a body.
    @Test(arguments: [(HTTPMethod.GET, String?.none, String?.none), (.POST, nil, "0"), (.PATCH, "", "0"), (.PUT, "abc", "3")])
    func lengthsAreThoseOfTheBody(method: HTTPMethod, body: String?, length: String?) async throws {
        let server = try StubServer(.says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
        for headers: HTTPHeaders in [[:], ["Content-Length": "9"], ["Transfer-Encoding": "chunked"]] {
            #expect(await call(server, method, headers: headers, body: body, within: .seconds(2)).fault == nil)
        }
        #expect(server.received.count == 3)
        for request in server.received {
            let lines = request.lowercased().split(separator: "\r\n")
            let expected = length.map { ["content-length: \($0)"] } ?? []
            #expect(lines.filter { $0.hasPrefix("content-length") }.map(String.init) == expected, "\(request)")
            #expect(!request.lowercased().contains("transfer-encoding"), "\(request)")
        }
        await connections.shutdown()
    }

    @Test func aConnectionIsKept() async throws {
        let server = try StubServer(.says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
        for _ in 0..<50 { #expect(try text(await call(server)) == "{}") }
        // At most one on each event loop: a task may run on any.
        #expect(server.connections <= System.coreCount, "\(server.connections)")
        await connections.shutdown()
    }

    @Test func manyAtOnceHaveTheirOwn() async throws {
        let server = try StubServer(.says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
        let answered = await withTaskGroup { group in
            // As many as the server's queue of new connections takes at once.
            for _ in 0..<60 { group.addTask { (try? text(await call(server))) == "{}" } }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(answered == 60 && server.received.count == 60)
        await connections.shutdown()
    }

    /// A response after which the connection can't be used again, and the next request all the same.
    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    ])
    func aLastResponse(says: String) async throws {
        let server = try StubServer(.says(says))
        // Calls take the event loops in turn: more calls than loops, so that one would find a connection that was kept.
        let count = System.coreCount + 3
        for _ in 0..<count { #expect(try text(await call(server)) == "{}") }
        #expect(server.connections == count)
        await connections.shutdown()
    }

    @Test func aBodyThatEndsWithTheConnection() async throws {
        let server = try StubServer(.saysAndHangsUp("HTTP/1.1 200 OK\r\n\r\nto the end"))
        for _ in 0..<3 { #expect(try text(await call(server)) == "to the end") }
        await connections.shutdown()
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"),
        (
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
            "x"
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n", ""), ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", ""),
    ])
    func bodies(says: String, body: String) async throws {
        let server = try StubServer(.says(says))
        for _ in 0..<3 { #expect(try text(await call(server)) == body) }
        await connections.shutdown()
    }

    @Test func aResponseToHEADHasNoBody() async throws {
        let server = try StubServer(.says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"))
        for _ in 0..<3 { #expect(try text(await call(server, .HEAD)) == "") }
        await connections.shutdown()
    }

    @Test(arguments: [
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + String(repeating: "x", count: 5_000_000),
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut",
    ])
    func noUsableResponse(says: String) async throws {
        let server = try StubServer(.saysAndHangsUp(says))
        #expect(await call(server).fault == .noResponse(timedOut: false))
        await connections.shutdown()
    }

    /// The deadline is that of the whole response.
    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + String(repeating: "x", count: 1000),
        String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 50),
    ])
    func aSlowResponseEndsAtTheDeadline(says: String) async throws {
        let server = try StubServer(.trickles(says))
        let start = ContinuousClock.now
        #expect(await call(server, within: .milliseconds(300)).fault == .noResponse(timedOut: true))
        #expect(ContinuousClock.now - start >= .milliseconds(300))
        await connections.shutdown()
    }

    private static let chunks = "HTTP/1.1 200 OK\r\nContent-Type: text/csv; x=y\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"

    /// A streamed body comes piece by piece, and the connection is kept.
    @Test func aStreamIsReadToItsEnd() async throws {
        let server = try StubServer(.says(Self.chunks + "2\r\nde\r\n0\r\n\r\n"))
        for _ in 0..<10 {
            let response = try await call(server, streamed: true).get()
            #expect(response.status == 200 && response.body.readableBytes == 0)
            var text = ""
            try await #require(response.stream).read { text += String(buffer: $0) }
            #expect(text == "abcde")
        }
        #expect(server.connections <= System.coreCount)
        #expect(try text(await call(server)) == "abcde", "whoever does not ask for a stream gets a body")
        await connections.shutdown()
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 500 Oops\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ])
    func otherResponsesAreNoStreams(says: String) async throws {
        let response = try await call(try StubServer(.says(says)), streamed: true).get()
        #expect(response.stream == nil && String(buffer: response.body) == "abc")
        await connections.shutdown()
    }

    /// The reader is told that the end is missing.
    @Test(arguments: [chunks, chunks + "5\r\nd", chunks + "nonsense\r\n"])
    func aStreamWithoutItsEnd(says: String) async throws {
        let response = try await call(try StubServer(.saysAndHangsUp(says)), streamed: true).get()
        await #expect(throws: Upstream.Fault.noResponse(timedOut: false)) { try await response.stream?.read { _ in } }
        await connections.shutdown()
    }

    /// The deadline is that of the head; the stream may take longer.
    @Test func aStreamOutlivesTheDeadline() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n"
        let server = try StubServer(.saysThenHangs(head))
        let response = try await call(server, streamed: true, within: .milliseconds(300)).get()
        let reading = Task { try await response.stream?.read { _ in } }
        try await Task.sleep(for: .milliseconds(600))
        await connections.shutdown()
        await #expect(throws: Upstream.Fault.noResponse(timedOut: true)) { try await reading.value }
    }

    /// What nobody reads is not read from the connection, and not reading to the end closes it.
    @Test func nobodyReadsTheStream() async throws {
        let piece = String(repeating: "x", count: 60_000)
        let large = String(repeating: "ea60\r\n\(piece)\r\n", count: 200)
        let server = try StubServer(.says(Self.chunks + large + "0\r\n\r\n"))
        var response: UpstreamResponse? = try await call(server, streamed: true).get()
        #expect(response?.stream != nil)
        response = nil
        var got = 0
        let other = try await call(server, streamed: true).get()
        await #expect(throws: CancellationError.self) {
            try await other.stream?.read { piece in
                got += piece.readableBytes
                if got > 500_000 { throw CancellationError() }
            }
        }
        let third = try await call(server, streamed: true).get()
        got = 0
        try await third.stream?.read { got += $0.readableBytes }
        #expect(got == 3 + 200 * 60_000)
        await connections.shutdown()
    }

    /// A timer that was set for an earlier request does not end a later one.
    @Test func eachRequestHasItsOwnDeadline() async throws {
        let server = try StubServer(.says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
        // Calls take the event loops in turn: after one on each, the next finds the connection of the first, whose timer runs.
        for _ in 0..<System.coreCount { _ = try await call(server, within: .milliseconds(300)).get() }
        // It takes over a second.
        server.change(.trickles("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"))
        #expect(try await call(server, within: .seconds(20)).get().status == 200)
        await connections.shutdown()
    }

    @Test func aCancelledCallGivesUpItsConnection() async throws {
        let server = try StubServer(.saysThenHangs(""))
        let waiting = Task { await call(server, within: .seconds(50)) }
        try await eventually("it is sent") { server.received.count == 1 }
        waiting.cancel()
        #expect(await waiting.value.fault == .noResponse(timedOut: true))
        await connections.shutdown()
    }

    @Test func aCancelledTaskSendsNothing() async throws {
        let server = try StubServer(.saysThenHangs(""))
        for _ in 0..<20 {
            let waiting = Task {
                while !Task.isCancelled { await Task.yield() }
                return await call(server, within: .seconds(3))
            }
            waiting.cancel()
            #expect(await waiting.value.fault == .notSent)
        }
        #expect(server.received.isEmpty)
        await connections.shutdown()
    }

    @Test func shutdownEndsWhatIsUnderWay() async throws {
        let server = try StubServer(.saysThenHangs(""))
        let waiting = Task { await call(server, within: .seconds(50)) }
        try await eventually("it is sent") { server.received.count == 1 }
        await connections.shutdown()
        guard case .noResponse? = await waiting.value.fault else { Issue.record("a fault is due"); return }
        #expect(await call(server, within: .seconds(1)).fault == .notSent && server.received.count == 1)
    }
}

extension Result<UpstreamResponse, Upstream.Fault> {
    fileprivate var fault: Upstream.Fault? { if case .failure(let fault) = self { fault } else { nil } }
}
