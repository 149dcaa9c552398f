/// A domain event: something that has happened in a service, with the state of what changed after the change.
public struct Event: Sendable, Equatable {
    public let type: EventType
    public let timestamp: UnixMilliseconds
    public let requestId: String?
    /// The W3C trace context of the request that the event comes from; `nil` if it has none.
    public var traceparent: String?
    public let subject: Subject

    public enum Subject: Sendable, Equatable {
        case exhibition(ExhibitionPayload)
        case seats(SeatsPayload)
        case booking(BookingPayload)
        case admission(AdmissionPayload)
    }
}

/// All event types. The raw value is the field `eventType` in the streams.
public enum EventType: String, Sendable, CaseIterable {
    case museumRegistered = "MuseumRegistered"
    case museumChanged = "MuseumChanged"
    case museumDeleted = "MuseumDeleted"
    case seatsReserved = "SeatsReserved"
    case seatsReleased = "SeatsReleased"
    case seatsRevoked = "SeatsRevoked"
    case requested = "Requested"
    case requestCompleted = "RequestCompleted"
    case canceled = "Canceled"
    case forceCanceled = "ForceCanceled"
    case aborted = "Aborted"
    /// Its seats are fewer; the status is as it was.
    case bookingChanged = "BookingChanged"
    case confirmCompleted = "ConfirmCompleted"
    case confirmChanged = "ConfirmChanged"
}

/// An exhibition as staff see it, at one version; seats held are no part of it.
public struct ExhibitionPayload: Sendable, Equatable {
    public let id: ExhibitionID
    public let details: ExhibitionDetails
    public let capacity: Int
    public let status: ExhibitionStatus
    public let version: Int
}

/// Seats of one booking, and the seats its exhibition had left right after. Only a reservation names the visitor.
public struct SeatsPayload: Sendable, Equatable {
    public let booking: BookingID
    /// How many were reserved, released or revoked.
    public let seats: Int
    /// How many the booking still holds after a release of some; 0 where the event does not say.
    public let remaining: Int
    public let available: Int
    public let visitor: String?
}

/// A booking at one version.
public struct BookingPayload: Sendable, Equatable {
    public let id: BookingID
    public let visitor: String
    public let seats: Int
    public let status: BookingStatus
    public let version: Int
    public let createdAt: UnixMilliseconds
}

/// An admission at one version.
public struct AdmissionPayload: Sendable, Equatable {
    public let booking: BookingID
    public let visitor: String
    public let seats: Int
    public let status: AdmissionStatus
    public let version: Int
}
