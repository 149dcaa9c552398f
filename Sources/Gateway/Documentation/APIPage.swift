import HTTPServer

/// `/docs`: the API's description as a page.
struct APIPage {
    /// Made for the first request.
    static let shared = Result { try APIPage(document: OpenAPIDocument()).html() }

    let document: OpenAPIDocument

    private func html() -> String {
        let info = document.root["info"]
        let title = info?["title"]?.text ?? ""
        return HTMLWriter.page(title: title) { writer in
            writer.element("header") { writer in
                writer.element("h1", text: title)
                writer.element("p") { writer in
                    writer.link("openapi.json", to: "/openapi.json")
                    writer.text(" · ")
                    writer.link("problems", to: "/problems")
                }
            }
            writer.element("main") { writer in
                writer.prose(info?["description"]?.text ?? "")
                contents(to: &writer)
                senders(to: &writer)
                for tag in document.root["tags"]?.elements ?? [] { section(of: tag, to: &writer) }
                schemas(to: &writer)
            }
        }
    }

    private func contents(to writer: inout HTMLWriter) {
        writer.element("nav") { writer in
            for tag in document.root["tags"]?.elements ?? [] {
                let name = tag["name"]?.text ?? ""
                writer.element("h2") { $0.link(name, to: "#" + Self.anchor(name)) }
                writer.element("ul") { writer in
                    for (method, path, operation) in document.operations(tagged: name) {
                        writer.element("li") { writer in
                            writer.element("a", ["href": "#" + (operation["operationId"]?.text ?? "")]) { writer in
                                Self.request(method, path, to: &writer)
                            }
                        }
                    }
                }
            }
            writer.element("h2") { $0.link("Schemas", to: "#schemas") }
        }
    }

    private func senders(to writer: inout HTMLWriter) {
        writer.element("h2", ["id": "authentication"], text: "Authentication")
        writer.element("dl") { writer in
            for scheme in document.root["components"]?["securitySchemes"].members ?? [] {
                writer.element("dt") { $0.element("code", text: scheme.name) }
                writer.element("dd") { $0.inline(scheme.value["description"]?.text ?? "") }
            }
        }
    }

    private func section(of tag: JSON, to writer: inout HTMLWriter) {
        let name = tag["name"]?.text ?? ""
        writer.element("section") { writer in
            writer.element("h2", ["id": Self.anchor(name)], text: name)
            writer.prose(tag["description"]?.text ?? "")
            for (method, path, operation) in document.operations(tagged: name) {
                writer.element("article", ["id": operation["operationId"]?.text ?? ""]) { writer in
                    writer.element("h3") { Self.request(method, path, to: &$0) }
                    OperationSection(document: document, path: path, operation: operation).write(to: &writer)
                }
            }
        }
    }

    private func schemas(to writer: inout HTMLWriter) {
        writer.element("section") { writer in
            writer.element("h2", ["id": "schemas"], text: "Schemas")
            for schema in document.root["components"]?["schemas"].members ?? [] {
                // The types of problems have their own pages.
                guard schema.value["properties"]?["type"]?["const"] == nil else { continue }
                writer.element("article", ["id": SchemaText.anchor(schema.name)]) { writer in
                    writer.element("h3", text: schema.name)
                    writer.prose(schema.value["description"]?.text ?? "")
                    SchemaText(document: document).writeMembers(of: schema.value, to: &writer)
                }
            }
        }
    }

    private static func request(_ method: String, _ path: String, to writer: inout HTMLWriter) {
        writer.element("b", text: method)
        writer.text(" ")
        writer.element("code", text: path)
    }

    private static func anchor(_ tag: String) -> String { tag.lowercased().replacing(" ", with: "-") }
}
