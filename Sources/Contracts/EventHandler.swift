/// The services that publish or subscribe to a stream. The name is the first word of their keys and of their consumer groups.
public enum ServiceName: String, Sendable, CaseIterable {
    case museum, book, confirm, mypage

    /// The services whose events this service's consumer group reads. A constant: lag, progress and audit go by it, never by what
    /// Redis lists.
    public var subscriptions: [ServiceName] {
        switch self {
        case .museum: [.book]
        case .book: [.museum]
        case .confirm: [.book]
        case .mypage: [.museum, .book, .confirm]
        }
    }

    /// The services whose consumer groups read this service's stream. Empty: the service publishes nothing.
    public var subscribers: [ServiceName] { ServiceName.allCases.filter { $0.subscriptions.contains(self) } }
}

/// An event as a consumer hands it to its service.
public struct Delivery: Sendable {
    public let event: Event
    /// How long this process has been processing it, by a clock that never jumps.
    public let age: Duration

    public init(event: Event, age: Duration) {
        self.event = event
        self.age = age
    }

    /// What goes into an event that comes of this one.
    public func metadata(at moment: UnixMilliseconds) -> RequestMetadata {
        RequestMetadata(requestId: event.requestId, traceparent: event.traceparent, moment: moment)
    }
}

/// What a service says of one delivery.
public enum EventDisposition: Sendable, Equatable {
    /// Applied, applied before, or not relevant to the service. It can be acknowledged.
    case applied
    /// Its subject does not exist yet. The consumer retries it without acknowledging.
    case retryLater
    /// It can never be applied; goes to the dead letters with this reason.
    case deadLetter(String)
}

/// Applies events to its own state. Deliveries may repeat and come in any order.
public protocol EventHandler: Sendable {
    /// The types of events that the service applies. Others are acknowledged without being read.
    var relevant: Set<EventType> { get }
    /// One disposition for each delivery, in order. Throws if the outcome is not known, for example without Redis. All deliveries
    /// are then delivered again.
    func handle(_ deliveries: [Delivery]) async throws(Failure) -> [EventDisposition]
}
