/// Why a service refuses or cannot do what it was asked. Knows nothing of HTTP: the HTTP server maps each to a problem
/// document.
public enum Failure: Error, Sendable, Equatable {
    // unknown ids
    case unknownMuseum(String)
    case unknownBooking(String)
    case unknownAdmission(String)
    case unknownPage(String)
    case unknownDeadLetter(String)

    // invalid input
    /// A field, and what it must be.
    case invalidField(String, String)
    /// A cursor that no list of this program gave out.
    case invalidCursor
    case idempotencyMismatch

    // rules of the museum
    case soldOut(available: Int)
    case salesClosed(String)
    /// The exhibition has ended.
    case exhibitionOver(String)
    case museumDeleted(String)
    case versionMismatch(current: Int)
    case capacityBelowHeld(held: Int)
    case alreadyForceCanceled
    case alreadyAborted

    // outages
    /// Museum can't be reached or the booking attempt was aborted; no seats are held. The text says which.
    case museumUnavailable(String)
    /// Too many requests are in flight; nothing was changed.
    case overloaded
    /// Redis can't be reached or refuses writes; nothing was changed. The text says which.
    case storageUnavailable(String)
    /// A write was sent, and its outcome is unknown.
    case outcomeUnknown(booking: BookingID?)
    /// A bug. The text is for the log, never for the client.
    case `internal`(String)

    /// Whether certainly nothing was changed, so that a retry cannot apply a write twice.
    public var isCertainlyNotApplied: Bool {
        switch self {
        case .outcomeUnknown, .internal: false
        default: true
        }
    }
}

extension Optional {
    /// The value, or a failure where there is none.
    public func orThrow(_ failure: @autoclosure () -> Failure) throws(Failure) -> Wrapped {
        guard let self else { throw failure() }
        return self
    }
}
