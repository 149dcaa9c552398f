import Logging
import TestSupport
import Testing
import Tracing

@testable import Platform

/// What a tracer passes on and what it records.
struct W3CTracerTests {
    private struct Fields: Extractor, Injector {
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
    }

    private static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    private static let unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"

    private func context(_ fields: [String: String], _ tracer: W3CTracer = W3CTracer()) -> ServiceContext {
        var context = ServiceContext.topLevel
        tracer.extract(fields, into: &context, using: Fields())
        return context
    }

    private func fields(_ context: ServiceContext) -> [String: String] {
        var fields = ["traceparent": "of another", "kept": "yes"]
        W3CTracer().inject(context, into: &fields, using: Fields())
        return fields
    }

    private func exporter() -> SpanExporter {
        SpanExporter(endpoint: "http://127.0.0.1:1", instance: { $0 }, logger: CapturedLogs().logger)
    }

    @Test func whatIsExtractedIsInjected() {
        let given = ["traceparent": Self.parent, "tracestate": "a=1"]
        #expect(fields(context(given)) == given.merging(["kept": "yes"]) { $1 })
        #expect(fields(.topLevel) == ["traceparent": "of another", "kept": "yes"])
        for wrong in [["traceparent": "00", "tracestate": "a=1"], ["tracestate": "a=1"], [:]] {
            #expect(context(wrong).traceContext == nil)
        }
    }

    /// Without an exporter the parent is passed on; without a parent there is no trace.
    @Test func withoutExporter() throws {
        let tracer = W3CTracer()
        for parent in [Self.parent, Self.unsampled] {
            let span = tracer.startSpan("a", context: context(["traceparent": parent]), ofKind: .server)
            #expect(!span.isRecording && span.context.traceContext?.traceparent == parent)
            #expect(tracer.activeSpan(identifiedBy: span.context) == nil)
            span.operationName = "b"
            span.attributes["x"] = 1
            span.recordError(Failed("no"))
            span.end()
            #expect(span.operationName == "" && span.attributes.isEmpty)
        }
        #expect(tracer.startSpan("a", context: .topLevel).context.traceContext == nil)
        #expect(TraceContext.current == nil)
        tracer.withSpan("a", context: context(["traceparent": Self.parent])) { outer in
            #expect(TraceContext.current == outer.context.traceContext)
            tracer.withSpan("b") { #expect($0.context.traceContext == outer.context.traceContext) }
        }
    }

    @Test func withExporter() throws {
        let exporter = exporter()
        let tracer = W3CTracer(exporter: exporter)
        let span = tracer.startSpan("a", context: context(["traceparent": Self.parent, "tracestate": "a=1"]), ofKind: .server)
        let trace = try #require(span.context.traceContext)
        #expect(span.isRecording && trace.traceId == "0af7651916cd43dd8448eb211c80319c" && trace.traceState == "a=1")
        #expect(trace.isSampled && trace.span != 0xb7ad_6b71_6920_3331)
        span.attributes["skmuseum.service"] = "museum"
        let child = tracer.startSpan("b", context: span.context, ofKind: .client)
        #expect(child.context.traceContext?.trace == trace.trace && child.context.traceContext?.span != trace.span)
        child.end()
        span.operationName = "c"
        span.end()
        span.end()
        span.operationName = "too late"
        #expect(!span.isRecording)
        let recorded = exporter.waitingSpans
        #expect(recorded.map(\.name) == ["b", "c"] && recorded.map(\.serviceName) == ["museum", "museum"])
        #expect(recorded.map(\.parent) == [trace.span, 0xb7ad_6b71_6920_3331])
        #expect(recorded.allSatisfy { $0.end >= $0.start && $0.start > 1_700_000_000_000_000_000 })
    }

    @Test func sampling() {
        let exporter = exporter()
        let tracer = W3CTracer(exporter: exporter)
        let given = context(["traceparent": Self.unsampled])
        let span = tracer.startSpan("a", context: given)
        #expect(!span.isRecording && span.context.traceContext == given.traceContext)
        span.end()
        #expect(exporter.waitingSpans.isEmpty)
        let new = tracer.startSpan("a", context: .topLevel)
        #expect(new.isRecording && new.context.traceContext?.isSampled == true)
        // What comes from outside ends the local span's part.
        var context = new.context
        tracer.extract(["traceparent": Self.unsampled], into: &context, using: Fields())
        #expect(tracer.activeSpan(identifiedBy: context) == nil)
        #expect(tracer.activeSpan(identifiedBy: new.context)?.operationName == "a")
    }

    /// A span that never ends can't grow without bounds.
    @Test func eventsAreBounded() throws {
        let exporter = exporter()
        let span = W3CTracer(exporter: exporter).startSpan("a", context: .topLevel)
        for _ in 0..<200 { span.addEvent("e") }
        for _ in 0..<200 { span.addLink(SpanLink(context: context(["traceparent": Self.parent]), attributes: [:])) }
        span.end()
        let recorded = try #require(exporter.waitingSpans.first)
        #expect(recorded.events.count == 128 && recorded.droppedEvents == 72)
        #expect(recorded.links.count == 128 && recorded.droppedLinks == 72)
    }
}
