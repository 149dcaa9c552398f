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
