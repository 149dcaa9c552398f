public import Contracts
public import Hummingbird

/// The context of a request: its id, its time, and a logger with the id as metadata.
public struct AppRequestContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    public internal(set) var metadata = RequestMetadata(requestId: nil, moment: 0)

    public init(source: ApplicationRequestContextSource) { coreContext = CoreRequestContextStorage(source: source) }
}

/// Routes of a service, added to every port that serves them.
public protocol Routes: Sendable {
    /// How long the response to any of their requests may take once its body is there.
    var answerWithin: Duration { get }
    func add(to router: Router<AppRequestContext>)
}

extension Routes {
    public var answerWithin: Duration { RequestDeadline.local }
}

extension AppRequestContext {
    /// The path's `id`, or the failure that says what is not there.
    public func id<ID>(_ read: (String) -> ID?, orElse failure: (String) -> Failure) throws(RequestError) -> ID {
        let raw = coreContext.parameters.get("id") ?? ""
        guard let id = read(raw) else { throw .failure(failure(raw)) }
        return id
    }
}
