import Foundation
import HTTPServer

/// A page's query. Whatever else a link to the page may have is passed over.
struct PageQuery: Sendable {
    private var items: [String: String] = [:]

    init(_ request: CollectedRequest) { self.init(request.query ?? "") }

    /// - Parameter query: without its `?`.
    init(_ query: some StringProtocol) {
        for pair in query.split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = halves.count == 2 ? String(halves[1]).replacing("+", with: " ").removingPercentEncoding : ""
            guard let value, let name = String(halves[0]).removingPercentEncoding else { continue }
            items[name] = String(value.trimmingSpaces().prefix(1000))
        }
    }

    /// The parameter's text; `nil` where it is absent or empty.
    subscript(name: String) -> String? { items[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// Whether the parameter is there, also without a value.
    func has(_ name: String) -> Bool { items[name] != nil }
}
