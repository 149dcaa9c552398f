import NIOHTTP1
import Redis
import Tracing

extension Tracer {
    /// Traces one attempt to call another process.
    /// - Parameters:
    ///   - caller: the role that calls, if it is known.
    ///   - call: is given the headers with the span's trace context in them, in place of one from outside.
    func withClientSpan(
        of caller: String?, _ method: HTTPMethod, _ url: String, _ headers: HTTPHeaders,
        _ call: (HTTPHeaders) async throws(Upstream.Fault) -> UpstreamResponse
    ) async throws(Upstream.Fault) -> UpstreamResponse {
        let span = startSpan(method.rawValue, ofKind: .client)
        defer { span.end() }
        var headers = headers
        for name in ["traceparent", "tracestate"] { headers.remove(name: name) }
        inject(span.context, into: &headers, using: HeaderInjector())
        if span.isRecording {
            span.updateAttributes { attributes in
                if let caller { attributes["skmuseum.service"] = caller }
                attributes["http.request.method"] = method.rawValue
                guard let address = try? StrictURL(url) else { return }
                attributes["server.address"] = address.host
                attributes["server.port"] = address.port ?? 80
            }
        }
        do throws(Upstream.Fault) {
            let response = try await call(headers)
            if span.isRecording {
                span.attributes["http.response.status_code"] = response.status
                if response.status >= 400 {
                    span.attributes["error.type"] = "\(response.status)"
                    span.setStatus(SpanStatus(code: .error))
                }
            }
            return response
        } catch {
            if span.isRecording {
                span.attributes["error.type"] = "\(error)"
                span.setStatus(SpanStatus(code: .error, message: "\(error)"))
            }
            throw error
        }
    }
}

private struct HeaderInjector: Injector {
    func inject(_ value: String, forKey key: String, into headers: inout HTTPHeaders) {
        headers.add(name: key, value: value)
    }
}
