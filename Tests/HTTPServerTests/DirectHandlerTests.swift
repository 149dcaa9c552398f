import Contracts
import HTTPTypes
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import TestSupport
import Testing

@testable import HTTPServer

/// Which requests the handler serves itself, in which order responses come, and what it passes on to Hummingbird.
@Suite struct DirectHandlerTests {
    private struct TestRoutes: Routes {
        let gate: LockedBox<[CheckedContinuation<Void, Never>]>

        func add(to router: AppRouter) {
            router.get("direct/{id}", for: .everybody, isDirect: true) { _, context in
                DocumentResponse(status: .ok, body: ByteBuffer(string: context.pathID ?? ""))
            }
            router.post("direct", for: .everybody, isDirect: true) { request, _ in
                DocumentResponse(status: .created, body: request.body)
            }
            router.get("slow/{id}", for: .everybody, isDirect: true) { _, _ in
                await withCheckedContinuation { waiter in gate.update { $0.append(waiter) } }
                return DocumentResponse(status: .ok, body: ByteBuffer(string: "slow"))
            }
            router.get("other", for: .everybody) { _, _ in DocumentResponse(status: .ok) }
        }
    }

    private let gate = LockedBox<[CheckedContinuation<Void, Never>]>([])
    private let channel: NIOAsyncTestingChannel

