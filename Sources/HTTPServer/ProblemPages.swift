public import HTTPTypes

/// Shows errors to people: what would be a problem document for a program.
public protocol ProblemPages: Sendable {
    /// - Parameter request: without its body.
    func page(_ problem: ProblemReport, for request: CollectedRequest, _ context: AppRequestContext) async -> DocumentResponse
}

/// What a problem document says.
public struct ProblemReport: Sendable {
    public let type: ProblemType
    /// In English, as in the document.
    public let detail: String
    public let requestId: String
    /// Those that the response has because of the problem, such as `Retry-After`.
    public let headers: HTTPFields
}
