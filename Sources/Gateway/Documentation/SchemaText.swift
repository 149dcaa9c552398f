import HTTPServer

/// A schema in words, as far as the API's description uses JSON Schema.
struct SchemaText {
    let document: OpenAPIDocument

    static func anchor(_ name: String) -> String { "schema-" + name }

    /// Writes what a value may be.
    func write(_ schema: JSON, to writer: inout HTMLWriter) {
        if let name = OpenAPIDocument.name(of: schema) { return link(name, schema, to: &writer) }
        for keyword in ["oneOf", "anyOf"] {
            guard let alternatives = schema[keyword]?.elements else { continue }
            for (index, alternative) in alternatives.enumerated() {
                if index > 0 { writer.text(" or ") }
                write(alternative, to: &writer)
            }
            return
        }
        if let constant = schema["const"] { return writer.element("code", text: constant.formatted()) }
        if let values = schema["enum"]?.elements {
            for (index, value) in values.enumerated() {
                if index > 0 { writer.text(", ") }
                writer.element("code", text: value.text ?? value.formatted())
            }
            return
        }
        if let items = schema["items"] {
            writer.text("list of ")
            return write(items, to: &writer)
        }
        writer.text(Self.kind(of: schema) + Self.bounds(of: schema))
    }

    /// Writes the members of an object; of anything else, what it may be.
    func writeMembers(of schema: JSON, to writer: inout HTMLWriter) {
        guard let properties = schema["properties"] else {
            return writer.element("p") { write(schema, to: &$0) }
        }
        let required = schema["required"]?.elements ?? []
        writer.element("dl") { writer in
            for property in properties.members {
                writer.element("dt") { writer in
                    writer.element("code", text: property.name)
                    writer.text(required.contains(.string(property.name)) ? " " : " optional, ")
                    write(property.value, to: &writer)
                }
                writer.element("dd") { $0.inline(property.value["description"]?.text ?? "") }
            }
        }
    }

    private func link(_ name: String, _ schema: JSON, to writer: inout HTMLWriter) {
        let type = document.resolved(schema)["properties"]?["type"]?["const"]?.text
        writer.link(type?.split(separator: "/").last.map(String.init) ?? name, to: type ?? "#" + Self.anchor(name))
        writer.text(Self.bounds(of: schema))
    }

    private static func kind(of schema: JSON) -> String {
        switch schema["type"]?.text {
        case "string": schema["format"]?.text == "date" ? "date" : "text"
        case "integer": "whole number"
        case "boolean": "true or false"
        case "null": "null"
        case "object": "object"
        default: "any value"
        }
    }

    private static func bounds(of schema: JSON) -> String {
        func range(_ least: String, _ most: String) -> String? {
            switch (schema[least]?.integer, schema[most]?.integer) {
            case (let least?, let most?): "\(least) to \(most)"
            case (let least?, nil): "at least \(least)"
            case (nil, let most?): "at most \(most)"
            case (nil, nil): nil
            }
        }
        let parts = [
            range("minLength", "maxLength").map { $0 + " characters" }, range("minimum", "maximum"),
            schema["default"].map { "default " + ($0.text ?? $0.formatted()) },
        ]
        return parts.compactMap { $0.map { ", " + $0 } }.joined()
    }
}
