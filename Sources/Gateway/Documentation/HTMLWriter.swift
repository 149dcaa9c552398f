/// Writes HTML. Text and attributes are escaped; names of elements and attributes are literals of the program.
struct HTMLWriter {
    private(set) var html = ""

    /// A whole page with the documentation's stylesheet.
    static func page(title: String, _ content: (inout HTMLWriter) -> Void) -> String {
        var writer = HTMLWriter()
        writer.html = "<!DOCTYPE html>\n"
        writer.element("html", ["lang": "en"]) { writer in
            writer.element("head") { writer in
                writer.void("meta", ["charset": "utf-8"])
                writer.void("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
                writer.void("meta", ["name": "color-scheme", "content": "light dark"])
                writer.element("title", text: title)
                writer.void("link", ["rel": "stylesheet", "href": "/docs.css"])
            }
            writer.element("body") { content(&$0) }
        }
        return writer.html
    }

    mutating func element(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:], _ content: (inout HTMLWriter) -> Void
    ) {
        begin(name, attributes)
        content(&self)
        html += "</\(name)>"
        if Self.blocks.contains("\(name)") { html += "\n" }
    }

    mutating func element(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:], text: String) {
        element(name, attributes) { $0.text(text) }
    }

    /// An element without content.
    mutating func void(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String>) {
        begin(name, attributes)
        html += "\n"
    }

    mutating func link(_ text: String, to address: String) { element("a", ["href": address], text: text) }

    mutating func text(_ text: String) { html += Self.escaped(text) }

    /// Text in which backquotes enclose code.
    mutating func inline(_ text: String) {
        for (index, part) in text.split(separator: "`", omittingEmptySubsequences: false).enumerated() {
            if index.isMultiple(of: 2) { self.text(String(part)) } else { element("code", text: String(part)) }
        }
    }

    /// Paragraphs, and lists of lines that begin with a hyphen.
    mutating func prose(_ text: String) {
        for block in text.split(separator: "\n\n") {
            guard block.hasPrefix("- ") else {
                element("p") { $0.inline(String(block)) }
                continue
            }
            element("ul") { writer in
                for item in block.dropFirst(2).split(separator: "\n- ") { writer.element("li") { $0.inline(String(item)) } }
            }
        }
    }

    private mutating func begin(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String>) {
        html += "<\(name)"
        for (attribute, value) in attributes { html += " \(attribute)=\"\(Self.escaped(value))\"" }
        html += ">"
    }

    /// Behind their ends there may be a new line.
    private static let blocks: Set<String> = [
        "html", "head", "title", "body", "header", "nav", "main", "section", "article", "h1", "h2", "h3", "h4", "p", "ul", "li",
        "dl",
        "dt", "dd", "pre", "details", "summary",
    ]

    private static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { "&<>\"".utf8.contains($0) }) else { return text }
        return text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
