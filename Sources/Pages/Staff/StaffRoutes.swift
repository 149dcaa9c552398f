import Contracts
import HTTPServer

/// What staff see. The pages' scripts ask the API.
struct StaffRoutes: Routes {
    let site: Site

    func add(to router: AppRouter) {
        router.page("staff", for: .staff) { await page("staff", $0, $1) }
        router.page("staff/new", for: .staff) { await page("staff-new", $0, $1) }
        router.page("staff/day", for: .staff) { await page("staff-day", $0, $1) }
        router.page("staff/bookings", for: .staff) { await page("staff-bookings", $0, $1) }
        router.page("staff/museums/{id}", for: .staff) { request, context in
            let id = try context.id(ExhibitionID.init, orElse: Failure.unknownMuseum)
            return await page("staff-museum", request, context, content: ["id": id.text])
        }
    }

    private func page(
        _ name: String, _ request: CollectedRequest, _ context: AppRequestContext, content: [String: Any] = [:]
    ) async -> DocumentResponse {
        let (visit, _) = await site.visit(request, context)
        var content = content
        content["today"] = site.localTime.date
        return site.page(name, title: visit.texts["staffHeading"], content, script: name + ".js", to: visit)
    }
}
