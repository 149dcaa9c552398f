import HTTPServer
import HTTPTypes

/// `/problems` and the page of each problem type: where the `type` of a problem document leads.
enum ProblemPages {
    static let list = HTMLWriter.page(title: "Problems · SK Museum") { writer in
        writer.element("main") { writer in
            writer.element("p") { $0.link("API", to: "/docs") }
            writer.element("h1", text: "Problems")
            writer.prose(
                "Every error is a problem document (RFC 9457, `application/problem+json`). Its `type` is one of these paths.")
            writer.element("dl") { writer in
                for type in ProblemType.allCases {
                    writer.element("dt") { writer in
                        writer.link(type.slug, to: path(of: type))
                        writer.text(" \(type.definition.status.code)")
                    }
                    writer.element("dd", text: type.definition.meaning)
                }
            }
        }
    }

    static func page(of type: ProblemType) -> String {
        let definition = type.definition
        return HTMLWriter.page(title: "\(definition.title) · SK Museum") { writer in
            writer.element("main") { writer in
                writer.element("p") { writer in
                    writer.link("API", to: "/docs")
                    writer.text(" · ")
                    writer.link("Problems", to: "/problems")
                }
                writer.element("h1", text: definition.title)
                writer.element("dl") { writer in
                    writer.element("dt", text: "Status")
                    writer.element("dd", text: "\(definition.status.code) \(definition.status.reasonPhrase)")
                    writer.element("dt", text: "Type")
                    writer.element("dd") { $0.element("code", text: path(of: type)) }
                    writer.element("dt", text: "What it means")
                    writer.element("dd", text: definition.meaning)
                    writer.element("dt", text: "What to do")
                    writer.element("dd", text: definition.nextStep)
                }
                writer.prose("The member `detail` of the problem document says more about the request.")
                if let example = examples[path(of: type)] {
                    writer.element("pre") { $0.element("code", text: example) }
                }
            }
        }
    }

    /// The documents that the API's description has as examples, by their `type`.
    private static let examples: [String: String] = {
        guard let document = try? OpenAPIDocument() else { return [:] }
        let values = document.root["components"]?["examples"].members.compactMap { $0.value["value"] } ?? []
        return values.reduce(into: [:]) { examples, value in
            if let type = value["type"]?.text { examples[type] = value.formatted() }
        }
    }()

    static func path(of type: ProblemType) -> String { "/problems/" + type.slug }
}