    init() async throws {
        channel = NIOAsyncTestingChannel()
        let processing = RequestProcessing(
            role: "test", routes: [TestRoutes(gate: gate)], policy: AccessPolicy(), now: { 5 },
            load: ConcurrencyLimiter(role: "test"),
            logger: CapturedLogs().logger)
        let channel = channel
        try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.addHandler(DirectHandler(processing))
        }.get()
        try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1))
    }

    private func head(_ method: HTTPRequest.Method, _ path: String, _ fields: HTTPFields = [:]) -> HTTPRequestPart {
        .head(HTTPRequest(method: method, scheme: "http", authority: "a", path: path, headerFields: fields))
    }

    private func send(_ parts: HTTPRequestPart...) async throws { for part in parts { try await channel.writeInbound(part) } }

    /// The bodies and statuses of the responses so far.
    private func responses() async throws -> [String] {
        var found: [String] = []
        while let part = try await channel.readOutbound(as: HTTPResponsePart.self) {
            switch part {
            case .head(let head): found.append("\(head.status.code)")
            case .body(let body): found[found.count - 1] += " " + String(buffer: body)
            case .end: break
            }
        }
        return found
    }

    /// What Hummingbird has got.
    private func passedOn() async throws -> [HTTPRequestPart] {
        var parts: [HTTPRequestPart] = []
        while let part = try await channel.readInbound(as: HTTPRequestPart.self) { parts.append(part) }
        return parts
    }

    private static let json: HTTPFields = [.contentType: "application/json", .contentLength: "4"]

    @Test func directRoutesAreServed() async throws {
        try await send(head(.get, "/direct/a1"), .end(nil))
        try await send(
            head(.post, "/direct", Self.json), .body(ByteBuffer(string: "ab")), .body(ByteBuffer(string: "cd")), .end(nil))
        #expect(try await responses() == ["200 a1", "201 abcd"])
        #expect(try await passedOn().isEmpty)
    }

    /// Other routes and methods, a query, a body without a length, too long, of another media type, or one that nobody reads.
    @Test func everythingElseIsPassedOn() async throws {
        let passed: [[HTTPRequestPart]] = [
            [head(.get, "/other"), .end(nil)], [head(.get, "/nowhere"), .end(nil)], [head(.head, "/direct/a1"), .end(nil)],
            [head(.delete, "/direct/a1"), .end(nil)], [head(.get, "/direct/a1?x=1"), .end(nil)],
            [head(.get, "/direct/a1", [.contentLength: "1"]), .body(ByteBuffer(string: "x")), .end(nil)],
            [
                head(.post, "/direct", [.contentType: "application/json", .transferEncoding: "chunked"]),
                .body(ByteBuffer(string: "x")), .end(nil),
            ],
            [head(.post, "/direct", [.contentType: "application/json", .contentLength: "16385"]), .end(nil)],
            [head(.post, "/direct", [.contentType: "text/plain", .contentLength: "0"]), .end(nil)],
            [head(.post, "/direct", [.contentLength: "0"]), .end(nil)],
        ]
        for parts in passed {
            for part in parts { try await channel.writeInbound(part) }
            #expect(try await passedOn() == parts)
            #expect(try await responses().isEmpty)
            try await channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .accepted)))
            try await channel.writeOutbound(HTTPResponsePart.end(nil))
            #expect(try await responses() == ["202"])
        }
        try await send(head(.get, "/direct/a1"), .end(nil))
        #expect(try await responses() == ["200 a1"], "and a direct one after them is served again")
    }

    /// Behind a request of Hummingbird's that has no response yet, a direct one is Hummingbird's too.
    @Test func theOrderOfResponsesIsKept() async throws {
        try await send(head(.get, "/other"), .end(nil), head(.get, "/direct/a1"), .end(nil))
        #expect(try await passedOn().count == 4)
        #expect(try await responses().isEmpty)
    }

    /// What arrives while a response is due waits, whoever serves it then.
    @Test func laterRequestsWait() async throws {
        try await send(head(.get, "/slow/a1"), .end(nil), head(.get, "/direct/a2"), .end(nil), head(.get, "/other"), .end(nil))
        #expect(try await passedOn().isEmpty)
        #expect(try await responses().isEmpty)
        try await eventually("it waits") { gate.value.count == 1 }
        gate.value[0].resume()
        var found: [String] = []
        try await eventually("both are served") {
            await channel.testingEventLoop.run()
            found += try await responses()
            return found.count == 2
        }
        #expect(found == ["200 slow", "200 a2"])
        #expect(try await passedOn() == [head(.get, "/other"), .end(nil)])
    }

    @Test func manyPipelinedRequestsAreServedInOrder() async throws {
        try await send(head(.get, "/slow/a1"), .end(nil))
        for number in 0..<2000 { try await send(head(.get, "/direct/\(number)"), .end(nil)) }
        try await eventually("it waits") { gate.value.count == 1 }
        gate.value[0].resume()
        var found: [String] = []
        try await eventually("all are served") {
            await channel.testingEventLoop.run()
            found += try await responses()
            return found.count == 2001
        }
        #expect(found.dropFirst() == (0..<2000).map { "200 \($0)" }[...])
    }

    /// Hummingbird is told that the client has ended its side once the response is written: it would close the connection.
    @Test func theEndOfTheClientsSideWaits() async throws {
        final class Ends: ChannelInboundHandler, Sendable {
            typealias InboundIn = HTTPRequestPart
            let count = LockedBox(0)
            func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) { count.update { $0 += 1 } }
        }
        let ends = Ends()
        try await channel.pipeline.addHandler(ends).get()
        try await send(head(.get, "/slow/a1"), .end(nil))
        try await channel.eventLoop.submit { [channel] in
            channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }.get()
        #expect(ends.count.value == 0)
        try await eventually("it waits") { gate.value.count == 1 }
        gate.value[0].resume()
        try await eventually("the response is there") {
            await channel.testingEventLoop.run()
            return try await responses() == ["200 slow"]
        }
        #expect(ends.count.value == 1)
    }

    @Test func aBodyThatEndsEarlyIsRefused() async throws {
        try await send(head(.post, "/direct", Self.json), .body(ByteBuffer(string: "ab")))
        try await channel.eventLoop.submit { [channel] in channel.pipeline.fireErrorCaught(Failed("cut")) }.get()
        let found = try await responses()
        #expect(found.count == 1 && found[0].hasPrefix("400 ") && found[0].contains("malformed-json"), "\(found)")
    }
}
