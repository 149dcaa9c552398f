import HTTPServer

/// What `/docs` says of one operation: its parameters, its body and its responses.
struct OperationSection {
    let document: OpenAPIDocument
    let path: String
    let operation: JSON

    func write(to writer: inout HTMLWriter) {
        writer.element("p") { $0.element("strong", text: operation["summary"]?.text ?? "") }
        writer.prose(operation["description"]?.text ?? "")
        // An empty list says that the operation needs no authentication.
        let isPublic = operation["security"]?.elements?.isEmpty ?? false
        writer.element("p") { writer in
            writer.text("For ")
            writer.text(
                isPublic ? "everybody" : (operation["x-roles"]?.elements ?? []).compactMap(\.text).joined(separator: ", "))
        }
        parameters(to: &writer)
        body(to: &writer)
        responses(to: &writer)
    }

    private func parameters(to writer: inout HTMLWriter) {
        let parameters = document.parameters(of: operation, at: path)
        if parameters.isEmpty { return }
        writer.element("h4", text: "Parameters")
        writer.element("dl") { writer in
            for parameter in parameters {
                writer.element("dt") { writer in
                    writer.element("code", text: parameter["name"]?.text ?? "")
                    writer.text(" \(parameter["in"]?.text ?? "")")
                    if let schema = parameter["schema"] {
                        writer.text(", ")
                        SchemaText(document: document).write(schema, to: &writer)
                    }
                }
                writer.element("dd") { $0.inline(parameter["description"]?.text ?? "") }
            }
        }
    }

    private func body(to writer: inout HTMLWriter) {
        guard let body = operation["requestBody"] else { return }
        writer.element("h4", text: "Body")
        writer.prose(body["description"]?.text ?? "")
        writer.element("dl") { writer in
            for content in body["content"].members {
                writer.element("dt") { $0.element("code", text: content.name) }
                writer.element("dd") { writer in
                    if let schema = content.value["schema"] { describe(schema, to: &writer) }
                }
            }
        }
        examples(of: body, to: &writer)
    }

    private func responses(to writer: inout HTMLWriter) {
        let responses = operation["responses"].members.map { (status: $0.name, response: document.resolved($0.value)) }
        let problems = responses.filter { $0.response["content"]?[Self.problemType] != nil }
        let documents = responses.filter { $0.response["content"]?[Self.problemType] == nil }
        writer.element("h4", text: "Responses")
        writer.element("dl") { writer in
            for (status, response) in documents {
                writer.element("dt") { writer in
                    writer.element("b", text: status)
                    writer.text(" ")
                    writer.inline(response["description"]?.text ?? "")
                }
                writer.element("dd") { content(of: response, to: &$0) }
            }
        }
        for (_, response) in documents { examples(of: response, to: &writer) }
        writer.element("h4", text: "Problems")
        writer.element("ul", ["class": "problems"]) { writer in
            for (status, response) in problems {
                writer.element("li") { writer in
                    writer.text(status + " ")
                    content(of: response, to: &writer)
                }
            }
        }
    }

    private static let problemType = "application/problem+json"

    /// The problem types of a response or the schemas of its documents, and its headers.
    private func content(of response: JSON, to writer: inout HTMLWriter) {
        var separator = ""
        for content in response["content"].members {
            guard let schema = content.value["schema"] else { continue }
            writer.text(separator)
            separator = "; "
            if content.name != Self.problemType {
                writer.element("code", text: content.name)
                writer.text(" ")
            }
            describe(schema, to: &writer)
        }
        // Each response has it.
        let headers = response["headers"].members.map(\.name).filter { $0 != "X-Request-Id" }
        if !headers.isEmpty { writer.text(separator + headers.joined(separator: ", ")) }
    }

    /// What a document may be. One that has no schema of its own has a description.
    private func describe(_ schema: JSON, to writer: inout HTMLWriter) {
        if OpenAPIDocument.name(of: schema) == nil, let description = schema["description"]?.text {
            writer.inline(description)
        } else {
            SchemaText(document: document).write(schema, to: &writer)
        }
    }

    private func examples(of owner: JSON, to writer: inout HTMLWriter) {
        var isShown: Set<String> = []
        for content in owner["content"].members {
            for example in content.value["examples"].members where isShown.insert(example.name).inserted {
                let value = document.resolved(example.value)
                writer.element("details") { writer in
                    writer.element("summary", text: value["summary"]?.text ?? example.name)
                    writer.element("pre") { writer in
                        let text = value["value"]?.text ?? value["value"]?.formatted() ?? ""
                        writer.element("code", text: text)
                    }
                }
            }
        }
    }
}
