import Contracts
import HTTPTypes
import NIOCore

/// An error as a problem document (RFC 9457).
struct Problem {
    let type: ProblemType
    let detail: String
    var number: (name: StaticString, value: Int)?
    var text: (name: StaticString, value: String)?
    var headers: HTTPFields = [:]

    init(_ type: ProblemType, _ detail: String) {
        self.type = type
        self.detail = detail
    }

    var status: HTTPResponse.Status { type.definition.status }

    func response(requestId: String) -> DocumentResponse {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        return DocumentResponse(status: status, headers: headers, body: document(requestId: requestId))
    }

    /// The headers of a response after which the connection closes, where there is no request.
    func lastHeaders(_ document: ByteBuffer, requestId: String) -> HTTPFields {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        headers[.contentLength] = String(document.readableBytes)
        headers[.cacheControl] = "no-store"
        headers[.connection] = "close"
        headers[.xRequestId] = requestId
        return headers
    }

    /// Such a response as it is sent.
    func wholeResponse() -> ByteBuffer {
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
        let definition = type.definition
        writer.object { writer in
            writer.member("type", "/problems/" + type.slug)
            writer.member("title", definition.title)
            writer.member("status", definition.status.code)
            writer.member("detail", detail)
            writer.member("requestId", requestId)
            if let number { writer.member(number.name, number.value) }
            if let text { writer.member(text.name, text.value) }
        }
        return writer.buffer
    }
}

extension Problem {
    /// The one place where an error gets its type and its text.
    init(_ error: RequestError) {
        switch error {
        case .failure(.unknownMuseum(let id)):
            self.init(.unknownMuseum, "No exhibition \(id.quoted). GET /museums lists them.")
        case .failure(.unknownBooking(let id)):
            self.init(.unknownBooking, "No booking \(id.quoted). Its id is in the response to POST /books.")
        case .failure(.unknownAdmission(let id)):
            self.init(
                .unknownConfirm, "No admission for booking \(id.quoted). It is written after the booking; retry after 1 second.")
            headers[.retryAfter] = "1"
        case .failure(.unknownPage(let id)):
            self.init(.unknownPage, "No page for booking \(id.quoted). It is written after the booking; retry after 1 second.")
            headers[.retryAfter] = "1"
        case .failure(.unknownDeadLetter(let name)):
            self.init(
                .unknownDeadLetter,
                "No dead letter \(name.quoted). GET /admin/dead-letters lists them.")
        case .failure(.invalidField(let field, let requirement)):
            self.init(.invalidField, "\(field.quoted) \(requirement).")
            text = ("field", field)
        case .failure(.invalidCursor):
            self.init(invalidParameter: "cursor", "must be taken from a next link unchanged")
        case .failure(.idempotencyMismatch):
            self.init(
                .idempotencyMismatch, "This Idempotency-Key was used before with other fields. Send a new key for a new request.")
        case .failure(.soldOut(let available)):
            self.init(.soldOut, Self.seatsLeft(available))
            number = ("available", available)
        case .failure(.salesClosed(let id)):
            self.init(.salesClosed, "Sales of exhibition \(id) are closed.")
        case .failure(.exhibitionOver(let id)):
            self.init(.salesClosed, "Sales are closed: exhibition \(id) is over.")
        case .failure(.museumDeleted(let id)):
            self.init(.museumDeleted, "Exhibition \(id) is deleted.")
        case .failure(.versionMismatch(let current)):
            self.init(.versionMismatch, "The exhibition is at version \(current). GET it and send the change with that version.")
            number = ("current", current)
        case .failure(.capacityBelowHeld(let held)):
            self.init(.capacityBelowHeld, "\(held) seats are held. The capacity must be at least \(held).")
            number = ("held", held)
        case .failure(.alreadyForceCanceled):
            self.init(.alreadyForceCanceled, "The museum deleted the exhibition and canceled this booking.")
        case .failure(.alreadyAborted):
            self.init(.alreadyAborted, "This booking attempt was answered with 503. It holds no seats and can't be changed.")
        case .failure(.museumUnavailable(let reason)):
            self.init(
                .museumUnavailable,
                "\(reason); no seats are held. Retry after 1 second, with the same Idempotency-Key if there was one.")
            headers[.retryAfter] = "1"
        case .failure(.overloaded):
            self.init(.overloaded, "The server is overloaded. Retry after 1 second.")
            headers[.retryAfter] = "1"
        case .failure(.storageUnavailable(let reason)):
            self.init(.storageUnavailable, "\(reason). Nothing was changed. Retry after 1 second.")
            headers[.retryAfter] = "1"
        case .failure(.outcomeUnknown(let booking)):
            self.init(
                .outcomeUnknown,
                "The outcome is unknown. Retry with the same Idempotency-Key, or GET the resource to see its state.")
            text = booking.map { ("bookId", $0.text) }
        case .failure(.internal):
            self.init(.internal, "This is a bug of the server. Please report the requestId.")
        case .unknownPath:
            self.init(.unknownPath, "No such path. GET / lists the collections.")
        case .methodNotAllowed(let allowed):
            let methods = allowed.joined(separator: ", ")
            self.init(.methodNotAllowed, "This path accepts \(methods).")
            headers[.allow] = methods
        case .malformedRequest(let reason):
            self.init(.malformedRequest, "The request can't be parsed: \(reason).")
        case .headerTooLarge:
            self.init(.headerTooLarge, "All header fields together may have 16 KiB, each 8 KiB, and there may be 100.")
        case .contentTooLarge(let limit):
            self.init(.contentTooLarge, "A body may have at most \(limit) bytes.")
            headers[.connection] = "close"
        case .requestTimeout:
            self.init(.requestTimeout, "The request did not arrive in time. Send it again.")
        case .unsupportedMediaType:
            self.init(unsupportedMedia: "The body must be JSON; send Content-Type: application/json.")
            headers[.accept] = RequestContent.mediaTypes.joined(separator: ", ")
        case .neitherJSONNorCSV:
            self.init(unsupportedMedia: "The body must be JSON or CSV; send Content-Type: application/json or text/csv.")
            headers[.accept] = (RequestContent.mediaTypes + [ContentNegotiation.csv]).joined(separator: ", ")
        case .noForm:
            self.init(unsupportedMedia: "This path takes a form; send Content-Type: \(RequestContent.form).")
            headers[.accept] = RequestContent.form
        case .unsupportedCharset:
            self.init(unsupportedMedia: "The body must be in UTF-8, and the charset of Content-Type utf-8 or none.")
        case .unsupportedContentCoding:
            self.init(unsupportedMedia: "The body must not be compressed; send it without Content-Encoding.")
            headers[.acceptEncoding] = "identity"
        case .preconditionFailed:
            self.init(.preconditionFailed, "Resources have no entity tags; send the member \"version\" instead of If-Match.")
        case .malformedJSON(let reason):
            self.init(.malformedJSON, "The body can't be parsed as JSON: \(reason).")
        case .malformedCSV(let reason, let row):
            self.init(.malformedCSV, "Row \(row) can't be read as CSV: \(reason).")
            number = ("row", row)
        case .invalidRow(let field, let requirement, let row):
            self.init(.invalidField, "Row \(row): \(field.quoted) \(requirement).")
            text = ("field", field)
            number = ("row", row)
        case .tooManyRows(let limit):
            self.init(.contentTooLarge, "A CSV body may have at most \(limit) rows.")
        case .invalidParameter(let name, let requirement):
            self.init(invalidParameter: name, requirement)
        case .invalidIdempotencyKey(let requirement):
            self.init(.invalidIdempotencyKey, "Idempotency-Key \(requirement).")
        case .unauthenticated(let reason):
            self.init(unauthenticated: reason)
        case .forbidden(let reason):
            self.init(.forbidden, "The sender may not do this. \(reason).")
        case .tooManyRequests(let seconds):
            self.init(.tooManyRequests, "More requests than this sender or address may send. Retry after \(seconds) s.")
            headers[.retryAfter] = String(seconds)
        case .keysUnavailable:
            self.init(
                .keysUnavailable, "Tokens can't be checked: their keys can't be read. Nothing was changed. Retry after 1 second.")
            headers[.retryAfter] = "1"
        case .misdirectedRequest:
            self.init(
                .misdirectedRequest,
                "In protected mode the server accepts requests to localhost, 127.0.0.1 and [::1] only. "
                    + "Set AUTH_SECRET, or PROTECTED_MODE=no, to serve other names.")
        case .badUpstream(let service, wasSent: false):
            self.init(.badUpstream, "\(service) can't be reached. Nothing was changed. Retry after 1 second.")
            headers[.retryAfter] = "1"
        case .badUpstream(let service, wasSent: true):
            self.init(.badUpstream, "\(service) sent no usable response; a write may have been applied. \(Self.retryAdvice)")
        case .upstreamTimeout(let service):
            self.init(.upstreamTimeout, "\(service) did not respond in time; a write may have been applied. \(Self.retryAdvice)")
        }
    }

