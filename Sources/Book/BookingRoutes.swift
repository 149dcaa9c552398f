import Contracts
import HTTPServer
import HTTPTypes

/// `/books`.
struct BookingRoutes: Routes {
    let attempt: BookingAttempt
    let service: BookingService
    let partitions: any PartitionDirectory

    func add(to router: AppRouter) {
        router.post("books", for: .visitors, isDirect: true) { try await book($0, $1) }
        router.collection("books", listFor: .staff, for: .visitors, parameters: ["museumId", "status"]) { query, page, _ in
            try await service.page(
                page, of: try query.exhibition("museumId"), statuses: try query.words("status"), in: partitions)
        } find: {
            try await find(id($0), $0)
        }
        router.patch("books/{id}", for: .visitors) { try await change($0, $1) }
        router.put("books/{id}", for: .visitors) { try await change($0, $1) }
        router.delete("books/{id}", for: .visitors) { request, context in
            let id = try id(context)
            if !context.principal.isStaff { _ = try await find(id, context) }
            return DocumentResponse.resource(try await service.cancel(id, metadata: context.metadata), to: request)
        }
    }

    private func id(_ context: AppRequestContext) throws(RequestError) -> BookingID {
        try context.id(BookingID.init, orElse: Failure.unknownBooking)
    }

    /// A booking that the sender may see. Another visitor's is as unknown as one that is not there.
    private func find(_ id: BookingID, _ context: AppRequestContext) async throws -> Booking {
        let booking = try await service.find(id)
        guard context.principal.mayAct(for: booking.visitor) else { throw Failure.unknownBooking(id.text) }
        return booking
    }

    private func book(_ request: CollectedRequest, _ context: AppRequestContext) async throws -> DocumentResponse {
        let key = try IdempotencyKey.read(request)
        var fields = try RequestFields(request)
        let museumId = try fields.text("museumId", length: 1...100)
        let visitor = try fields.visitor(of: context, length: Booking.visitorLength)
        let seats = try fields.optionalInteger("seats", in: Booking.seatsRange) ?? 1
        let details = try BookingDetail.allCases.reduce(into: BookingDetails()) { details, detail in
            details[detail] = try fields.optionalText(detail.rawValue, length: detail.length)
        }
        try fields.finish()
        guard let exhibition = ExhibitionID(museumId) else { throw Failure.unknownMuseum(museumId) }
        let bookingRequest = BookingRequest(exhibition: exhibition, visitor: visitor, seats: seats, details: details)
        let deadline = RequestDeadline.current
        let booked = try await attempt.run(
            bookingRequest, key: key, isKeyNew: IdempotencyKey.isNew(request), metadata: context.metadata
        ) { id in
            deadline?.respondsAtEnd(with: .failure(.outcomeUnknown(booking: id)))
        }
        let headers: HTTPFields = booked.isReplayed && key != nil ? [.idempotentReplayed: "true"] : [:]
        return DocumentResponse.resource(booked.booking, status: .created, to: request, headers: headers)
    }

    /// The changes there are: `status` to `CANCELED`, or fewer `seats`. What else the body says must be as it is.
    private func change(_ request: CollectedRequest, _ context: AppRequestContext) async throws -> DocumentResponse {
        let id = try id(context)
        var fields = try RequestFields(request)
        fields.ignore("id", "version", "createdAt", "updatedAt", "_links")
        let isStatusLeftOut = fields.names("seats") && !fields.names("status")
        let status = isStatusLeftOut ? nil : try fields.text("status", length: 1...64)
        // A booking has these always: null would change them.
        let museumId = fields.names("museumId") ? try fields.text("museumId", length: 1...100) : nil
        let visitor = fields.names("visitor") ? try fields.text("visitor", length: Booking.visitorLength) : nil
        let seats = fields.names("seats") ? try fields.integer("seats", in: Booking.seatsRange) : nil
        var details: [(detail: BookingDetail, text: String?)] = []
        for detail in BookingDetail.allCases where fields.names(detail.rawValue) {
            details.append((detail, try fields.optionalText(detail.rawValue, length: detail.length)))
        }
        try fields.finish()
        let booking = try await find(id, context)
        for (detail, text) in details where text != booking.details[detail] {
            throw Failure.invalidField(detail.rawValue, "can't be changed")
        }
        if let museumId, museumId != id.exhibition.text { throw Failure.invalidField("museumId", "can't be changed") }
        if let visitor, visitor != booking.visitor { throw Failure.invalidField("visitor", "can't be changed") }
        if let seats, status.map(booking.hasStatus) ?? true {
            return DocumentResponse.resource(try await service.lower(id, to: seats, metadata: context.metadata), to: request)
        }
        guard status == BookingStatus.canceled.rawValue else {
            throw Failure.invalidField("status", "can only be changed to CANCELED")
        }
        if let seats, seats != booking.seats { throw Failure.invalidField("seats", "can't be changed together with status") }
        return DocumentResponse.resource(try await service.cancel(id, metadata: context.metadata), to: request)
    }
}

extension Booking: HALResource {
    /// Whether a visitor who sends this back with other members wants the status to stay. A booking is completed without the visitor.
    fileprivate func hasStatus(_ text: String) -> Bool {
        text == status.rawValue || text == BookingStatus.requested.rawValue && status == .completed
    }

    var links: HALLinks {
        HALLinks(
            "/books/" + id.text,
            ["museum": "/museums/" + id.exhibition.text, "confirm": "/confirms/" + id.text, "myPage": "/myPages/" + id.text])
    }

    static let csvColumns =
        ["id", "museumId", "visitor", "seats", "status", "version", "createdAt", "updatedAt"]
        + BookingDetail.allCases.map(\.rawValue)

    func writeMembers(to writer: inout JSONWriter) {
        writer.booking("id", id, visitor: visitor, seats: seats, status: status.rawValue)
        writer.member("version", version)
        writer.member("createdAt", Timestamp.text(createdAt))
        writer.member("updatedAt", Timestamp.text(updatedAt))
        for detail in BookingDetail.allCases { details[detail].map { writer.member(named: detail.rawValue, $0) } }
    }
}
