import Contracts
import HTTPTypes
import Hummingbird
import NIOCore

/// What a failure looks like over HTTP: a problem document (RFC 9457). The one place where that is decided.
struct Problem {
    let status: HTTPResponse.Status
    /// The last part of `type`: `/problems/<slug>`.
    let slug: String
    let title: String
    let detail: String
    var number: (name: StaticString, value: Int)?
    var text: (name: StaticString, value: String)?
    var headers: HTTPFields = [:]

    init(_ status: HTTPResponse.Status, _ slug: String, _ title: String, _ detail: String) {
        self.status = status
        self.slug = slug
        self.title = title
        self.detail = detail
    }

    func response(requestId: String) -> Response {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: document(requestId: requestId)))
    }

    /// The headers of an answer after which the connection closes, where no request stands behind it.
    func lastHeaders(_ document: ByteBuffer, requestId: String) -> HTTPFields {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        headers[.contentLength] = String(document.readableBytes)
        headers[.cacheControl] = "no-store"
        headers[.connection] = "close"
        headers[.xRequestId] = requestId
        return headers
    }

    /// Such an answer as it goes over the wire.
    func wholeAnswer() -> ByteBuffer {
        let requestId = RequestIdentifier.make()
        let document = document(requestId: requestId)
        var answer = ByteBuffer(string: "HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n")
        for field in lastHeaders(document, requestId: requestId) {
            answer.writeString("\(field.name.rawName): \(field.value)\r\n")
        }
        answer.writeString("\r\n")
        answer.writeImmutableBuffer(document)
        return answer
    }

    func document(requestId: String) -> ByteBuffer {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("type", "/problems/" + slug)
            writer.member("title", title)
            writer.member("status", status.code)
            writer.member("detail", detail)
            writer.member("requestId", requestId)
            if let number { writer.member(number.name, number.value) }
            if let text { writer.member(text.name, text.value) }
        }
        return writer.buffer
    }
}

extension Problem {
    init(_ failure: Failure) {
        switch failure {
        case .unknownMuseum(let id):
            self.init(
                .notFound, "unknown-museum", "Unknown exhibition", "There is no exhibition \(id.quoted); GET /museums lists them."
            )
        case .unknownBooking(let id):
            self.init(
                .notFound, "unknown-booking", "Unknown booking",
                "There is no booking \(id.quoted); its id is in the answer to POST /books.")
        case .unknownAdmission(let id):
            self.init(
                .notFound, "unknown-confirm", "No admission yet",
                "There is no admission for booking \(id.quoted); it follows the booking, so ask again in a second.")
            headers[.retryAfter] = "1"
        case .unknownPage(let id):
            self.init(
                .notFound, "unknown-page", "No page yet",
                "There is no page for booking \(id.quoted); it follows the booking, so ask again in a second.")
            headers[.retryAfter] = "1"
        case .unknownPath:
            self.init(.notFound, "unknown-path", "Unknown path", "Nothing lives here; GET / lists the collections.")
        case .malformedJSON(let what):
            self.init(.badRequest, "malformed-json", "Malformed JSON", "The body can't be read as JSON: \(what).")
        case .invalidField(let field, let why):
            self.init(.unprocessableContent, "invalid-field", "Invalid field", "\(field.quoted) \(why).")
            text = ("field", field)
        case .invalidParameter(let name, let why):
            self.init(.badRequest, "invalid-parameter", "Invalid parameter", "\(name.quoted) \(why).")
            text = ("parameter", name)
        case .invalidIdempotencyKey(let why):
            self.init(.badRequest, "invalid-idempotency-key", "Invalid Idempotency-Key", "Idempotency-Key \(why).")
        case .idempotencyMismatch:
            self.init(
                .unprocessableContent, "idempotency-mismatch", "Idempotency-Key used before",
                "This Idempotency-Key was sent before with other fields; send a new key for a new request.")
        case .methodNotAllowed(let allowed):
            self.init(
                .methodNotAllowed, "method-not-allowed", "Method not allowed",
                "This path takes \(allowed.joined(separator: ", ")).")
            headers[.allow] = allowed.joined(separator: ", ")
        case .unsupportedMediaType:
            self.init(unsupportedMedia: "The body must be JSON; send Content-Type: application/json.")
            headers[.accept] = RequestContent.mediaTypes.joined(separator: ", ")
        case .unsupportedCharset:
            self.init(unsupportedMedia: "The body must be in UTF-8; send Content-Type: application/json.")
        case .unsupportedContentCoding:
            self.init(unsupportedMedia: "The body must not be compressed; send it without Content-Encoding.")
            headers[.acceptEncoding] = "identity"
        case .preconditionFailed:
            self.init(
                .preconditionFailed, "precondition-failed", "Precondition failed",
                "Resources have no entity tags; send the member \"version\" instead of If-Match.")
        case .contentTooLarge(let limit):
            self.init(.contentTooLarge, "content-too-large", "Body too large", "A body may have \(limit) bytes at most.")
            headers[.connection] = "close"
        case .headerTooLarge:
            self.init(
                .requestHeaderFieldsTooLarge, "header-too-large", "Header too large",
                "All header fields together may have 16 KiB, each 8 KiB, and there may be 100.")
        case .malformedRequest(let what):
            self.init(.badRequest, "malformed-request", "Malformed request", "This can't be read as a request: \(what).")
        case .requestTimeout:
            self.init(
                .requestTimeout, "request-timeout", "Request too slow", "The request did not arrive in time; send it again.")
        default: self.init(refusalOrFault: failure)
        }
    }