    private static let retryAdvice = "Retry with the same Idempotency-Key, or GET the resource to see its state."

    private static func seatsLeft(_ available: Int) -> String {
        switch available {
        case 0: "No seats are left."
        case 1: "Only 1 seat is left."
        default: "Only \(available) seats are left."
        }
    }

    private init(unauthenticated reason: InvalidCredentials) {
        let detail =
            switch reason {
            case .noCredentials: "Send a token: Authorization: Bearer. A browser gets a session from POST /sessions."
            case .token(let what): "The token \(what). Send a valid one."
            case .guest: "No guest's booking has this id and this contact. Send both as given at booking."
            case .session: "The session has ended. POST /sessions begins a new one."
            }
        self.init(.unauthenticated, detail)
        // RFC 6750, 3.1: no error code where there were no credentials.
        headers[.wwwAuthenticate] =
            if case .token = reason { #"Bearer realm="skmuseum", error="invalid_token""# } else { #"Bearer realm="skmuseum""# }
    }

    private init(unsupportedMedia detail: String) {
        self.init(.unsupportedMediaType, detail)
    }

    private init(invalidParameter name: String, _ requirement: String) {
        self.init(.invalidParameter, "\(name.quoted) \(requirement).")
        text = ("parameter", name)
    }
}

extension RequestError {
    /// What to say of it, in one line.
    public var detail: String { Problem(self).detail }
}

extension String {
    /// In quotes and no longer than can be read at a glance.
    fileprivate var quoted: String { "\"" + (count > 64 ? prefix(64) + "…" : self[...]) + "\"" }
}
