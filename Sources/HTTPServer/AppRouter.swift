public import HTTPTypes

/// Collects the routes of a port. A part of a path in braces, as in `books/{id}`, takes any text: it is the id.
public final class AppRouter {
    /// A route: a function from a collected request to its response. Both ways to serve a request call it.
    public typealias Handler = @Sendable (CollectedRequest, AppRequestContext) async throws -> DocumentResponse

    /// A route and how it is served.
    struct Definition {
        let path: String
        let method: HTTPRequest.Method
        let access: Access
        /// Most bytes of a body.
        let bodyLimit: Int
        /// Most bytes of a CSV body; `nil` where the route takes JSON only.
        let csvBodyLimit: Int?
        let isDirect: Bool
        /// What the response is and what the body may be.
        var kind = Kind.document
        let handler: Handler
    }

    /// Whom a route is for.
    enum Kind {
        /// Programs: JSON, and CSV where the route takes it.
        case document
        /// Both: Server-Sent Events. The response goes on.
        case live
        /// People: HTML. Where the same path has a document, `Accept` decides.
        case page
        /// People: a form that a page sends (`application/x-www-form-urlencoded`).
        case form
    }

    /// Most bytes of a body, unless a route says otherwise.
    public static let bodyLimit = 16 << 10
    /// Most bytes of a CSV body.
    public static let csvBodyLimit = 1 << 20

    private(set) var routes: [Definition] = []

    /// - Parameters:
    ///   - access: whose requests it accepts.
    ///   - bodyLimit: most bytes of a body.
    ///   - csvBodyLimit: most bytes of a CSV body; `nil` where the route takes JSON only. A direct route takes none.
    ///   - isDirect: whether ``DirectHandler`` may serve it. Only for what is asked often and computes little: it runs on the
    ///     connection's event loop, and the loop's other connections wait for it.
    public func on(
        _ path: String, method: HTTPRequest.Method, for access: Access, bodyLimit: Int = AppRouter.bodyLimit,
        csvBodyLimit: Int? = nil,
        isDirect: Bool = false, use handler: @escaping Handler
    ) {
        routes.append(
            Definition(
                path: path, method: method, access: access, bodyLimit: bodyLimit, csvBodyLimit: csvBodyLimit, isDirect: isDirect,
                handler: handler))
    }

    /// A page: `GET` of a path, which may have a document as well. Requests that prefer HTML get the page.
    public func page(_ path: String, for access: Access, use handler: @escaping Handler) {
        add(path, .get, for: access, .page, handler)
    }

    /// A live stream.
    public func live(_ path: String, for access: Access, use handler: @escaping Handler) {
        add(path, .get, for: access, .live, handler)
    }

    /// Where pages send a form.
    public func form(_ path: String, for access: Access, use handler: @escaping Handler) {
        add(path, .post, for: access, .form, handler)
    }

    private func add(
        _ path: String, _ method: HTTPRequest.Method, for access: Access, _ kind: Kind, _ handler: @escaping Handler
    ) {
        routes.append(
            Definition(
                path: path, method: method, access: access, bodyLimit: Self.bodyLimit, csvBodyLimit: nil, isDirect: kind == .live,
                kind: kind, handler: handler))
    }

    public func get(_ path: String, for access: Access, isDirect: Bool = false, use handler: @escaping Handler) {
        on(path, method: .get, for: access, isDirect: isDirect, use: handler)
    }
    public func post(
        _ path: String, for access: Access, bodyLimit: Int = AppRouter.bodyLimit, csvBodyLimit: Int? = nil,
        isDirect: Bool = false, use handler: @escaping Handler
    ) {
        on(
            path, method: .post, for: access, bodyLimit: bodyLimit, csvBodyLimit: csvBodyLimit, isDirect: isDirect, use: handler)
    }
    public func put(_ path: String, for access: Access, use handler: @escaping Handler) {
        on(path, method: .put, for: access, use: handler)
    }
    public func patch(_ path: String, for access: Access, use handler: @escaping Handler) {
        on(path, method: .patch, for: access, use: handler)
    }
    public func delete(_ path: String, for access: Access, use handler: @escaping Handler) {
        on(path, method: .delete, for: access, use: handler)
    }
}
