import Logging
import ServiceLifecycle
import TestSupport
import Testing
import Tracing

@testable import Platform

/// How spans reach a receiver, and what a bad receiver costs.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct SpanExporterTests {
    private let logs = CapturedLogs()

    private func exporter(_ receiver: TraceReceiver) -> SpanExporter {
        _ = TestMetrics.shared
        return SpanExporter(endpoint: receiver.url + "/v1/traces", instance: { "\($0)@1" }, logger: logs.logger)
    }

    private func makeSpans(_ count: Int, _ exporter: SpanExporter, _ service: String = "book") {
        let tracer = W3CTracer(exporter: exporter)
        for _ in 0..<count {
            let span = tracer.startSpan("a", context: .topLevel)
            span.attributes["skmuseum.service"] = service
            span.end()
        }
    }

    private var dropped: Double { TestMetrics.shared.value("skmuseum_spans_dropped_total") ?? 0 }
    private var exported: Double { TestMetrics.shared.value("skmuseum_spans_exported_total") ?? 0 }

    /// Runs an exporter in a group of its own until the work is done, and then stops it.
    /// - Returns: how long stopping took.
    private func running(_ exporter: SpanExporter, _ work: () async throws -> Void) async throws -> Duration {
        let group = ServiceGroup(services: [exporter], logger: logs.logger)
        async let run: Void = group.run()
        try await work()
        let start = ContinuousClock.now
        await group.triggerGracefulShutdown()
        try await run
        return .now - start
    }

    @Test func spansArriveByServiceAndInBatches() async throws {
        let receiver = try await TraceReceiver()
        let exporter = exporter(receiver)
        let before = exported
        makeSpans(1000, exporter)
        makeSpans(1, exporter, "museum")
        _ = try await running(exporter) {
            try await eventually("all are there") { receiver.spans.count == 1001 }
            #expect(exported - before == 1001)
            // The last one is sent while stopping.
            makeSpans(1, exporter)
        }
        #expect(receiver.spans.count == 1002 && exported - before == 1002)
        let requests = receiver.received
        #expect(requests.allSatisfy { $0.path == "/v1/traces" && $0.contentType == "application/x-protobuf" })
        #expect(requests.map(\.spans.count).max() == 512)
        let spans = receiver.spans
        #expect(Set(spans.map(\.spanId)).count == 1002 && spans.allSatisfy { $0.traceId.count == 32 && $0.end >= $0.start })
        let museum = try #require(spans.first { $0.resource["service.name"] == "skmuseum-museum" })
        #expect(museum.resource["service.instance.id"] == "museum@1" && museum.resource["telemetry.sdk.language"] == "swift")
        #expect(spans.count { $0.resource["service.name"] == "skmuseum-book" } == 1001)
        #expect(logs.loud.value.isEmpty)
        // Nothing waits for an exporter that has stopped.
        let dropped = dropped
        makeSpans(3, exporter)
        #expect(exporter.waitingSpans.isEmpty && self.dropped - dropped == 3)
    }

    /// A receiver that hangs: who ends spans does not wait, what is too much is dropped, and stopping is bounded.
    @Test func theReceiverHangs() async throws {
        let receiver = try await TraceReceiver(.hangs)
        let exporter = exporter(receiver)
        let before = dropped
        let stopping = try await running(exporter) {
            makeSpans(1, exporter)
            try await eventually("a request is in flight") { receiver.received.count == 1 }
            let start = ContinuousClock.now
            makeSpans(5000, exporter)
            #expect(.now - start < .seconds(2), "\(ContinuousClock.now - start)")
            #expect(exporter.waitingSpans.count == 2048 && dropped - before == 5001 - 2048)
        }
        #expect(stopping < .seconds(3), "\(stopping)")
        #expect(receiver.received.count == 1 && dropped - before == 5001)
    }

    /// A receiver that can't take spans now gets them later. The log has the beginning and the end of it.
    @Test func theReceiverRecovers() async throws {
        let receiver = try await TraceReceiver(.responds(503))
        let exporter = exporter(receiver)
        _ = try await running(exporter) {
            makeSpans(2, exporter)
            try await eventually("it refuses twice") { receiver.received.count >= 2 }
            receiver.change(.responds(200))
            try await eventually("it takes them") { receiver.spans.count == 2 }
        }
        #expect(logs.times("traces can't be exported") >= 2)
        #expect(logs.loud.value == ["traces can't be exported reason=status 503", "traces are exported again "])
    }

    /// What a receiver refuses for good is not sent again.
    @Test func theReceiverRefuses() async throws {
        let receiver = try await TraceReceiver(.responds(400))
        let exporter = exporter(receiver)
        let before = dropped
        _ = try await running(exporter) {
            makeSpans(2, exporter)
            try await eventually("they are dropped") { dropped - before == 2 }
            receiver.change(.responds(200))
            makeSpans(1, exporter)
            try await eventually("a later one is taken") { receiver.spans.count == 1 }
        }
        #expect(receiver.received.map(\.spans.count) == [2, 1])
    }

    /// Nobody there: spans are kept, and stopping is no slower.
    @Test func nobodyThere() async throws {
        let port = try FreePorts.take(1)[0]
        _ = TestMetrics.shared
        let exporter = SpanExporter(
            endpoint: "http://127.0.0.1:\(port)/v1/traces", instance: { $0 }, logger: logs.logger)
        let stopping = try await running(exporter) {
            makeSpans(600, exporter)
            try await eventually("it is logged") { logs.times("traces can't be exported") >= 1 }
            #expect(exporter.waitingSpans.count == 600)
        }
        #expect(stopping < .seconds(3), "\(stopping)")
        #expect(logs.loud.value.count == 1, "\(logs.loud.value)")
    }

    /// The bytes that Google's protobuf library writes for the same message, by opentelemetry-proto 1.45.
    @Test func encoding() throws {
        let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let trace = try #require(TraceContext(traceparent: traceparent, tracestate: "a=1"))
        var linked = ServiceContext.topLevel
        linked.traceContext = TraceContext(traceparent: "00-00000000000000000000000000000001-0000000000000002-01")
        var span = RecordedSpan(
            trace: trace, parent: 0x00f0_67aa_0ba9_02b7, kind: .server, name: "예약 POST", start: 1_700_000_000_000_000_001,
            service: nil)
        span.end = 1_700_000_000_000_000_300
        span.attributes["skmuseum.service"] = "book"
        let moment = DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 1_700_000_000_000_000_002)
        span.add(SpanEvent(name: "e", at: moment, attributes: ["n": -300]))
        span.add(SpanLink(context: linked, attributes: [:]))
        span.status = SpanStatus(code: .error, message: "no")
        let bytes = OTLPEncoding(instance: { "\($0)@1" }).request([span])
        #expect(
            bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == """
                0ab2020a650a1f0a0c736572766963652e6e616d65120f0a0d736b6d757365756d2d626f6f6b0a1f0a13736572766963652e696e7374\
                616e63652e696412080a06626f6f6b40310a210a1674656c656d657472792e73646b2e6c616e677561676512070a05737769667412c8\
                010a0a0a08736b6d757365756d12b9010a100af7651916cd43dd8448eb211c80319c1208b7ad6b71692033311a03613d31220800f067\
                aa0ba902b72a0bec9888ec95bd20504f535430023901002a36fe9c9717412c012a36fe9c97174a1a0a10736b6d757365756d2e736572\
                7669636512060a04626f6f6b5a1e0902002a36fe9c97171201651a100a016e120b18d4fdffffffffffffff016a210a10000000000000\
                000000000000000000011208000000000000000235010000007a0612026e6f1802850101000000
                """)
    }

    /// Every type of attribute, as a receiver reads it.
    @Test func attributes() throws {
        let exporter = SpanExporter(endpoint: "http://127.0.0.1:1", instance: { $0 }, logger: logs.logger)
        let span = W3CTracer(exporter: exporter).startSpan("a", context: .topLevel, ofKind: .consumer)
        span.attributes = SpanAttributes([
            "text": "", "no": .bool(false), "zero": 0, "small": .int32(-1), "double": 0.5, "texts": .stringArray(["a", "b"]),
            "numbers": .int64Array([1, -2]), "none": .doubleArray([]), "any": .stringConvertible(7),
        ])
        span.recordError(Failed("why"))
        span.end()
        let body = OTLPEncoding(instance: { $0 }).request(exporter.waitingSpans)
        let sent = try #require(OTLPRequest(path: "", contentType: "", body: body, isTaken: true).spans.first)
        #expect(
            sent.attributes == [
                "text": "", "no": "false", "zero": "0", "small": "-1", "double": "0.5", "texts": #"["a", "b"]"#,
                "numbers": #"["1", "-2"]"#, "none": "[]", "any": "7",
            ])
        #expect(sent.kind == 5 && sent.resource["service.name"] == "skmuseum" && sent.status == 0 && sent.parentSpanId == "")
        let event = try #require(sent.events.first)
        #expect(event.text(2) == "exception" && event.attributes(3)["exception.type"] == "TestSupport.Failed")
    }
}
