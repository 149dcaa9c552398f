import HTTPServer

/// What visitors see: exhibitions, their bookings, and the forms to book and to cancel.
struct VisitorRoutes: Routes {
    let site: Site

    func add(to router: AppRouter) {
        let exhibitions = ExhibitionsPage(site: site)
        router.page("/", for: .everybody) { await exhibitions.response($0, $1) }
        router.page("museums", for: .everybody) { await exhibitions.response($0, $1) }

        let exhibition = ExhibitionPage(site: site)
        router.page("museums/{id}", for: .everybody) { await exhibition.response($0, $1) }
        router.form("forms/book", for: .everybody) { try await BookingForm(site: site, page: exhibition).response($0, $1) }

        let bookings = BookingsPage(site: site)
        router.page("myPages", for: .everybody) { await bookings.list($0, $1) }
        router.page("myPages/{id}", for: .everybody) { try await bookings.booking($0, $1) }
        router.page("myPages/{id}/cancel", for: .everybody) { try await bookings.question($0, $1) }
        router.form("forms/cancel", for: .everybody) { try await bookings.cancel($0, $1) }
    }
}
