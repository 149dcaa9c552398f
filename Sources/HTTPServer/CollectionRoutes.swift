public import Contracts

extension AppRouter {
    /// The GET routes of a collection: its pages, all of it as CSV where its resources have columns, and each of its resources.
    /// - Parameters:
    ///   - relation: the collection's path and its relation.
    ///   - listAccess: whose requests for pages are accepted.
    ///   - access: whose requests for one resource are accepted.
    ///   - parameters: the query parameters besides `size` and `cursor`.
    public func collection<Resource: HALResource>(
        _ relation: String, listFor listAccess: Access, for access: Access, parameters: [String],
        page: @escaping @Sendable (RequestQuery, PageRequest, AppRequestContext) async throws -> Page<Resource>,
        find: @escaping @Sendable (AppRequestContext) async throws -> Resource
    ) {
        get("\(relation)", for: listAccess) { request, context in
            if !Resource.csvColumns.isEmpty, ContentNegotiation.prefersCSV(request.headers) {
                // A whole list is for staff, also where visitors see what is theirs.
                guard context.principal.isStaff else { throw RequestError.forbidden("Whole lists as CSV are for staff") }
                let query = try RequestQuery(request, known: parameters)
                return try await DocumentResponse.csv(of: relation) { try await page(query, $0, context) }
            }
            let query = try RequestQuery(request, known: parameters + ["size", "cursor"])
            return DocumentResponse.collection(try await page(query, try query.page(), context), of: relation, to: request)
        }
        get("\(relation)/{id}", for: access, isDirect: true) { request, context in
            DocumentResponse.resource(try await find(context), to: request)
        }
    }
}
