import HTTPTypes
import Hummingbird

/// Which paths a port has, what each takes, and how long its response may take.
struct PathTable: Sendable {
    private struct Entry: Sendable {
        let route: Route
        /// The pattern's parts; `nil` for one that takes any text.
        let parts: [String?]
        let deadlines: DeadlineQueue
        let isWatched: Bool
        var methods: [HTTPRequest.Method]

        func fits(_ path: [Substring.UTF8View]) -> Bool {
            parts.count == path.count && zip(parts, path).allSatisfy { part, text in part?.utf8.elementsEqual(text) ?? true }
        }
    }

    /// A route's pattern, and its place among the port's.
    struct Route: Sendable {
        let number: Int
        /// Such as `/museums/{id}`.
        let pattern: String
    }

    /// Never refused under load, because monitoring must work then.
    private static let watched: Set<String> = ["/livez", "/readyz", "/metrics"]

    private var entries: [Entry] = []

    init(_ routes: [any Routes]) {
        var queues: [Duration: DeadlineQueue] = [:]
        for routes in routes {
            let queue = queues[routes.answerWithin] ?? DeadlineQueue(limit: routes.answerWithin)
            queues[routes.answerWithin] = queue
            let router = Router(context: AppRequestContext.self)
            routes.add(to: router)
            for route in router.routes {
                let pattern = "/" + "\(route.path)".split(separator: "/").joined(separator: "/")
                let methods = route.method == .get ? [.get, .head] : [route.method]
                if let index = entries.firstIndex(where: { $0.route.pattern == pattern }) {
                    entries[index].methods += methods
                } else {
                    entries.append(
                        Entry(
                            route: Route(number: entries.count, pattern: pattern),
                            parts: pattern.split(separator: "/").map { "{:".contains($0.first!) ? nil : String($0) },
                            deadlines: queue, isWatched: Self.watched.contains(pattern), methods: methods))
                }
            }
        }
    }

    /// What a request's path and method lead to.
    struct Match: Sendable {
        /// The request's.
        let path: String
        /// `nil` for a path that the port does not have.
        let route: Route?
        /// Whether it is one of monitoring's, such as `/livez`.
        let isWatched: Bool
        /// Where the deadline of such a request belongs, or why there is no such request.
        let deadlines: Result<DeadlineQueue, RequestError>
    }

    func match(_ method: HTTPRequest.Method, _ target: String) -> Match {
        let unknown = Match(path: target, route: nil, isWatched: false, deadlines: .failure(.unknownPath))
        let slash = UInt8(ascii: "/")
        let path = target == "/" ? [] : target.utf8.dropFirst().split(separator: slash, omittingEmptySubsequences: false)
        // Neither /museums/ nor //museums is /museums: an empty segment is a segment (RFC 3986, 3.3).
        guard path.allSatisfy({ !$0.isEmpty }) else { return unknown }
        // No id has a slash in it; written as %2F it must not look like one where it is decoded later.
        guard !target.utf8.contains(UInt8(ascii: "%")) || !target.lowercased().contains("%2f") else { return unknown }
        // A literal path comes before one with an id in it: a request for the first never matches /museums/{id}.
        guard let first = entries.firstIndex(where: { $0.fits(path) }) else { return unknown }
        for entry in entries[first...] where entry.methods.contains(method) && entry.fits(path) {
            return Match(path: target, route: entry.route, isWatched: entry.isWatched, deadlines: .success(entry.deadlines))
        }
        let allowed = Set(entries.filter { $0.fits(path) }.flatMap { $0.methods.map(\.rawValue) }).sorted()
        let entry = entries[first]
        return Match(
            path: target, route: entry.route, isWatched: entry.isWatched,
            deadlines: .failure(.methodNotAllowed(allowed: allowed)))
    }
}
