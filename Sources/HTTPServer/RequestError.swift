public import Contracts

/// Why the response to a request is a problem document: what a service said, or what is wrong with the request itself.
public enum RequestError: Error, Sendable, Equatable {
    case failure(Failure)

    // the request
    case unknownPath
    case methodNotAllowed(allowed: [String])
    case malformedRequest(String)
    case headerTooLarge
    case contentTooLarge(limit: Int)
    case requestTimeout
    case unsupportedMediaType
    /// The same on a route that takes both.
    case neitherJSONNorCSV
    /// The same on a route that takes a page's form only.
    case noForm
    case unsupportedCharset
    case unsupportedContentCoding
    case preconditionFailed
    case malformedJSON(String)
    /// What is wrong, and in which row; the first is 1.
    case malformedCSV(String, row: Int)
    /// A field of a row of a CSV body, and what it must be.
    case invalidRow(String, String, row: Int)
    case tooManyRows(limit: Int)
    /// A query parameter, and what it must be.
    case invalidParameter(String, String)
    case invalidIdempotencyKey(String)

    // who sends it
    case unauthenticated(InvalidCredentials)
    /// The sender is known and may not do this. The text says why.
    case forbidden(String)
    /// More requests than the limit allows; in seconds.
    case tooManyRequests(retryAfter: Int)
    /// The keys that tokens are checked with can't be read.
    case keysUnavailable
    /// In protected mode, a request to another host.
    case misdirectedRequest

    // a service in another process
    /// It can't be reached, or its response can't be used. `wasSent`: the request was sent, so a write may have been applied.
    case badUpstream(String, wasSent: Bool)
    case upstreamTimeout(String)

    /// A field of the body, and what it must be.
    public static func invalidField(_ field: String, _ requirement: String) -> RequestError {
        .failure(.invalidField(field, requirement))
    }

    /// The error that a route threw. Whatever is no error of ours is a bug.
    init(_ error: any Error) {
        switch error {
        case let error as RequestError: self = error
        case let failure as Failure: self = .failure(failure)
        default: self = .failure(.internal("\(error)"))
        }
    }
}

/// Why a request's sender is not known.
public enum InvalidCredentials: Sendable, Equatable {
    case noCredentials
    /// What is wrong with the token.
    case token(String)
    case session
    /// No guest's booking has the id and the contact.
    case guest
}