    private init(unsupportedMedia detail: String) {
        self.init(.unsupportedMediaType, "unsupported-media-type", "Unsupported media type", detail)
    }

    private init(refusalOrFault failure: Failure) {
        switch failure {
        case .soldOut(let available):
            self.init(
                .conflict, "sold-out", "Sold out",
                available == 0 ? "No seat is left." : "Fewer seats are left than asked for: \(available).")
            number = ("available", available)
        case .salesClosed(let id):
            self.init(.conflict, "sales-closed", "Sales closed", "Exhibition \(id) sells nothing at present.")
        case .exhibitionOver(let id):
            self.init(.conflict, "sales-closed", "Sales closed", "Exhibition \(id) is over.")
        case .museumDeleted(let id):
            self.init(.conflict, "museum-deleted", "Exhibition deleted", "Exhibition \(id) has been deleted for good.")
        case .versionMismatch(let current):
            self.init(
                .conflict, "version-mismatch", "Version mismatch",
                "The exhibition is at version \(current) by now; GET it and decide again.")
            number = ("current", current)
        case .capacityBelowHeld(let held):
            self.init(
                .conflict, "capacity-below-held", "Capacity below seats held",
                "\(held) seats are held; the capacity can't go below that.")
            number = ("held", held)
        case .alreadyForceCanceled:
            self.init(
                .conflict, "already-force-canceled", "Already force-canceled",
                "The museum has deleted the exhibition and canceled this booking.")
        case .alreadyAborted:
            self.init(
                .conflict, "already-aborted", "Already aborted",
                "This attempt was answered 503 and holds no seat; there is nothing to change.")
        case .museumUnavailable(let why):
            self.init(
                .serviceUnavailable, "museum-unavailable", "Museum unavailable",
                "\(why); no seat is held. Try again in a second, with the same Idempotency-Key if you sent one.")
            headers[.retryAfter] = "1"
        case .overloaded:
            self.init(
                .serviceUnavailable, "overloaded", "Overloaded", "More is asked than can be done in time. Try again in a second.")
            headers[.retryAfter] = "1"
        case .storageUnavailable(let why):
            self.init(
                .serviceUnavailable, "storage-unavailable", "Storage unavailable",
                "\(why). Nothing was changed; try again in a second.")
            headers[.retryAfter] = "1"
        case .outcomeUnknown(let booking):
            self.init(
                .gatewayTimeout, "outcome-unknown", "Outcome unknown",
                "Whether it was done could not be found out in time; look again, or send it again with the same Idempotency-Key.")
            text = booking.map { ("bookId", $0.text) }
        case .badUpstream(let room, wasSent: false):
            self.init(
                .badGateway, "bad-upstream", "Bad upstream",
                "\(room) can't be reached at present. Nothing was done; try again in a second.")
            headers[.retryAfter] = "1"
        case .badUpstream(let room, wasSent: true):
            self.init(
                .badGateway, "bad-upstream", "Bad upstream",
                "\(room) gave no proper answer; a write may have been done. Look, or send it again with the same Idempotency-Key."
            )
        case .upstreamTimeout(let room):
            self.init(
                .gatewayTimeout, "upstream-timeout", "Upstream timeout",
                "\(room) did not answer in time; a write may have been done. Look, or send it again with the same Idempotency-Key."
            )
        default:
            self.init(.internalServerError, "internal", "Internal error", "This is a fault of ours; please report the requestId.")
        }
    }
}

extension String {
    /// In quotes and no longer than can be read at a glance.
    fileprivate var quoted: String { "\"" + (count > 64 ? prefix(64) + "…" : self[...]) + "\"" }
}
