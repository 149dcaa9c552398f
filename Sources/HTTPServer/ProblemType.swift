public import HTTPTypes

/// The kinds of errors. All problem documents of one kind have its slug, title and status. The pages at `/problems` say what a
/// kind means and what a client should do.
public enum ProblemType: String, Sendable, CaseIterable {
    case malformedRequest = "malformed-request"
    case malformedJSON = "malformed-json"
    case malformedCSV = "malformed-csv"
    case invalidParameter = "invalid-parameter"
    case invalidIdempotencyKey = "invalid-idempotency-key"
    case unauthenticated
    case forbidden
    case unknownPath = "unknown-path"
    case unknownMuseum = "unknown-museum"
    case unknownBooking = "unknown-booking"
    case unknownConfirm = "unknown-confirm"
    case unknownPage = "unknown-page"
    case unknownDeadLetter = "unknown-dead-letter"
    case methodNotAllowed = "method-not-allowed"
    case requestTimeout = "request-timeout"
    case soldOut = "sold-out"
    case salesClosed = "sales-closed"
    case museumDeleted = "museum-deleted"
    case versionMismatch = "version-mismatch"
    case capacityBelowHeld = "capacity-below-held"
    case alreadyForceCanceled = "already-force-canceled"
    case alreadyAborted = "already-aborted"
    case preconditionFailed = "precondition-failed"
    case contentTooLarge = "content-too-large"
    case unsupportedMediaType = "unsupported-media-type"
    case misdirectedRequest = "misdirected-request"
    case invalidField = "invalid-field"
    case idempotencyMismatch = "idempotency-mismatch"
    case tooManyRequests = "too-many-requests"
    case headerTooLarge = "header-too-large"
    case `internal`
    case badUpstream = "bad-upstream"
    case museumUnavailable = "museum-unavailable"
    case storageUnavailable = "storage-unavailable"
    case keysUnavailable = "keys-unavailable"
    case overloaded
    case outcomeUnknown = "outcome-unknown"
    case upstreamTimeout = "upstream-timeout"

    /// What all problem documents of one kind share.
    public struct Definition: Sendable {
        public let status: HTTPResponse.Status
        public let title: String
        /// When it occurs.
        public let meaning: String
        public let nextStep: String

        fileprivate init(_ status: HTTPResponse.Status, _ title: String, _ meaning: String, nextStep: String) {
            self.status = status
            self.title = title
            self.meaning = meaning
            self.nextStep = nextStep
        }
    }

    /// The last part of `type`: `/problems/<slug>`.
    public var slug: String { rawValue }

