import Contracts

/// An entry that was put into a stream and is no event.
struct PoisonEntry: Sendable {
    let stream: String
    let id: String
    /// The known type that it names; `nil` for an unknown one or none.
    let type: EventType?

    /// The types that each service applies, by docs/protocol.md.
    private static let applied: [ServiceName: Set<EventType>] = [
        .museum: [.canceled, .aborted, .bookingChanged],
        .book: [.seatsReserved, .seatsRevoked],
        .confirm: [.requestCompleted, .canceled, .forceCanceled, .bookingChanged],
        .mypage: [
            .museumRegistered, .museumChanged, .museumDeleted, .requested, .requestCompleted, .canceled, .forceCanceled,
            .aborted, .bookingChanged, .confirmCompleted, .confirmChanged,
        ],
    ]

    func isRead(by service: ServiceName) -> Bool {
        guard let type else { return true }
        return Self.applied[service]?.contains(type) ?? false
    }
}
