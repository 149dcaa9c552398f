public import Contracts
public import Hummingbird
public import Logging

/// The context of a request: its id, its time, and a logger with the id as metadata.
public struct AppRequestContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    public internal(set) var metadata = RequestMetadata(requestId: nil, moment: 0)
    /// What the path has in place of its route's id.
    @usableFromInline var pathID: String?
    private let base: Logger

    public init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        base = source.logger
    }

    /// The request's logger. It is made here, since most requests log nothing.
    public var logger: Logger {
        var logger = base
        logger[metadataKey: "hb.request.id"] = nil
        if let requestId = metadata.requestId { logger[metadataKey: "requestId"] = "\(requestId)" }
        if let traceparent = metadata.traceparent {
            logger[metadataKey: "traceId"] = "\(Traceparent.traceId(in: traceparent))"
        }
        return logger
    }

    /// Whether lines of this level are written.
    func logs(_ level: Logger.Level) -> Bool { base.logLevel <= level }
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

extension AppRequestContext {
    /// The path's `id`, or the failure that says what is not there.
    @inlinable
    public func id<ID>(_ read: (String) -> ID?, orElse failure: (String) -> Failure) throws(RequestError) -> ID {
        let raw = pathID ?? ""
        guard let id = read(raw) else { throw .failure(failure(raw)) }
        return id
    }
}
