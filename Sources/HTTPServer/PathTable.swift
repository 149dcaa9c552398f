import HTTPTypes

/// Which paths a port has, what responds to each method there, and how long that may take.
struct PathTable: Sendable {
    private struct Entry: Sendable {
        let route: Route
        /// The pattern's parts; `nil` for the id.
        let parts: [String?]
        let isWatched: Bool
        var endpoints: [(method: HTTPRequest.Method, endpoint: Endpoint)] = []
        /// What `GET` gives people.
        var page: Endpoint?
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
            let router = AppRouter()
            routes.add(to: router)
            for route in router.routes {
                let parts = route.path.split(separator: "/")
                let pattern = "/" + parts.joined(separator: "/")
                let index = entries.firstIndex { $0.route.pattern == pattern } ?? entries.count
                if index == entries.count {
                    entries.append(
                        Entry(
                            route: Route(number: index, pattern: pattern),
                            parts: parts.map { $0.hasPrefix("{") ? nil : String($0) },
                            isWatched: Self.watched.contains(pattern)))
                }
                let endpoint = Endpoint(route, deadlines: queue)
                if route.kind == .page {
                    entries[index].page = endpoint
                    continue
                }
                entries[index].endpoints.append((route.method, endpoint))
                if route.method == .get { entries[index].endpoints.append((.head, endpoint)) }
            }
        }
    }

    /// What a request's path and method lead to.
    struct Match: Sendable {
        /// The request's.
        let path: String
        /// `nil` for a path that the port does not have.
        let route: Route?
        /// What the path has in place of the id.
        let id: String?
        /// Whether it is one of monitoring's, such as `/livez`.
        let isWatched: Bool
        /// What responds, or why nothing does.
        let endpoint: Result<Endpoint, RequestError>

        /// Whether a page or a form is asked for, or a path that the port does not have.
        var isForPeople: Bool {
            guard case .success(let endpoint) = endpoint else { return route == nil }
            return endpoint.kind == .page || endpoint.kind == .form
        }
    }

    struct Endpoint: Sendable {
        let handler: AppRouter.Handler
        let access: Access
        /// Whether the request changes nothing.
        let isRead: Bool
        /// Whether the body is read; that of any other method is ignored.
        let readsBody: Bool
        /// Most bytes of a body.
        let bodyLimit: Int
        /// Most bytes of a CSV body; `nil` where it takes none.
        let csvBodyLimit: Int?
        /// What the response is and what the body may be.
        let kind: AppRouter.Kind
        /// Whether ``DirectHandler`` may serve it.
        let isDirect: Bool
        /// Where the deadline of such a request belongs.
        let deadlines: DeadlineQueue

        init(_ route: AppRouter.Definition, deadlines: DeadlineQueue) {
            handler = route.handler
            access = route.access
            isRead = route.method == .get
            readsBody = [.post, .put, .patch].contains(route.method)
            bodyLimit = route.bodyLimit
            csvBodyLimit = route.csvBodyLimit
            kind = route.kind
            isDirect = route.isDirect
            self.deadlines = deadlines
        }
    }

    /// - Parameter prefersPage: whether the client would rather have HTML; asked only where the path has a page.
    func match(
        _ method: HTTPRequest.Method, _ path: String, prefersPage: @autoclosure () -> Bool = false
    ) -> Match {
        var found: (entry: Int, id: String?)?
        var allowed: Set<String> = []
        // A literal path comes before one with an id in it: no request for /museums/stream matches /museums/{id}.
        for index in entries.indices {
            guard case .some(let id) = Self.fit(path, entries[index].parts) else { continue }
            if let found, found.id == nil, id != nil { continue }
            found = found ?? (index, id)
            let entry = entries[index]
            if let page = entry.page {
                let isRead = method == .get || method == .head
                if isRead, prefersPage() || !entry.endpoints.contains(where: { $0.method == .get }) {
                    return Match(path: path, route: entry.route, id: id, isWatched: false, endpoint: .success(page))
                }
                allowed.formUnion(["GET", "HEAD"])
            }
            if let endpoint = entry.endpoints.first(where: { $0.method == method })?.endpoint {
                return Match(path: path, route: entry.route, id: id, isWatched: entry.isWatched, endpoint: .success(endpoint))
            }
            allowed.formUnion(entry.endpoints.map(\.method.rawValue))
        }
        guard let found else {
            return Match(path: path, route: nil, id: nil, isWatched: false, endpoint: .failure(.unknownPath))
        }
        let entry = entries[found.entry]
        return Match(
            path: path, route: entry.route, id: found.id, isWatched: entry.isWatched,
            endpoint: .failure(.methodNotAllowed(allowed: allowed.sorted())))
    }

    /// Whether a path has the parts of a pattern, and what it has in place of the id.
    private static func fit(_ path: String, _ parts: [String?]) -> String?? {
        let slash = UInt8(ascii: "/")
        if parts.isEmpty { return path == "/" ? .some(nil) : nil }
        var id: String?
        var rest = path.utf8[...]
        for part in parts {
            guard rest.popFirst() == slash else { return nil }
            let text = rest.prefix { $0 != slash }
            rest = rest[text.endIndex...]
            if let part {
                guard part.utf8.elementsEqual(text) else { return nil }
            } else {
                // Neither /museums/ nor //museums is /museums: an empty segment is a segment (RFC 3986, 3.3).
                guard !text.isEmpty else { return nil }
                let given = String(Substring(text))
                // No id has a slash in it; written as %2F it must not look like one where it is decoded later.
                guard !given.utf8.contains(UInt8(ascii: "%")) || !given.lowercased().contains("%2f") else { return nil }
                id = given
            }
        }
        return rest.isEmpty ? .some(id) : nil
    }
}
