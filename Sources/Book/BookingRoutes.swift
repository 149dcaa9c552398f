import Contracts
public import HTTPServer
import HTTPTypes
public import Hummingbird

/// `/books`.
public struct BookingRoutes: Routes {
    let attempt: BookingAttempt
    let service: BookingService
    let partitions: any PartitionDirectory

    public func add(to router: Router<AppRequestContext>) {
        router.post("books") { try await book($0, $1) }
        router.get("books") { request, _ in try await page(request) }
        router.get("books/{id}") { request, context in
            Response.resource(try await service.find(id(context)), to: request)
        }
        router.patch("books/{id}") { try await change($0, $1) }
        router.put("books/{id}") { try await change($0, $1) }
        router.delete("books/{id}") { request, context in
            Response.resource(try await service.cancel(id(context), metadata: context.metadata), to: request)
        }
    }

    private func id(_ context: AppRequestContext) throws(RequestError) -> BookingID {
        try context.id(BookingID.init, orElse: Failure.unknownBooking)
    }

    private func book(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let key = try IdempotencyKey.read(request)
        var fields = try await RequestFields(request)
        let museumId = try fields.text("museumId", length: 1...100)
        let visitor = try fields.text("visitor", length: Booking.visitorLength)
        let seats = try fields.optionalInteger("seats", in: Booking.seatsRange) ?? 1
        try fields.finish()
        guard let exhibition = ExhibitionID(museumId) else { throw Failure.unknownMuseum(museumId) }
        let bookingRequest = BookingRequest(exhibition: exhibition, visitor: visitor, seats: seats)
        let deadline = RequestDeadline.current
        let booked = try await attempt.run(bookingRequest, key: key, metadata: context.metadata) { id in
            deadline?.respondsAtEnd(with: .failure(.outcomeUnknown(booking: id)))
        }
        let headers: HTTPFields = booked.isReplayed && key != nil ? [.idempotentReplayed: "true"] : [:]
        return Response.resource(booked.booking, status: .created, to: request, headers: headers)
    }

    private func page(_ request: Request) async throws -> Response {
        let query = try RequestQuery(request, known: ["museumId", "status", "size", "cursor"])
        let page = try await service.page(
            try query.page(), of: try query.exhibition("museumId"), statuses: try query.words("status"), in: partitions)
        return Response.collection(page, of: "books", to: request)
    }

    /// The one change there is: `status` to `CANCELED`. What else the body says must be as it is.
    private func change(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let id = try id(context)
        var fields = try await RequestFields(request)
        fields.ignore("id", "version", "createdAt", "updatedAt", "_links")
        let status = try fields.text("status", length: 1...64)
        // A booking has these always: null would change them.
        let museumId = fields.names("museumId") ? try fields.text("museumId", length: 1...100) : nil
        let visitor = fields.names("visitor") ? try fields.text("visitor", length: Booking.visitorLength) : nil
        let seats = fields.names("seats") ? try fields.integer("seats", in: Booking.seatsRange) : nil
        try fields.finish()
        let booking = try await service.find(id)
        if let museumId, museumId != id.exhibition.text { throw Failure.invalidField("museumId", "can't be changed") }
        if let visitor, visitor != booking.visitor { throw Failure.invalidField("visitor", "can't be changed") }
        if let seats, seats != booking.seats { throw Failure.invalidField("seats", "can't be changed") }
        guard status == BookingStatus.canceled.rawValue else {
            throw Failure.invalidField("status", "can only be changed to CANCELED")
        }
        return Response.resource(try await service.cancel(id, metadata: context.metadata), to: request)
    }
}

extension Booking: HALResource {
    var href: String { "/books/" + id.text }

    func write(to writer: inout JSONWriter) {
        writer.member("id", id.text)
        writer.member("museumId", id.exhibition.text)
        writer.member("visitor", visitor)
        writer.member("seats", seats)
        writer.member("status", status.rawValue)
        writer.member("version", version)
        writer.member("createdAt", Timestamp.text(createdAt))
        writer.member("updatedAt", Timestamp.text(updatedAt))
        writer.object("_links") { writer in
            writer.link("self", href)
            writer.link("museum", "/museums/" + id.exhibition.text)
            writer.link("confirm", "/confirms/" + id.text)
            writer.link("myPage", "/myPages/" + id.text)
        }
    }
}
