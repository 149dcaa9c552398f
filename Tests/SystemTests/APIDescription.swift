import HTTPServer
import TestSupport

/// The document at `/openapi.json`, as the server sends it.
struct APIDescription {
    struct Operation {
        let method: String
        /// With `{id}` in place of an id.
        let path: String
        let json: JSON

        var name: String { method + " " + path }
        var isPublic: Bool { json["security"]?.elements?.isEmpty ?? false }
        var roles: [String] { json["x-roles"]?.elements?.compactMap(\.text) ?? [] }
    }

    let root: JSON

    /// - Parameter visitor: a client of the gateway.
    static func read(_ visitor: Visitor) async throws -> APIDescription {
        APIDescription(root: try await visitor.get("/openapi.json").json)
    }

    var operations: [Operation] {
        root["paths"].members.flatMap { path in
            Optional(path.value).members.filter { $0.name != "parameters" }.map {
                Operation(method: $0.name.uppercased(), path: path.name, json: $0.value)
            }
        }
    }

    func resolved(_ value: JSON?) -> JSON {
        guard let reference = value?["$ref"]?.text else { return value ?? .null }
        return reference.split(separator: "/").dropFirst().reduce(root) { $0[String($1)] ?? .null }
    }

    func component(_ kind: String, _ name: String) -> JSON { root["components"]?[kind]?[name] ?? .null }
}

extension JSON? {
    var members: [JSON.Member] { if case .object(let members)? = self { members } else { [] } }
}
