import Foundation
import NIOHTTP1

/// What a browser without scripts does: it keeps cookies, follows links and redirects, and sends forms. It shares its cookies with its
/// other windows.
public final class Browser {
    public struct Page: Sendable {
        public let status: Int
        public let path: String
        public let html: String
        public let answer: Visitor.Answer

        /// The value of a form's hidden field.
        public func field(_ name: String) -> String? {
            guard let found = html.firstMatch(of: try! Regex("<input[^>]* name=\"\(name)\"[^>]* value=\"([^\"]*)\"")) else {
                return nil
            }
            return found.output[1].substring.map(String.init)
        }

        /// The value of the first attribute of that name.
        public func attribute(_ name: String) -> String? {
            html.firstMatch(of: try! Regex("\(name)=\"([^\"]*)\""))?.output[1].substring.map(String.init)
        }
    }

    public let client: Visitor
    public var cookies: [String: String] = [:]
    private let language: String
    private let origin: String

    /// - Parameter address: such as `http://127.0.0.1:8080`.
    public init(_ client: Visitor, origin: String, language: String = "en") {
        self.client = client
        self.origin = origin
        self.language = language
    }

    public func open(_ path: String) async throws -> Page { try await follow(try await send("GET", path), from: path) }

    public func submit(_ path: String, _ fields: [String: String]) async throws -> Page {
        let page = try await follow(try await submitOnce(path, fields), from: path, form: (path, fields))
        return page
    }

    /// The response to the form itself.
    public func submitOnce(_ path: String, _ fields: [String: String]) async throws -> Visitor.Answer {
        try await send("POST", path, Self.encoded(fields))
    }

    public func send(_ method: String, _ path: String, _ body: String? = nil) async throws -> Visitor.Answer {
        var headers = ["Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": language]
        if !cookies.isEmpty { headers["Cookie"] = cookies.map { "\($0)=\($1)" }.joined(separator: "; ") }
        if body != nil {
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Origin"] = origin
        }
        let answer = try await client.send(method, path, body, headers: headers)
        for field in answer.headers["Set-Cookie"] {
            let parts = field.split(separator: ";")[0].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            cookies[String(parts[0])] = field.contains("Max-Age=0") ? nil : String(parts[1])
        }
        return answer
    }

    private func follow(_ first: Visitor.Answer, from path: String, form: (path: String, fields: [String: String])? = nil)
        async throws -> Page
    {
        var (answer, path) = (first, path)
        for _ in 1...5 {
            guard (300..<400).contains(answer.status), let location = answer.header("Location") else { break }
            path = location
            if answer.status == 307, let form {
                answer = try await send("POST", location, Self.encoded(form.fields))
            } else {
                answer = try await send("GET", location)
            }
        }
        return Page(status: answer.status, path: path, html: answer.text, answer: answer)
    }

    /// As `application/x-www-form-urlencoded`.
    public static func encoded(_ fields: [String: String]) -> String {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._~")
        return fields.map { "\($0)=\($1.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")" }.joined(separator: "&")
    }
}
