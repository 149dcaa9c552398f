import Contracts
public import Tracing

/// Traces the events that one service applies. A span continues the trace of the event's `traceparent`; an event without one has
/// no span.
struct EventTracing: Sendable {
    private let service: ServiceName
    private let tracer = InstrumentationSystem.tracer

    init(of service: ServiceName) { self.service = service }

    /// Starts a span. What the event causes is given the span as its parent: the event's `traceparent` is replaced.
    /// - Parameter id: the entry's id in its stream.
    /// - Returns: the span, to be ended once the event is applied.
    func begin(_ event: inout Event, id: String) -> (any Span)? {
        guard let traceparent = event.traceparent else { return nil }
        var parent = ServiceContext.topLevel
        tracer.extract(traceparent, into: &parent, using: TraceparentExtractor())
        let span = tracer.startSpan("apply \(event.type.rawValue)", context: parent, ofKind: .consumer)
        if span.isRecording {
            span.updateAttributes { attributes in
                attributes["skmuseum.service"] = service.rawValue
                attributes["messaging.system"] = "redis"
                attributes["messaging.message.id"] = id
            }
        }
        var own: String?
        tracer.inject(span.context, into: &own, using: TraceparentInjector())
        event.traceparent = own
        return span
    }
}

/// Takes a trace context from its text.
public struct TraceparentExtractor: Extractor {
    public init() {}

    public func extract(key: String, from traceparent: String) -> String? { key == "traceparent" ? traceparent : nil }
}

private struct TraceparentInjector: Injector {
    func inject(_ value: String, forKey key: String, into traceparent: inout String?) {
        if key == "traceparent" { traceparent = value }
    }
}
