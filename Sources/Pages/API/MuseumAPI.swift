import Contracts
import HTTPServer
import HTTPTypes
import NIOCore

/// The museum's API as the sender of a request sees it.
struct MuseumAPI: Sendable {
    let dispatcher: RouteDispatcher
    let request: CollectedRequest
    let context: AppRequestContext
    /// In place of the sender's cookies, where a session has just begun.
    var cookie: String?

    /// A response that is a problem document.
    struct Refusal: Error, Sendable {
        let status: HTTPResponse.Status
        let problem: JSON
        let headers: HTTPFields

        /// Such as `sold-out`.
        var slug: String { String((problem["type"]?.text ?? "").split(separator: "/").last ?? "internal") }

        /// A response that is not what the API says it is.
        static var unreadable: Refusal { Refusal(status: .internalServerError, problem: .null, headers: [:]) }
    }

    struct Reply: Sendable {
        let json: JSON
        let headers: HTTPFields
    }

    func get(_ target: String) async throws(Refusal) -> JSON { try await send(.get, target).json }

    /// - Parameter fields: the body's members; those that are `nil` are left out.
    func send(
        _ method: HTTPRequest.Method, _ target: String, fields: KeyValuePairs<StaticString, String?>? = nil,
        headers: HTTPFields = [:]
    ) async throws(Refusal) -> Reply {
        var headers = headers
        var body = ByteBuffer()
        if let fields {
            headers[.contentType] = "application/json"
            var writer = JSONWriter()
            writer.object { writer in for (name, value) in fields { writer.member(name, value) } }
            body = writer.buffer
        }
        let response = await dispatcher.send(
            method, target, headers: headers, body: body, cookie: cookie, for: request, context)
        let json = (try? JSON(parsing: response.body.readableBytesView)) ?? .null
        guard response.status.kind == .successful else {
            throw Refusal(status: response.status, problem: json, headers: response.headers)
        }
        return Reply(json: json, headers: response.headers)
    }

    /// A query of what is not `nil`, with its `?`; empty where nothing is left.
    static func query(_ parameters: KeyValuePairs<String, String?>) -> String {
        let pairs = parameters.compactMap { name, value in value.map { "\(name)=\(PercentEncoding.encode($0))" } }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }
}

/// Text as a part of a URL (RFC 3986, 2.1).
enum PercentEncoding {
    static func encode(_ text: String) -> String {
        text.utf8.map { byte in
            let scalar = Unicode.Scalar(byte)
            if byte < 0x80,
                scalar.properties.isAlphabetic || (0x30...0x39).contains(byte) || "-._~".unicodeScalars.contains(scalar)
            {
                return String(scalar)
            }
            return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}
