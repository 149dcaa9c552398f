import Contracts
import HTTPServer
import HTTPTypes

/// A visitor's bookings: all of them, one, and the form to cancel it.
struct BookingsPage: Sendable {
    let site: Site

    private static let size = "50"

    func list(_ request: CollectedRequest, _ context: AppRequestContext) async -> DocumentResponse {
        let (visit, api) = await site.visit(request, context)
        let title = visit.texts["myBookings"]
        guard let visitor = visit.signedIn?.subject else {
            return site.page("bookings", title: title, ["isEmpty": true], to: visit)
        }
        do throws(MuseumAPI.Refusal) {
            let query = MuseumAPI.query([
                "visitor": visitor, "size": Self.size, "cursor": PageQuery(request)["cursor"],
            ])
            let page = try await api.get("/myPages" + query)
            let bookings = page.embedded("myPages").compactMap(Booking.init)
            var content: [String: Any] = ["bookings": bookings.map { BookingCard($0, visit) }, "isEmpty": bookings.isEmpty]
            if let next = page.nextCursor { content["next"] = "/myPages" + MuseumAPI.query(["cursor": next]) }
            return site.page(
                "bookings", title: title, content, script: "bookings.js", headers: [.cacheControl: "no-store"], to: visit)
        } catch {
            return site.problem(error, to: visit)
        }
    }

    func booking(_ request: CollectedRequest, _ context: AppRequestContext) async throws -> DocumentResponse {
        let id = try context.id(BookingID.init, orElse: Failure.unknownBooking)
        let (visit, api) = await site.visit(request, context)
        do throws(MuseumAPI.Refusal) {
            let card = BookingCard(try await find(id, api), visit)
            var content: [String: Any] = ["booking": card]
            let query = PageQuery(request)
            if query.has("booked"), card.canBeCanceled { content["result"] = visit.texts["bookedResult"] }
            if query.has("canceled"), !card.canBeCanceled { content["result"] = visit.texts["canceledResult"] }
            return site.page(
                "booking", title: card.title, content, script: "bookings.js", headers: [.cacheControl: "no-store"], to: visit)
        } catch {
            return site.problem(error, to: visit)
        }
    }

    func question(_ request: CollectedRequest, _ context: AppRequestContext) async throws -> DocumentResponse {
        let id = try context.id(BookingID.init, orElse: Failure.unknownBooking)
        let (visit, api) = await site.visit(request, context)
        do throws(MuseumAPI.Refusal) {
            let card = BookingCard(try await find(id, api), visit)
            guard card.canBeCanceled else { return Site.redirect(to: "/myPages/\(id.text)") }
            return site.page(
                "cancel", title: visit.texts["cancelTitle"], ["booking": card], headers: [.cacheControl: "no-store"], to: visit)
        } catch {
            return site.problem(error, to: visit)
        }
    }

    func cancel(_ request: CollectedRequest, _ context: AppRequestContext) async throws -> DocumentResponse {
        let fields = try FormFields(request)
        let (visit, api) = await site.visit(request, context)
        try visit.token.check(fields)
        guard let id = fields["bookId"].flatMap(BookingID.init) else {
            throw RequestError.invalidField("bookId", "must be a booking's id")
        }
        do throws(MuseumAPI.Refusal) {
            _ = try await api.send(.patch, "/books/\(id.text)", fields: ["status": BookingStatus.canceled.rawValue])
            return Site.redirect(to: "/myPages/\(id.text)?canceled")
        } catch {
            return site.problem(error, to: visit)
        }
    }

    /// The booking's row, which is written after the booking; until then, or while the row is older, the booking itself.
    private func find(_ id: BookingID, _ api: MuseumAPI) async throws(MuseumAPI.Refusal) -> Booking {
        guard let own = Booking(try await api.get("/books/\(id.text)")) else { throw .unreadable }
        do throws(MuseumAPI.Refusal) {
            if let row = Booking(try await api.get("/myPages/\(id.text)")) {
                // A booking's status never goes back, so the row is behind where they differ.
                if row.status == own.status { return row }
                return own.with(row)
            }
        } catch {
            guard error.status == .notFound else { throw error }
        }
        guard let exhibition = Exhibition(try await api.get("/museums/\(own.museumId)")) else { return own }
        return own.with(exhibition)
    }
}

extension Booking {
    /// With what a row says of the exhibition.
    fileprivate func with(_ row: Booking) -> Booking {
        var booking = self
        (booking.title, booking.hall, booking.date) = (row.title, row.hall, row.date)
        (booking.startTime, booking.endTime) = (row.startTime, row.endTime)
        return booking
    }

    fileprivate func with(_ exhibition: Exhibition) -> Booking {
        var booking = self
        (booking.title, booking.hall, booking.date) = (exhibition.title, exhibition.hall, exhibition.date)
        (booking.startTime, booking.endTime) = (exhibition.startTime, exhibition.endTime)
        return booking
    }
}
