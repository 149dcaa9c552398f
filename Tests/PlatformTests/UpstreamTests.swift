import NIOCore
import NIOHTTP1
import TestSupport
import Testing
import Tracing

@testable import Platform

/// How several processes of a role share a call's time when one of them does not answer.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct UpstreamTests {
    /// Never shut down: it is for the whole run.
    private static let connections = UpstreamConnections()

    private static func upstream(_ urls: [String]) -> Upstream { Upstream(urls: urls, connections: connections) }

    private static func ok() throws -> StubServer {
        try StubServer(.says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
    }

    private struct Outcome {
        let answer: Result<UpstreamResponse, Upstream.Fault>
        let took: Duration
        var isAnswered: Bool { if case .success = answer { true } else { false } }
        var fault: Upstream.Fault? { if case .failure(let fault) = answer { fault } else { nil } }
    }

    private func call(
        _ upstream: Upstream, _ repetition: Upstream.Repetition, within limit: Duration
    ) async -> Outcome {
        let start = ContinuousClock.now
        do throws(Upstream.Fault) {
            let answer = try await upstream.send(
                .POST, "/x", headers: [:], body: ByteBuffer(string: "{}"), repetition: repetition, deadline: start + limit)
            return Outcome(answer: .success(answer), took: .now - start)
        } catch {
            return Outcome(answer: .failure(error), took: .now - start)
        }
    }

    /// Every way to hang: each uses its share of the time, and another process responds in time.
    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\nContent-Ty", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
    ])
    func oneOfTwoHangs(says: String) async throws {
        let (hanging, good) = (try StubServer(.saysThenHangs(says)), try Self.ok())
        let upstream = Self.upstream([hanging.url, good.url])
        let first = await call(upstream, .byUpstream, within: .seconds(4))
        #expect(first.isAnswered && first.took >= .seconds(2) && first.took < .seconds(4), "\(first.took)")
        #expect(try first.answer.get().followsUnansweredRequest)
        #expect(hanging.received.count == 1 && good.received.count == 1)
        // It is left out for a second: the next calls don't ask it.
        for _ in 0..<4 {
            #expect(try await call(upstream, .byUpstream, within: .seconds(4)).answer.get().followsUnansweredRequest == false)
        }
        #expect(hanging.received.count == 1 && good.received.count == 5)
    }

    @Test func twoOfThreeUpstreamsHang() async throws {
        let (one, two, good) = (try StubServer(.saysThenHangs("")), try StubServer(.saysThenHangs("")), try Self.ok())
        let upstream = Self.upstream([one.url, two.url, good.url])
        let outcome = await call(upstream, .byUpstream, within: .seconds(3))
        // A third of the time, then half of the rest.
        #expect(outcome.isAnswered && outcome.took >= .seconds(2) && outcome.took < .seconds(3), "\(outcome.took)")
        #expect(one.received.count == 1 && two.received.count == 1 && good.received.count == 1)
    }

    @Test func allHang() async throws {
        let (one, two) = (try StubServer(.saysThenHangs("")), try StubServer(.saysThenHangs("")))
        let upstream = Self.upstream([one.url, two.url])
        let outcome = await call(upstream, .byUpstream, within: .seconds(1))
        #expect(outcome.fault == .noResponse(timedOut: true) && outcome.took >= .seconds(1))
        #expect(one.received.count == 1 && two.received.count == 1)
    }

    /// A call that only its caller may repeat leaves the caller time to do so, and the caller's next try reaches another
    /// process.
    @Test func theCallerRepeats() async throws {
        let (hanging, good) = (try StubServer(.saysThenHangs("")), try Self.ok())
        let upstream = Self.upstream([hanging.url, good.url])
        let deadline = ContinuousClock.now + .seconds(4)
        let first = await call(upstream, .byCaller, within: .seconds(4))
        #expect(first.fault == .noResponse(timedOut: true) && .now < deadline, "\(first.took)")
        #expect(first.took >= .seconds(2) && good.received.isEmpty, "half of the time, and nobody else was asked")
        let second = await call(upstream, .byCaller, within: deadline - .now)
        #expect(second.isAnswered && hanging.received.count == 1 && good.received.count == 1)
    }

    /// A single process gets the whole time. So does a call that must not be repeated.
    @Test func allTheTime() async throws {
        let (hanging, other) = (try StubServer(.saysThenHangs("")), try Self.ok())
        let alone = await call(Self.upstream([hanging.url]), .byCaller, within: .seconds(1))
        #expect(alone.fault == .noResponse(timedOut: true) && alone.took >= .seconds(1))
        let never = await call(Self.upstream([hanging.url, other.url]), .never, within: .seconds(1))
        #expect(never.fault == .noResponse(timedOut: true) && never.took >= .seconds(1) && other.received.isEmpty)
    }

    /// A failed connection has sent nothing: any call is sent to the next process, within its deadline.
    @Test(arguments: [Upstream.Repetition.byUpstream, .byCaller, .never])
    func nobodyThere(repetition: Upstream.Repetition) async throws {
        let good = try Self.ok()
        let refused = try FreePorts.take(1)[0]
        let full = try StubServer(.hangsUp, accepts: false)
        // Its one place in the kernel's queue is taken: a further SYN is not answered.
        let crowd = RawConnections()
        try crowd.join(4, port: full.port)
        for urls in [
            ["http://127.0.0.1:\(refused)", good.url], ["http://no-such-host.invalid:80", good.url], [full.url, good.url],
        ] {
            let outcome = await call(Self.upstream(urls), repetition, within: .seconds(4))
            #expect(try outcome.answer.get().followsUnansweredRequest == false, "\(urls)")
        }
        let nobody = await call(
            Self.upstream([full.url, "http://127.0.0.1:\(refused)"]), repetition, within: .seconds(4))
        #expect(nobody.fault == .notSent)
        withExtendedLifetime((crowd, full)) {}
    }

    /// Each attempt is a span. The request carries its trace context, and none from outside.
    @Test func attemptsAreTraced() async throws {
        let exporter = SpanExporter(endpoint: "http://127.0.0.1:1", instance: { $0 }, logger: CapturedLogs().logger)
        let (broken, good) = (try StubServer(.hangsUp), try Self.ok())
        let upstream = withTracer(W3CTracer(exporter: exporter)) { Self.upstream([broken.url, good.url]) }
        var context = ServiceContext.topLevel
        context.traceContext = TraceContext(
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "a=1")
        let answer = try await ServiceContext.$current.withValue(context) {
            try await upstream.send(
                .POST, "/x", headers: ["Traceparent": "from outside", "traceState": "b=2"], body: nil, repetition: .byUpstream,
                deadline: .now + .seconds(4))
        }
        #expect(answer.status == 200)
        let spans = exporter.waitingSpans
        #expect(
            spans.map(\.name) == ["POST", "POST"] && spans.allSatisfy { $0.kind == .client && $0.parent == 0xb7ad_6b71_6920_3331 }
        )
        #expect(spans.map { $0.status?.code } == [.error, nil])
        #expect(
            spans[1].attributes == [
                "http.request.method": "POST", "server.address": "127.0.0.1", "server.port": .int64(Int64(good.port)),
                "http.response.status_code": 200,
            ])
        for (server, span) in zip([broken, good], spans) {
            let lines = try #require(server.received.first).split(separator: "\r\n")
            let carried = lines.filter { $0.lowercased().hasPrefix("trace") }.map { $0.lowercased() }.sorted()
            #expect(carried == ["traceparent: \(span.trace.traceparent)", "tracestate: a=1"])
        }
    }

    /// If all processes are unhealthy, all are tried again.
    @Test func allLeftOut() async throws {
        let (one, two) = (try StubServer(.hangsUp), try StubServer(.hangsUp))
        let upstream = Self.upstream([one.url, two.url])
        #expect(await call(upstream, .byUpstream, within: .seconds(4)).fault == .noResponse(timedOut: false))
        one.change(.says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
        #expect(await call(upstream, .byUpstream, within: .seconds(4)).isAnswered)
    }

    /// The caller cancels: the process is not marked unhealthy for it.
    @Test func theCallerCancels() async throws {
        let (slow, other) = (try StubServer(.saysThenHangs("")), try Self.ok())
        let upstream = Self.upstream([slow.url, other.url])
        let asking = Task { await call(upstream, .byUpstream, within: .seconds(20)) }
        try await eventually("it is asked") { slow.received.count == 1 }
        asking.cancel()
        #expect(await asking.value.took < .seconds(20))
        #expect(other.received.isEmpty)
        slow.change(.says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
        for _ in 0..<2 { _ = await call(upstream, .byUpstream, within: .seconds(4)) }
        #expect(slow.received.count == 2)
    }

    private static let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    private static let lastAnswer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"

    /// A process stops and closes a pooled connection just as a request goes out on it: another process gets the request, twice
    /// if need be, and the one that stops is left out.
    @Test func aPooledConnectionCloses() async throws {
        let (stopping, good) = (try Self.ok(), try Self.ok())
        let upstream = Self.upstream([stopping.url, good.url])
        for _ in 0..<4 { #expect(await call(upstream, .byUpstream, within: .seconds(4)).isAnswered) }
        #expect(stopping.received.count == 2 && good.received.count == 2)
        stopping.change(.hangsUp)
        for _ in 0..<6 { #expect(await call(upstream, .byUpstream, within: .seconds(4)).isAnswered) }
        #expect(stopping.received.count == 3 && good.received.count == 8)
        // What must not be repeated is not: whether it was applied can't be known.
        try await eventually("it is asked again") {
            let outcome = await call(upstream, .never, within: .seconds(4))
            return outcome.fault == .noResponse(timedOut: false)
        }
    }

    /// Behind one address may be several processes, and one that restarts closes its connections.
    @Test func thePooledConnectionOfASingleAddressCloses() async throws {
        let server = try Self.ok()
        let upstream = Self.upstream([server.url])
        #expect(await call(upstream, .byUpstream, within: .seconds(4)).isAnswered)
        server.change(.hangsUpOnce(then: Self.answer))
        #expect(try await call(upstream, .byUpstream, within: .seconds(4)).answer.get().followsUnansweredRequest)
        server.change(.hangsUpOnce(then: Self.answer))
        for repetition in [Upstream.Repetition.byCaller, .never] {
            server.change(.hangsUpOnce(then: Self.answer))
            #expect(await call(upstream, repetition, within: .seconds(4)).fault == .noResponse(timedOut: false))
        }
        #expect(server.received.count == 5)
    }

    /// A response with `Connection: close` is what a process sends that stops.
    @Test func aDrainingProcessIsLeftOut() async throws {
        let (draining, good) = (try StubServer(.says(Self.lastAnswer)), try Self.ok())
        let upstream = Self.upstream([draining.url, good.url])
        let start = ContinuousClock.now
        for _ in 0..<10 { #expect(await call(upstream, .never, within: .seconds(4)).isAnswered) }
        if .now - start < .seconds(1) { #expect(draining.received.count == 1 && good.received.count == 9) }
        // After a second it is asked again, once.
        try await eventually("it is asked again", every: .milliseconds(50)) {
            #expect(await call(upstream, .never, within: .seconds(4)).isAnswered)
            return draining.received.count == 2
        }
        // If all drain, all are asked.
        good.change(.says(Self.lastAnswer))
        for _ in 0..<6 { #expect(await call(upstream, .never, within: .seconds(4)).isAnswered) }
        draining.change(.says(Self.answer))
        good.change(.says(Self.answer))
        for _ in 0..<6 { #expect(await call(upstream, .never, within: .seconds(4)).isAnswered) }
    }

    /// The first of two restarts while the second begins to: who is left out is better than nobody.
    @Test func whoIsLeftOutIsAskedLast() async throws {
        let (restarting, stopping) = (try StubServer(.hangsUp), try Self.ok())
        let upstream = Self.upstream([restarting.url, stopping.url])
        #expect(await call(upstream, .byUpstream, within: .seconds(4)).isAnswered)
        #expect(restarting.received.count == 1)
        restarting.change(.says(Self.answer))
        stopping.change(.hangsUp)
        #expect(await call(upstream, .byUpstream, within: .seconds(4)).isAnswered)
        #expect(restarting.received.count == 2)
    }

    /// `localhost` is ::1 and 127.0.0.1 on most machines; the server is on one of them.
    @Test func aNameWithSeveralAddresses() async throws {
        let server = try Self.ok()
        let upstream = Self.upstream(["http://localhost:\(server.port)"])
        for repetition in [Upstream.Repetition.byUpstream, .byCaller, .never] {
            #expect(await call(upstream, repetition, within: .seconds(4)).isAnswered)
        }
    }
}
