import HTTPServer
import HTTPTypes
import NIOHTTP1

/// Which headers pass the gateway: those that the services use, and no others.
enum ForwardedHeaders {
    private static let asked: [HTTPField.Name] = [.accept, .contentType, .contentEncoding, .idempotencyKey]
    private static let answered = [
        "Content-Type", "Location", "Retry-After", "Cache-Control", "Allow", "Idempotent-Replayed", "Vary", "Accept",
        "Accept-Encoding", "WWW-Authenticate", "Content-Disposition",
    ].compactMap { HTTPField.Name($0) }

    static func request(_ fields: HTTPFields) -> HTTPHeaders {
        var headers = HTTPHeaders()
        for name in asked {
            // All values of a repeated header are forwarded, so that the service refuses them as it would without a gateway.
            for value in fields[values: name] { headers.add(name: name.rawName, value: value) }
        }
        return headers
    }

    static func response(_ headers: HTTPHeaders) -> HTTPFields {
        var fields = HTTPFields()
        for name in answered {
            if let value = headers.first(name: name.rawName) { fields[name] = value }
        }
        return fields
    }
}
