import Contracts
import HTTPServer
import HTTPTypes

/// Books what somebody has entered on an exhibition's page. Without a script of the page: with one, the script asks the API itself.
struct BookingForm: Sendable {
    let site: Site
    let page: ExhibitionPage

    func response(_ request: CollectedRequest, _ context: AppRequestContext) async throws -> DocumentResponse {
        let fields = try FormFields(request)
        let (visit, api) = await site.visit(request, context)
        try visit.token.check(fields)
        guard let id = fields["museumId"].flatMap(ExhibitionID.init) else {
            throw RequestError.invalidField("museumId", "must be an exhibition's id")
        }
        let entries = ExhibitionPage.Entries(
            seats: fields["seats"] ?? "1", name: fields["name"] ?? "", contact: fields["contact"] ?? "",
            note: fields["note"] ?? "", key: fields["key"])
        if let visitor = fields["visitor"], visitor != visit.signedIn?.subject {
            // Who filled in the form was signed in, and is not any more. It must not become a guest's booking.
            let error = FormError(slug: "unauthenticated", text: visit.texts["bookedBySomebodyElse"])
            return await page.response(id, entries, visit, api, error: error, status: .unauthorized)
        }
        guard visit.signedIn != nil else { return await beginSession(visit, api) }
        guard let key = entries.key else { throw RequestError.invalidField("key", "is missing") }
        do throws(MuseumAPI.Refusal) {
            let reply = try await api.send(
                .post, "/books",
                fields: [
                    "museumId": id.text, "visitor": visit.signedIn?.subject, "seats": entries.seats, "name": fields["name"],
                    "contact": fields["contact"], "note": fields["note"],
                ],
                headers: [.idempotencyKey: key])
            guard let booking = Booking(reply.json) else { throw MuseumAPI.Refusal.unreadable }
            if !booking.isLive {
                // Booked with this very form and canceled since.
                let error = FormError(slug: "already-canceled", text: visit.texts["bookedAndCanceled"])
                return await page.response(id, withoutKey(entries), visit, api, error: error, status: .conflict)
            }
            return Site.redirect(to: "/myPages/\(booking.id)?booked")
        } catch {
            return await page.response(
                id, entries, visit, api, error: FormError(error, visit.texts), status: error.status,
                headers: error.headers.only(.retryAfter))
        }
    }

    private func withoutKey(_ entries: ExhibitionPage.Entries) -> ExhibitionPage.Entries {
        var entries = entries
        entries.key = nil
        return entries
    }

    /// Gives the browser a session, and has it send the same form again. So the booking belongs to a session that the browser has
    /// for certain, and a form that is sent twice makes one booking.
    private func beginSession(_ visit: Visit, _ api: MuseumAPI) async -> DocumentResponse {
        do throws(MuseumAPI.Refusal) {
            let reply = try await api.send(.post, "/sessions", fields: [:])
            return Site.redirect(to: "/forms/book", headers: reply.headers.only(.setCookie), status: .temporaryRedirect)
        } catch {
            return site.problem(error, to: visit)
        }
    }
}

extension HTTPFields {
    /// The fields of one name.
    func only(_ name: HTTPField.Name) -> HTTPFields { HTTPFields(fields(for: name)) }

    private func fields(for name: HTTPField.Name) -> [HTTPField] { filter { $0.name == name } }
}
