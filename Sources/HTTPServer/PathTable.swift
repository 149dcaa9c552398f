import Foundation
import HTTPTypes
import Hummingbird

/// Which paths a port has, what each takes, and how long its response may take.
struct PathTable: Sendable {
    private struct Entry: Sendable {
        /// The pattern as text.
        let route: String
        let pattern: [Substring]
        let deadlines: DeadlineQueue
        var methods: [HTTPRequest.Method]
    }

    private var entries: [Entry] = []

    init(_ routes: [any Routes]) {
        var queues: [Duration: DeadlineQueue] = [:]
        for routes in routes {
            let queue = queues[routes.answerWithin] ?? DeadlineQueue(limit: routes.answerWithin)
            queues[routes.answerWithin] = queue
            let router = Router(context: AppRequestContext.self)
            routes.add(to: router)
            for route in router.routes {
                let pattern = "\(route.path)".split(separator: "/")
                let index = entries.firstIndex { $0.pattern == pattern }
                let methods = route.method == .get ? [.get, .head] : [route.method]
                if let index {
                    entries[index].methods += methods
                } else {
                    entries.append(
                        Entry(
                            route: "/" + pattern.joined(separator: "/"), pattern: pattern, deadlines: queue, methods: methods))
                }
            }
        }
    }

    /// What a request's path and method lead to.
    struct Match: Sendable {
        /// The route's pattern, such as `/museums/{id}`; `nil` for a path that the port does not have.
        let route: String?
        /// Where the deadline of such a request belongs, or why there is no such request.
        let deadlines: Result<DeadlineQueue, RequestError>
    }

    func match(_ request: Request) -> Match {
        let target = request.uri.path
        let path = target == "/" ? [] : target.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        // Neither /museums/ nor //museums is /museums: an empty segment is a segment (RFC 3986, 3.3).
        guard path.allSatisfy({ !$0.isEmpty }) else { return .unknown }
        // No id has a slash in it; written as %2F it must not look like one where it is decoded later.
        guard !path.contains(where: { $0.lowercased().contains("%2f") }) else { return .unknown }
        // A literal path comes before one with an id in it: a request for the first never matches /museums/{id}.
        let fitting = entries.filter { entry in
            entry.pattern.count == path.count
                && zip(entry.pattern, path).allSatisfy { $0.hasPrefix("{") || $0.hasPrefix(":") || $0 == $1 }
        }
        guard let first = fitting.first else { return .unknown }
        if let entry = fitting.first(where: { $0.methods.contains(request.method) }) {
            return Match(route: entry.route, deadlines: .success(entry.deadlines))
        }
        let allowed = Set(fitting.flatMap { $0.methods.map(\.rawValue) }).sorted()
        return Match(route: first.route, deadlines: .failure(.methodNotAllowed(allowed: allowed)))
    }
}

extension PathTable.Match {
    fileprivate static let unknown = PathTable.Match(route: nil, deadlines: .failure(.unknownPath))
}
