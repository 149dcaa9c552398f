import Foundation
import TestSupport
import Testing

/// Spans of real processes at a receiver.
@Suite(.timeLimit(.minutes(2)))
struct TraceExportTests {
    /// Every call of the gateway to another process arrives as a client span, also the last ones before the end.
    @Test func spansOfCallsArrive() async throws {
        let receiver = try await TraceReceiver()
        let redis = try await RedisServer.start()
        let ports = try MuseumProcess.freePorts()
        let museum = try await MuseumProcess.start(["museum"], ports: ports, redis: redis)
        let gateway = try await MuseumProcess.start(
            ["gateway"], ports: ports, redis: redis,
            environment: ["OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url + "/collector", "INSTANCE_ID": "pod-1"])
        let visitor = Visitor(gateway.url("gateway"))
        #expect(try await visitor.get("/museums").status == 200)
        try await eventually("its span is there") { !receiver.spans.filter { $0.kind == 3 }.isEmpty }
        #expect(try await visitor.get("/museums/a999").status == 404)
        #expect(try await gateway.stop() == 0)
        let calls = receiver.spans.filter { $0.kind == 3 }
        #expect(calls.map { $0.attributes["http.response.status_code"] } == ["200", "404"])
        #expect(calls.map(\.status) == [0, 2])
        #expect(calls.allSatisfy { $0.name == "GET" && $0.attributes["server.port"] == "\(ports["museum"]!)" })
        #expect(Set(receiver.received.map(\.path)) == ["/collector/v1/traces"])
        #expect(try await museum.stop() == 0)
    }

    /// A booking's spans in five processes are one trace: requests, calls, and each service's applying of the events.
    @Test func oneBookingIsOneTrace() async throws {
        let receiver = try await TraceReceiver()
        let deployment = try await TestDeployment.open(environment: ["OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url])
        let exhibition = try await deployment.visitor.register(capacity: 5)
        let (trace, root) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
        // One before it, so that the batcher's task is not this request's.
        #expect(try await deployment.visitor.book(exhibition, visitor: "lee").status == 201)
        let booked = try await deployment.visitor.send(
            "POST", "/books", #"{"museumId":"\#(exhibition)","visitor":"kim"}"#,
            headers: ["traceparent": "00-\(trace)-\(root)-01"])
        #expect(booked.status == 201)
        let expected: Set = [
            "skmuseum-gateway POST /books", "skmuseum-gateway POST", "skmuseum-book POST /books", "skmuseum-book POST",
            "skmuseum-museum POST /museums/{id}/reservations", "skmuseum-book apply SeatsReserved",
            "skmuseum-confirm apply RequestCompleted", "skmuseum-mypage apply Requested",
            "skmuseum-mypage apply RequestCompleted", "skmuseum-mypage apply ConfirmCompleted",
        ]
        func spans() -> [OTLPSpan] { receiver.spans.filter { $0.traceId == trace } }
        func named(_ span: OTLPSpan) -> String { "\(span.resource["service.name"] ?? "") \(span.name)" }
        try? await eventually("all spans are there", within: .seconds(10)) { Set(spans().map(named)).isSuperset(of: expected) }
        #expect(expected.subtracting(spans().map(named)) == [], "\(spans().map(named)), of all \(receiver.spans.count)")
        let ids = Set(spans().map(\.spanId))
        #expect(ids.count == spans().count)
        for span in spans() {
            #expect(ids.union([root]).contains(span.parentSpanId), "\(named(span)) has no parent in the trace")
            #expect(span.end >= span.start, "\(named(span))")
        }
        #expect(spans().filter { $0.parentSpanId == root }.map(named) == ["skmuseum-gateway POST /books"])
    }

    /// A receiver that hangs costs requests nothing, and the process stops in time.
    @Test func aReceiverThatHangs() async throws {
        let receiver = try await TraceReceiver(.hangs)
        let redis = try await RedisServer.start()
        let ports = try MuseumProcess.freePorts()
        let museum = try await MuseumProcess.start(["museum"], ports: ports, redis: redis)
        let gateway = try await MuseumProcess.start(
            ["gateway"], ports: ports, redis: redis, environment: ["OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url])
        let visitor = Visitor(gateway.url("gateway"))
        for _ in 0..<20 { #expect(try await visitor.get("/museums").status == 200) }
        try await eventually("a request is in flight") { receiver.received.count == 1 }
        for _ in 0..<20 { #expect(try await visitor.get("/museums").status == 200) }
        let start = ContinuousClock.now
        #expect(try await gateway.stop() == 0)
        #expect(.now - start < .seconds(5), "\(ContinuousClock.now - start)")
        #expect(try await museum.stop() == 0)
    }

    @Test(arguments: ["localhost:4318", "http://a b", "http://kim:hunter2@host:4318", "grpc://host:4317"])
    func badEndpoints(value: String) async throws {
        let process = try MuseumProcess(
            roles: ["gateway"], ports: [:], environment: ["OTEL_EXPORTER_OTLP_ENDPOINT": value])
        let (code, output) = try await process.run("serve", "--role", "gateway")
        #expect(code == 78 && output.hasPrefix("skmuseum: OTEL_EXPORTER_OTLP_ENDPOINT ") || output.contains("OTEL_EXPORTER"))
        #expect(code == 78 && !output.contains("hunter2") && output.split(separator: "\n").count == 1, "\(output)")
    }
}
