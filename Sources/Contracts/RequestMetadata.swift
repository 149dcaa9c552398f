/// A moment in milliseconds since 1970, as stored. Shown to people, never compared: moments come from several clocks.
public typealias UnixMilliseconds = Int64

/// What made something happen: the request, where there was one, and when. Goes into the event that comes of it.
public struct RequestMetadata: Sendable {
    public let requestId: String?
    /// The W3C trace context of what makes it happen.
    public let traceparent: String?
    public let moment: UnixMilliseconds

    public init(requestId: String?, traceparent: String? = nil, moment: UnixMilliseconds) {
        self.requestId = requestId
        self.traceparent = traceparent
        self.moment = moment
    }
}

/// Tells the time. Passed in from outside, so that a test decides it.
public typealias CurrentTime = @Sendable () -> UnixMilliseconds
