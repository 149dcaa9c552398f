import TestSupport

/// One request at one port, and how long its response may take.
struct TimedRequest {
    let name: String
    let visitor: Visitor
    let request: (method: String, path: String, body: String?)
    let limit: Duration

    typealias Timed = (attempt: TimedRequest, answer: Visitor.Answer, took: Duration)
}

extension TimedRequest {
    private static let requests: [(method: String, path: String, body: String?)] = [
        ("GET", "/museums", nil), ("GET", "/museums/a1", nil), ("GET", "/museums?hall=x&status=DELETED", nil),
        ("GET", "/books", nil), ("GET", "/books?museumId=a1", nil), ("GET", "/books/a1-000000000000", nil),
        ("GET", "/confirms", nil), ("GET", "/confirms/a1-000000000000", nil),
        ("GET", "/myPages", nil), ("GET", "/myPages?visitor=kim", nil), ("GET", "/myPages/a1-000000000000", nil),
        ("POST", "/museums", #"{"hall":"A","date":"2099-12-24","capacity":5}"#),
        ("PATCH", "/museums/a1", #"{"hall":"B"}"#), ("DELETE", "/museums/a1", nil),
        ("POST", "/books", #"{"museumId":"a1","visitor":"kim"}"#),
        ("PATCH", "/books/a1-000000000000", #"{"status":"CANCELED"}"#), ("DELETE", "/books/a1-000000000000", nil),
    ]

    /// Which process serves a path, whatever forwards to it.
    static func role(of path: String) -> String {
        path.hasPrefix("/museums")
            ? "museum" : path.hasPrefix("/books") ? "book" : path.hasPrefix("/confirms") ? "confirm" : "mypage"
    }

    /// Every route at the gateway, and at its own port.
    static func everyRoute(of deployment: ProxiedDeployment, fiveProcesses: Bool) -> [TimedRequest] {
        let reservation = #"{"reservations":[{"bookId":"a1-000000000009","seats":1,"visitor":"kim"}]}"#
        return requests.flatMap { request in
            let role = role(of: request.path)
            return [
                TimedRequest(
                    name: "\(request.method) \(request.path) at the gateway", visitor: deployment.gateway, request: request,
                    limit: .seconds(fiveProcesses ? 3 : 2)),
                TimedRequest(
                    name: "\(request.method) \(request.path) at \(role)", visitor: deployment.visitor(role), request: request,
                    limit: .seconds(2)),
            ]
        } + [
            TimedRequest(
                name: "reservations", visitor: deployment.visitor("museum"),
                request: ("POST", "/museums/a1/reservations", reservation), limit: .seconds(2))
        ]
    }

    func send() async throws -> Timed {
        let start = ContinuousClock.now
        let answer = try await visitor.send(request.method, request.path, request.body)
        return (self, answer, .now - start)
    }

    static func sendAll(_ attempts: [TimedRequest]) async throws -> [Timed] {
        try await withThrowingTaskGroup(of: Timed.self) { group in
            for attempt in attempts { group.addTask { try await attempt.send() } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
