import HTTPTypes
import ServiceContextModule
import Tracing

/// Traces the requests of one port. A request continues the trace of its `traceparent` header; without one it begins a trace.
/// See https://www.w3.org/TR/trace-context/.
struct RequestTracing: Sendable {
    private let service: String
    private let tracer = InstrumentationSystem.tracer

    /// - Parameter service: the role whose port it is.
    init(service: String) { self.service = service }

    func begin(_ request: HTTPRequest, _ match: PathTable.Match) -> RequestSpan {
        var parent = ServiceContext.topLevel
        tracer.extract(request.headerFields, into: &parent, using: HeaderExtractor())
        let method = request.method.rawValue
        let span = tracer.startSpan(method, context: parent, ofKind: .server)
        var traceparent: String?
        tracer.inject(span.context, into: &traceparent, using: TraceparentInjector())
        if span.isRecording {
            let route = match.route?.pattern
            if let route { span.operationName = method + " " + route }
            span.updateAttributes { attributes in
                attributes["skmuseum.service"] = service
                attributes["http.request.method"] = method
                attributes["url.path"] = match.path
                if let route { attributes["http.route"] = route }
            }
        }
        return RequestSpan(span: span, traceparent: traceparent)
    }
}

/// The span of one request.
struct RequestSpan: Sendable {
    fileprivate let span: any Span
    /// The trace context for what the request causes; `nil` if the process does not trace.
    let traceparent: String?

    var context: ServiceContext { span.context }

    func end(_ status: HTTPResponse.Status) {
        if span.isRecording {
            span.attributes["http.response.status_code"] = status.code
            if status.code >= 500 { span.setStatus(SpanStatus(code: .error)) }
        }
        span.end()
    }
}

/// A header that comes twice is joined with a comma, and then is no trace context.
private struct HeaderExtractor: Extractor {
    private static let traceparent = HTTPField.Name("traceparent")!

    func extract(key: String, from fields: HTTPFields) -> String? {
        // Made once: each request is looked through for it.
        if key == "traceparent" { return fields[Self.traceparent] }
        return HTTPField.Name(key).flatMap { fields[$0] }
    }
}

private struct TraceparentInjector: Injector {
    func inject(_ value: String, forKey key: String, into traceparent: inout String?) {
        if key == "traceparent" { traceparent = value }
    }
}
