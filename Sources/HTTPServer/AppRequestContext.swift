public import Contracts
public import Logging

/// The context of a request: its id, its time, and a logger with the id as metadata.
public struct AppRequestContext: Sendable {
    public let metadata: RequestMetadata
    /// Where the request comes from.
    public let client: ClientAddress
    /// Who sends the request, and with which token it is forwarded.
    public internal(set) var authentication = Authentication(principal: .anonymous)
    /// What the path has in place of its route's id.
    @usableFromInline var pathID: String?
    private let base: Logger

    /// - Parameter logger: the port's.
    init(metadata: RequestMetadata, client: ClientAddress, pathID: String?, logger: Logger) {
        self.metadata = metadata
        self.client = client
        self.pathID = pathID
        base = logger
    }

    /// The request's logger. It is made here, since most requests log nothing.
    public var logger: Logger {
        var logger = base
        if let requestId = metadata.requestId { logger[metadataKey: "requestId"] = "\(requestId)" }
        if let traceparent = metadata.traceparent {
            logger[metadataKey: "traceId"] = "\(Traceparent.traceId(in: traceparent))"
        }
        return logger
    }

    /// The context of a request that is sent on this one's behalf.
    func forwarded(pathID: String?) -> Self {
        var context = self
        context.pathID = pathID
        context.authentication = Authentication(principal: .anonymous)
        return context
    }

    /// Whether lines of this level are written.
    func logs(_ level: Logger.Level) -> Bool { base.logLevel <= level }

    public var principal: Principal { authentication.principal }

    /// The visitor that a request is about: the one it names, or its sender.
    /// - Parameter named: the visitor whom the request names; `nil` if it names none.
    /// - Throws: where the sender may not act for that visitor.
    public func visitor(_ named: String?) throws(RequestError) -> String? {
        guard let named, named != principal.subject, !principal.isStaff else { return named ?? principal.subject }
        throw .forbidden("The visitor must be its own subject")
    }

    /// The path's `id`. Throws ``RequestError/unknownPath`` where `read` knows no such id.
    @inlinable
    public func id<ID>(_ read: (String) -> ID?) throws(RequestError) -> ID {
        guard let id = read(pathID ?? "") else { throw .unknownPath }
        return id
    }

    /// The path's `id`, or the failure that says what is not there.
    @inlinable
    public func id<ID>(_ read: (String) -> ID?, orElse failure: (String) -> Failure) throws(RequestError) -> ID {
        let raw = pathID ?? ""
        guard let id = read(raw) else { throw .failure(failure(raw)) }
        return id
    }
}

/// Routes of a service, added to every port that serves them.
public protocol Routes: Sendable {
    /// How long the response to any of their requests may take once its body is there.
    var answerWithin: Duration { get }
    func add(to router: AppRouter)
}

extension Routes {
    public var answerWithin: Duration { RequestDeadline.local }
}
