import HTTPServer

/// The API's description (OpenAPI 3.1), read member by member in its order.
struct OpenAPIDocument {
    let root: JSON

    init() throws { root = try JSON(parsing: PackageResources.openapi_json) }

    /// The operations with this tag.
    func operations(tagged tag: String) -> [(method: String, path: String, operation: JSON)] {
        root["paths"].members.flatMap { path in
            path.value.members.compactMap { member in
                let tags = member.value["tags"]?.elements ?? []
                return tags.contains(.string(tag)) ? (member.name.uppercased(), path.name, member.value) : nil
            }
        }
    }

    /// The parameters of an operation, with those of its path in front.
    func parameters(of operation: JSON, at path: String) -> [JSON] {
        let common = root["paths"]?[path]?["parameters"]?.elements ?? []
        return (common + (operation["parameters"]?.elements ?? [])).map(resolved)
    }

    /// What a reference refers to, or the value itself.
    func resolved(_ value: JSON) -> JSON {
        guard let reference = value["$ref"]?.text else { return value }
        return reference.split(separator: "/").dropFirst().reduce(root) { $0[String($1)] ?? .null }
    }

    /// The last part of a reference; `nil` if the value is none.
    static func name(of value: JSON) -> String? { value["$ref"]?.text?.split(separator: "/").last.map(String.init) }
}

extension JSON {
    var members: [Member] { if case .object(let members) = self { members } else { [] } }

    /// The value as indented JSON.
    func formatted(indentation: String = "") -> String {
        let inner = indentation + "  "
        switch self {
        case .null: return "null"
        case .bool(let bool): return bool ? "true" : "false"
        case .number(let text): return text
        case .string(let text): return Self.quoted(text)
        case .array(let elements):
            if elements.isEmpty { return "[]" }
            let lines = elements.map { inner + $0.formatted(indentation: inner) }
            return "[\n" + lines.joined(separator: ",\n") + "\n" + indentation + "]"
        case .object(let members):
            if members.isEmpty { return "{}" }
            let lines = members.map { inner + Self.quoted($0.name) + ": " + $0.value.formatted(indentation: inner) }
            return "{\n" + lines.joined(separator: ",\n") + "\n" + indentation + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var writer = JSONWriter()
        writer.value(text)
        return writer.text
    }
}

extension JSON? {
    var members: [JSON.Member] { self?.members ?? [] }
}
