import AsyncHTTPClient
import Foundation
public import HTTPServer
public import NIOCore
public import NIOHTTP1

/// An HTTP client of one address.
public struct Visitor: Sendable {
    public struct Answer: Sendable {
        public let status: Int
        public let headers: HTTPHeaders
        public let body: ByteBuffer

        public var text: String { String(buffer: body) }
        /// The body as JSON; `null` where it is none.
        public var json: JSON { (try? JSON(parsing: body.readableBytesView)) ?? .null }
        public func header(_ name: String) -> String? { headers.first(name: name) }
        /// The last part of the problem's `type`.
        public var problem: String? { json["type"]?.text?.split(separator: "/").last.map(String.init) }
    }

    private let address: String
    private var headers: [String: String] = [:]
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 512
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(2)
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    public init(_ address: String) { self.address = address }

    /// One that sends these with each request.
    public func with(headers: [String: String]) -> Visitor {
        var visitor = self
        visitor.headers = headers
        return visitor
    }

    public func send(
        _ method: String, _ path: String, _ body: String? = nil, headers: [String: String] = [:],
        within limit: Duration = .seconds(10)
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: address + path)
        request.method = HTTPMethod(rawValue: method)
        for (name, value) in self.headers.merging(headers, uniquingKeysWith: { $1 }) {
            request.headers.add(name: name, value: value)
        }
        if let body {
            if !request.headers.contains(name: "Content-Type") {
                request.headers.add(name: "Content-Type", value: "application/json")
            }
            request.body = .bytes(ByteBuffer(string: body))
        }
        let response = try await Self.client.execute(request, timeout: TimeAmount(limit))
        return Answer(
            status: Int(response.status.code), headers: response.headers, body: try await response.body.collect(upTo: 16 << 20))
    }

    public func get(_ path: String, headers: [String: String] = [:]) async throws -> Answer {
        try await send("GET", path, headers: headers)
    }

    public func delete(_ path: String) async throws -> Answer { try await send("DELETE", path) }

    /// Registers an exhibition and returns its id.
    public func register(capacity: Int, hall: String = "A hall", date: String = "2099-12-24", title: String = "Monet")
        async throws -> String
    {
        let answer = try await send(
            "POST", "/museums", #"{"title":"\#(title)","hall":"\#(hall)","date":"\#(date)","capacity":\#(capacity)}"#)
        guard answer.status == 201, let id = answer.json["id"]?.text else {
            throw Failed("registering: \(answer.status) \(answer.text)")
        }
        return id
    }

    /// Moves an exhibition to another day.
    public func setDate(of exhibition: String, to date: String) async throws {
        let answer = try await send("PATCH", "/museums/\(exhibition)", #"{"date":"\#(date)"}"#)
        guard answer.status == 200 else { throw Failed("moving \(exhibition): \(answer.status) \(answer.text)") }
    }

    /// Asks for seats; the answer may be a refusal.
    public func book(_ exhibition: String, visitor: String, seats: Int = 1, key: String? = nil) async throws -> Answer {
        try await send(
            "POST", "/books", #"{"museumId":"\#(exhibition)","visitor":"\#(visitor)","seats":\#(seats)}"#,
            headers: key.map { ["Idempotency-Key": $0] } ?? [:])
    }

    /// All elements of a collection, page by page.
    /// - Parameter path: where the collection is; `nil`: at its relation's name.
    public func all(_ relation: String, path: String? = nil, query: String = "") async throws -> [JSON] {
        var path: String? = (path ?? "/" + relation) + "?size=200" + (query.isEmpty ? "" : "&" + query)
        var elements: [JSON] = []
        while let current = path {
            let answer = try await get(current)
            guard answer.status == 200 else { throw Failed("\(current): \(answer.status) \(answer.text)") }
            elements += answer.json["_embedded"]?[relation]?.elements ?? []
            path = answer.json["_links"]?["next"]?["href"]?.text
        }
        return elements
    }
}