    public var definition: Definition {
        switch self {
        case .malformedRequest:
            Definition(
                .badRequest, "Malformed request",
                "The request is not valid HTTP.",
                nextStep: "Correct the client that sent it.")
        case .malformedJSON:
            Definition(
                .badRequest, "Malformed JSON",
                "The body is not valid JSON, not valid UTF-8, or no object.",
                nextStep: "Correct the body. The detail says at which byte.")
        case .malformedCSV:
            Definition(
                .badRequest, "Malformed CSV",
                "The body can't be read as CSV (RFC 4180, UTF-8). The member row says where; the first row is 1.",
                nextStep: "Correct the file. Nothing of it was registered.")
        case .invalidParameter:
            Definition(
                .badRequest, "Invalid parameter",
                "A parameter of the query is unknown, occurs twice, or has an invalid value. The member parameter names it.",
                nextStep: "Correct the query. After an invalid cursor, start from the first page.")
        case .invalidIdempotencyKey:
            Definition(
                .badRequest, "Invalid Idempotency-Key",
                "The header Idempotency-Key is empty, too long, there twice, or not visible ASCII.",
                nextStep: "Send a key of 1 to 255 visible ASCII characters, bare or in quotes.")
        case .unauthenticated:
            Definition(
                .unauthorized, "Unauthenticated",
                "The request has no valid token and no session, and this path needs one.",
                nextStep: "Send Authorization: Bearer with a valid token. A browser gets a session from POST /sessions.")
        case .forbidden:
            Definition(
                .forbidden, "Forbidden",
                "The role or the visitor that sends the request may not do this, or a page of another site sent it.",
                nextStep: "Ask for a token with the role that this path needs.")
        case .unknownPath:
            Definition(
                .notFound, "Unknown path",
                "There is no such path.",
                nextStep: "See GET / or the documentation at /docs.")
        case .unknownMuseum:
            Definition(
                .notFound, "Unknown exhibition",
                "There is no exhibition with this id.",
                nextStep: "Check the id. GET /museums lists the exhibitions.")
        case .unknownBooking:
            Definition(
                .notFound, "Unknown booking",
                "There is no booking with this id, or it is another visitor's.",
                nextStep: "Check the id. It is in the response to POST /books.")
        case .unknownConfirm:
            Definition(
                .notFound, "No admission yet",
                "There is no admission for this booking. It is written soon after the booking.",
                nextStep: "While the booking is new, retry after 1 second. Otherwise check the id.")
        case .unknownPage:
            Definition(
                .notFound, "No page yet",
                "There is no page for this booking. It is written soon after the booking.",
                nextStep: "While the booking is new, retry after 1 second. Otherwise check the id.")
        case .unknownDeadLetter:
            Definition(
                .notFound, "Unknown dead letter",
                "There is no dead letter with this id. It may have been retried or dropped.",
                nextStep: "GET /admin/dead-letters lists the dead letters.")
        case .methodNotAllowed:
            Definition(
                .methodNotAllowed, "Method not allowed",
                "The path does not accept this method.",
                nextStep: "Use one of the methods in the header Allow.")
        case .requestTimeout:
            Definition(
                .requestTimeout, "Request too slow",
                "The request did not arrive within 10 seconds.",
                nextStep: "Send it again.")
        case .soldOut:
            Definition(
                .conflict, "Sold out",
                "Fewer seats are left than the request asks for. The member available says how many.",
                nextStep: "Book fewer seats, or another exhibition.")
        case .salesClosed:
            Definition(
                .conflict, "Sales closed",
                "The museum has closed the sales of this exhibition, or the exhibition is over.",
                nextStep: "Choose another exhibition.")
        case .museumDeleted:
            Definition(
                .conflict, "Exhibition deleted",
                "The museum has deleted this exhibition.",
                nextStep: "Choose another exhibition.")
        case .versionMismatch:
            Definition(
                .conflict, "Version mismatch",
                "Somebody else has changed the exhibition since it was read. The member current is its version now.",
                nextStep: "GET the exhibition, decide again, and send the change with the current version.")
        case .capacityBelowHeld:
            Definition(
                .conflict, "Capacity below seats held",
                "The new capacity is lower than the number of seats that are held. The member held says how many.",
                nextStep: "Choose a capacity of at least that number, or cancel bookings first.")
        case .alreadyForceCanceled:
            Definition(
                .conflict, "Already force-canceled",
                "The museum deleted the exhibition and canceled this booking.",
                nextStep: "Nothing. The booking holds no seats.")
        case .alreadyAborted:
            Definition(
                .conflict, "Already aborted",
                "This booking attempt was answered with 503. It holds no seats.",
                nextStep: "Book again.")
        case .preconditionFailed:
            Definition(
                .preconditionFailed, "Precondition failed",
                "The header If-Match has a value other than *. Resources have no entity tags.",
                nextStep: "Send the member version in place of If-Match.")
        case .contentTooLarge:
            Definition(
                .contentTooLarge, "Body too large",
                "The body is larger than this path accepts, or a CSV body has too many rows.",
                nextStep: "Send less.")
        case .unsupportedMediaType:
            Definition(
                .unsupportedMediaType, "Unsupported media type",
                "The body is not of a media type that this path accepts, not in UTF-8, or compressed.",
                nextStep: "Send Content-Type: application/json, in UTF-8, without Content-Encoding.")
        case .misdirectedRequest:
            Definition(
                .misdirectedRequest, "Misdirected request",
                "Without keys the server accepts requests to localhost, 127.0.0.1 and [::1] only.",
                nextStep: "Use one of these names, or set AUTH_SECRET on the server.")
        case .invalidField:
            Definition(
                .unprocessableContent, "Invalid field",
                "A field of the body is missing, unknown, of the wrong type, or out of range. The member field names it.",
                nextStep: "Correct the field. The detail says what it must be.")
        case .idempotencyMismatch:
            Definition(
                .unprocessableContent, "Idempotency-Key used before",
                "This Idempotency-Key was used before with other fields.",
                nextStep: "Send a new key for a new request.")
        case .tooManyRequests:
            Definition(
                .tooManyRequests, "Too many requests",
                "This sender or address has sent more requests than the limit allows.",
                nextStep: "Retry after the number of seconds in the header Retry-After.")
        case .headerTooLarge:
            Definition(
                .requestHeaderFieldsTooLarge, "Header too large",
                "The header has more than 16 KiB or 100 fields, or one field has more than 8 KiB. The connection closes.",
                nextStep: "Send a smaller header.")
        case .internal:
            Definition(
                .internalServerError, "Internal error",
                "The server has a bug.",
                nextStep: "Report the requestId. GET the resource before you repeat a change.")
        case .badUpstream:
            Definition(
                .badGateway, "Bad upstream",
                "The gateway can't reach the service, or got no usable response from it.",
                nextStep:
                    "With the header Retry-After nothing was changed: retry. Without it retry with the same Idempotency-Key, or GET the resource."
            )
        case .museumUnavailable:
            Definition(
                .serviceUnavailable, "Museum unavailable",
                "The service Museum can't be reached or is too slow, or the booking attempt was aborted. No seats are held.",
                nextStep: "Retry after 1 second, with the same Idempotency-Key if there was one.")
        case .storageUnavailable:
            Definition(
                .serviceUnavailable, "Storage unavailable",
                "Redis can't be reached, or refuses writes. Nothing was changed.",
                nextStep: "Retry after 1 second.")
        case .keysUnavailable:
            Definition(
                .serviceUnavailable, "Keys unavailable",
                "The server can't read the keys that tokens are checked with. Nothing was changed.",
                nextStep: "Retry after 1 second.")
        case .overloaded:
            Definition(
                .serviceUnavailable, "Overloaded",
                "The server works at too many requests or connections. Nothing was changed.",
                nextStep: "Retry after 1 second.")
        case .outcomeUnknown:
            Definition(
                .gatewayTimeout, "Outcome unknown",
                "A change was sent to the storage, and there is no reply. It may have been made. The member bookId names the booking, if there is one.",
                nextStep: "Retry with the same Idempotency-Key, or GET the resource to see its state.")
        case .upstreamTimeout:
            Definition(
                .gatewayTimeout, "Upstream timeout",
                "The service did not respond to the gateway in time. A change may have been made.",
                nextStep: "Retry with the same Idempotency-Key, or GET the resource to see its state.")
        }
    }
}
