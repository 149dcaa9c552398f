public import Tracing

/// Carries the W3C trace context, and records spans where there is an exporter.
///
/// Without an exporter, and in a trace that is not sampled, a span is the parent's context and nothing else. What begins
/// without a parent begins a new trace where there is an exporter, and a sampled one. Elsewhere nobody could look at the trace, and
/// its context would be a seventh of what each booking takes in memory; the request id follows the request there.
public struct W3CTracer: Tracer {
    private static let parentField = "traceparent"
    private static let stateField = "tracestate"
    private let exporter: SpanExporter?

    public init(exporter: SpanExporter? = nil) { self.exporter = exporter }

    public func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> W3CSpan {
        var context = context()
        let parent = context.traceContext
        guard let exporter, parent?.isSampled ?? true else { return W3CSpan(context: context, recording: nil) }
        let trace = parent?.newSpan() ?? .newTrace(isSampled: true)
        let span = RecordedSpan(
            trace: trace, parent: parent?.span, kind: kind, name: operationName, start: instant().nanosecondsSinceEpoch,
            service: context.recording?.service)
        let recording = Recording(span, exporter: exporter)
        context.traceContext = trace
        context.recording = recording
        return W3CSpan(context: context, recording: recording)
    }

    public func activeSpan(identifiedBy context: ServiceContext) -> W3CSpan? {
        context.recording.map { W3CSpan(context: context, recording: $0) }
    }

    /// Does nothing: the exporter sends what waits within a second.
    public func forceFlush() {}

    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let traceparent = extractor.extract(key: Self.parentField, from: carrier),
            let trace = TraceContext(
                traceparent: traceparent, tracestate: extractor.extract(key: Self.stateField, from: carrier))
        else { return }
        context.traceContext = trace
        if context.recording != nil { context.recording = nil }
    }

    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let trace = context.traceContext else { return }
        injector.inject(trace.traceparent, forKey: Self.parentField, into: &carrier)
        if let state = trace.traceState { injector.inject(state, forKey: Self.stateField, into: &carrier) }
    }
}

extension ServiceContext {
    private enum RecordingKey: ServiceContextKey { typealias Value = Recording }

    /// The span that is being recorded, of this process.
    fileprivate var recording: Recording? {
        get { self[RecordingKey.self] }
        set { self[RecordingKey.self] = newValue }
    }
}
