/// Everything a room may have to say no with. Chassis renders it as a problem document; nothing else does.
public enum Failure: Error, Sendable, Equatable {
    // what was asked for
    case unknownMuseum(String)
    case unknownBooking(String)
    case unknownAdmission(String)
    case unknownPage(String)
    case unknownPath

    // how it was asked for
    case malformedJSON(String)
    case invalidField(String, String)
    case invalidParameter(String, String)
    case invalidIdempotencyKey(String)
    case idempotencyMismatch
    case methodNotAllowed(allowed: [String])
    case unsupportedMediaType
    case unsupportedCharset
    case unsupportedContentCoding
    case preconditionFailed
    case contentTooLarge(limit: Int)
    case headerTooLarge
    case malformedRequest(String)
    case requestTimeout

    // what the museum's rules forbid
    case soldOut(available: Int)
    case salesClosed(String)
    /// The exhibition has ended.
    case exhibitionOver(String)
    case museumDeleted(String)
    case versionMismatch(current: Int)
    case capacityBelowHeld(held: Int)
    case alreadyForceCanceled
    case alreadyAborted

    // what is out of order
    /// Museum can't be reached or the attempt was given up; no seat is held.
    case museumUnavailable(String)
    /// More is asked than can be done in time; nothing was changed.
    case overloaded
    /// Redis can't be reached or refused; nothing was changed.
    case storageUnavailable(String)
    /// A write was sent and its outcome could not be found out in time.
    case outcomeUnknown(booking: BookingID?)
    /// A room could not be reached, or gave no proper answer to what was sent.
    case badUpstream(String, wasSent: Bool)
    case upstreamTimeout(String)
    /// A bug of ours. The text is for the log, never for the client.
    case `internal`(String)

    /// Whether certainly nothing was changed, so that trying again can't do anything twice.
    public var isCertainlyNotApplied: Bool {
        switch self {
        case .outcomeUnknown, .badUpstream(_, wasSent: true), .upstreamTimeout, .internal: false
        default: true
        }
    }
}
