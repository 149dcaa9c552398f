import HTTPTypes
import Hummingbird
import Tracing

/// Traces the requests of one port. A request continues the trace of its `traceparent` header; without one it begins a trace.
/// See https://www.w3.org/TR/trace-context/.
struct RequestTracing: Sendable {
    private let service: String
    private let tracer = InstrumentationSystem.tracer

    /// - Parameter service: the role whose port it is.
    init(service: String) { self.service = service }

    /// - Parameter respond: is given the trace context for what the request causes; `nil` if the process does not trace.
    func span(
        of request: Request, _ match: PathTable.Match, _ respond: (_ traceparent: String?) async -> Response
    ) async -> Response {
        var parent = ServiceContext.topLevel
        tracer.extract(request.headers, into: &parent, using: HeaderExtractor())
        let method = request.method.rawValue
        return await tracer.withSpan(method, context: parent, ofKind: .server) { span in
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
            let response = await respond(traceparent)
            if span.isRecording {
                span.attributes["http.response.status_code"] = Int(response.status.code)
                if response.status.code >= 500 { span.setStatus(SpanStatus(code: .error)) }
            }
            return response
        }
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
