import Contracts
import HTTPServer
import HTTPTypes

/// One exhibition, and the form to book it.
struct ExhibitionPage: Sendable {
    let site: Site

    /// What somebody has entered.
    struct Entries {
        var seats = "1"
        var name = ""
        var contact = ""
        var note = ""
        /// `nil`: the key of the visitor's next booking of this exhibition.
        var key: String?
    }

    struct Option {
        let value: Int
        let isSelected: Bool
    }

    func response(_ request: CollectedRequest, _ context: AppRequestContext) async -> DocumentResponse {
        let (visit, api) = await site.visit(request, context)
        guard let id = try? context.id(ExhibitionID.init) else {
            return site.problem(
                "unknown-museum", status: .notFound, requestId: context.metadata.requestId ?? "", headers: [:], to: visit)
        }
        return await response(id, Entries(), visit, api)
    }

    /// - Parameter error: why what was entered is refused.
    func response(
        _ id: ExhibitionID, _ entries: Entries, _ visit: Visit, _ api: MuseumAPI, error: FormError? = nil,
        status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) async -> DocumentResponse {
        do throws(MuseumAPI.Refusal) {
            guard let exhibition = Exhibition(try await api.get("/museums/\(id.text)")) else {
                throw .unreadable
            }
            let bookings = try await bookings(of: id, visit, api)
            let state = exhibition.state(at: site.localTime)
            var content: [String: Any] = [
                "id": exhibition.id, "title": exhibition.title ?? exhibition.hall, "hall": exhibition.hall,
                "date": exhibition.date, "day": visit.local.day(exhibition.date),
                "state": state.rawValue, "stateText": visit.texts["state.\(state.rawValue)"],
                "seatsText": visit.texts.count("seatsLeft", exhibition.available),
                "capacityText": visit.texts.count("capacitySeats", exhibition.capacity),
                "isOpen": state == .open, "name": entries.name, "contact": entries.contact, "note": entries.note,
                "key": entries.key ?? visit.token.bookingKey(exhibition: id.text, number: bookings.count),
                "seats": entries.seats,
                "mine": bookings.filter(\.isLive).map { BookingCard($0, visit) },
                "hasMine": bookings.contains(where: \.isLive),
            ]
            content["time"] = visit.local.time(from: exhibition.startTime, to: exhibition.endTime)
            if let error { content["error"] = error }
            return site.page(
                "exhibition", title: exhibition.title ?? exhibition.hall, content, script: "exhibition.js", status: status,
                headers: headers, to: visit)
        } catch {
            return site.problem(error, to: visit)
        }
    }

    /// The visitor's bookings of an exhibition, also those that have ended.
    private func bookings(of id: ExhibitionID, _ visit: Visit, _ api: MuseumAPI) async throws(MuseumAPI.Refusal) -> [Booking] {
        guard let visitor = visit.signedIn?.subject else { return [] }
        let query = MuseumAPI.query(["visitor": visitor, "museumId": id.text, "size": "200"])
        return try await api.get("/myPages" + query).embedded("myPages").compactMap(Booking.init)
    }
}
