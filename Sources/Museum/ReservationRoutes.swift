import Contracts
import HTTPServer
import Logging

/// `POST /museums/{id}/reservations`: between services only, so on Museum's own port and never on the gateway's.
///
/// Takes `{"reservations":[{"bookId","seats","visitor","requestId"?,"traceparent"?}, …]}`, at most 64, and responds with
/// `{"outcomes":[{"word","available"}, …]}` in the same order.
struct ReservationRoutes: Routes {
    let service: SeatReservationService
    let localClock: LocalClock

    /// 64 reservations with the longest visitors, fully escaped.
    private static let bodyLimit = 128 << 10

    func add(to router: AppRouter) {
        router.post("museums/{id}/reservations", for: .services, bodyLimit: Self.bodyLimit) { request, context in
            let id = try context.id(ExhibitionID.init, orElse: Failure.unknownMuseum)
            let reservations = try Self.read(try JSON(body: request), for: id)
            context.logger.debug(
                "reservations received",
                metadata: [
                    "museumId": "\(id.text)", "requestIds": .array(reservations.map { .string($0.requestId ?? "") }),
                ])
            let moment = context.metadata.moment
            let outcomes = try await service.reserve(reservations, for: id, at: moment, local: localClock.read(at: moment))
            var writer = JSONWriter(capacity: 64 * outcomes.count)
            writer.object { writer in
                writer.objects("outcomes", outcomes) { writer, outcome in
                    writer.member("word", outcome.code.rawValue)
                    writer.member("available", outcome.available)
                }
            }
            return DocumentResponse.json(writer, to: request)
        }
    }

    private static func read(_ body: JSON, for id: ExhibitionID) throws(RequestError) -> [Reservation] {
        guard let elements = body["reservations"]?.elements, (1...Reservation.batchLimit).contains(elements.count) else {
            throw .invalidField("reservations", "must be a list of 1 to \(Reservation.batchLimit)")
        }
        var reservations: [Reservation] = []
        for element in elements {
            guard let booking = element["bookId"]?.text.flatMap(BookingID.init), booking.exhibition == id,
                let seats = element["seats"]?.integer, (1...100).contains(seats), let visitor = element["visitor"]?.text
            else { throw .invalidField("reservations", "must each have a bookId of this exhibition, seats and a visitor") }
            reservations.append(
                Reservation(
                    booking: booking, seats: seats, visitor: visitor, requestId: element["requestId"]?.text,
                    traceparent: element["traceparent"]?.text.flatMap { $0.utf8.count <= 64 ? $0 : nil }))
        }
        return reservations
    }
}
