/// The rooms that own a stream or hear one. The name is the first word of their keys and of their consumer groups.
public enum Room: String, Sendable, CaseIterable {
    case museum, book, confirm, mypage

    /// Whose events the room's consumer group hears. A constant: lag, progress and audit go by it, never by what Redis lists.
    public var hears: [Room] {
        switch self {
        case .museum: [.book]
        case .book: [.museum]
        case .confirm: [.book]
        case .mypage: [.museum, .book, .confirm]
        }
    }

    /// Whose consumer groups hear this room's events: the other side of ``hears``. None: the room has no stream.
    public var heardBy: [Room] { Room.allCases.filter { $0.hears.contains(self) } }
}

/// An event as a consumer hands it to its room.
public struct Delivery: Sendable {
    public let event: Event
    /// How long this process has had it in hand, by a clock that never jumps.
    public let age: Duration

    public init(event: Event, age: Duration) {
        self.event = event
        self.age = age
    }
}

/// What a room says of one delivery.
public enum Verdict: Sendable, Equatable {
    /// Applied now or long ago, or none of the room's business: done with.
    case applied
    /// What it is about isn't there yet: again in a moment.
    case notYet
    /// It can never be applied; goes to the dead letters with this reason.
    case poison(String)
}

/// A room's ear: applies events to its own state. Deliveries may repeat and come in any order.
public protocol EventHandler: Sendable {
    /// One verdict for each delivery, in order. Throws where nothing can be said, as when Redis is away: all of it comes again.
    func handle(_ deliveries: [Delivery]) async throws(Failure) -> [Verdict]
}
