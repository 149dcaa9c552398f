public import Contracts

extension AppRouter {
    /// The GET routes of a collection: its pages, and each of its resources.
    /// - Parameters:
    ///   - relation: the collection's path and its relation.
    ///   - parameters: the query parameters besides `size` and `cursor`.
    public func collection<Resource: HALResource>(
        _ relation: String, parameters: [String],
        page: @escaping @Sendable (RequestQuery, PageRequest) async throws -> Page<Resource>,
        find: @escaping @Sendable (AppRequestContext) async throws -> Resource
    ) {
        get("\(relation)") { request, _ in
            let query = try RequestQuery(request, known: parameters + ["size", "cursor"])
            return DocumentResponse.collection(try await page(query, try query.page()), of: relation, to: request)
        }
        get("\(relation)/{id}", isDirect: true) { request, context in
            DocumentResponse.resource(try await find(context), to: request)
        }
    }
}
