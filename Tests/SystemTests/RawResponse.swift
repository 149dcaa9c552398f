import Foundation
import HTTPServer
import TestSupport

/// The response to one request that was sent byte by byte as given, on a connection of its own.
struct RawResponse {
    let status: Int
    /// By name in lower case.
    let fields: [String: String]
    let body: String

    var json: JSON { (try? JSON(parsing: body.utf8)) ?? .null }
    /// The last part of the problem's `type`.
    var problem: String? { json["type"]?.text?.split(separator: "/").last.map(String.init) }

    /// - Parameters:
    ///   - fields: lines of the head, besides `Host`, `Connection` and, where there is a body, `Content-Length`.
    static func to(
        _ method: String, _ target: some Sequence<UInt8>, _ fields: [String] = [], body: [UInt8]? = nil, port: Int
    ) async throws -> RawResponse {
        var lines = fields + ["Host: localhost", "Connection: close"]
        if let body { lines.append("Content-Length: \(body.count)") }
        let bytes =
            Array("\(method) ".utf8) + Array(target) + Array(" HTTP/1.1\r\n".utf8)
            + Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (body ?? [])
        return try RawResponse(try await RawExchange.run(bytes, port: port).text)
    }

    static func to(_ method: String, _ target: String, _ fields: [String] = [], body: [UInt8]? = nil, port: Int) async throws
        -> RawResponse
    {
        try await to(method, target.utf8, fields, body: body, port: port)
    }

    /// With a body in JSON.
    static func to(_ method: String, _ target: String, json: String, _ fields: [String] = [], port: Int) async throws
        -> RawResponse
    {
        try await to(method, target.utf8, ["Content-Type: application/json"] + fields, body: Array(json.utf8), port: port)
    }

    private init(_ text: String) throws {
        guard let end = text.range(of: "\r\n\r\n"), let status = Int(text.dropFirst(9).prefix(3)) else {
            throw Failed("no response: \(text)")
        }
        self.status = status
        var fields: [String: String] = [:]
        for line in text[..<end.lowerBound].components(separatedBy: "\r\n").dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            let value = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
            fields[parts[0].lowercased(), default: ""] += value
        }
        self.fields = fields
        body = String(text[end.upperBound...])
    }
}

extension Listeners {
    /// One process, or a gateway with all services in another: what is promised of HTTP is promised of both.
    static let both = [false, true]

    var port: Int { ports["gateway"]! }

    /// One with an exhibition and a booking of it that every service has applied.
    static func settled(behindGateway: Bool) async throws -> (Listeners, exhibition: String, booking: String) {
        let museum = try await open(behindGateway: behindGateway)
        let (exhibition, booking) = try await museum.settle()
        return (museum, exhibition, booking)
    }

    /// Registers an exhibition, books it, and waits until every service has applied the events of both.
    func settle() async throws -> (exhibition: String, booking: String) {
        let exhibition = try await visitor.register(capacity: 100)
        guard let booking = try await visitor.book(exhibition, visitor: "kim", seats: 2).json["id"]?.text else {
            throw Failed("not booked")
        }
        try await eventually("every service has heard of the booking") {
            let row = try await visitor.get("/myPages/\(booking)").json
            return row["admission"]?.text == "CONFIRMED" && row["title"] != nil && row["status"]?.text == "REQUEST_COMPLETED"
        }
        return (exhibition, booking)
    }
}
