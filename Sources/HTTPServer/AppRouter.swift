public import HTTPTypes
public import Hummingbird

/// Collects the routes of a port. A part of a path in braces, as in `books/{id}`, takes any text: it is the id.
public final class AppRouter {
    public typealias Handler = @Sendable (Request, AppRequestContext) async throws -> Response

    private(set) var routes: [(path: String, method: HTTPRequest.Method, handler: Handler)] = []

    public func on(_ path: String, method: HTTPRequest.Method, use handler: @escaping Handler) {
        routes.append((path, method, handler))
    }

    public func get(_ path: String, use handler: @escaping Handler) { on(path, method: .get, use: handler) }
    public func post(_ path: String, use handler: @escaping Handler) { on(path, method: .post, use: handler) }
    public func put(_ path: String, use handler: @escaping Handler) { on(path, method: .put, use: handler) }
    public func patch(_ path: String, use handler: @escaping Handler) { on(path, method: .patch, use: handler) }
    public func delete(_ path: String, use handler: @escaping Handler) { on(path, method: .delete, use: handler) }
}
