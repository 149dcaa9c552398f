import Contracts
import HTTPServer
import HTTPTypes

/// What staff see. The pages' scripts ask the API.
struct StaffRoutes: Routes {
    let site: Site

    func add(to router: AppRouter) {
        for page in StaffPage.allCases where page != .exhibition {
            router.page(page.path, for: .staff) { request, context in
                let (visit, _) = await site.visit(request, context)
                return show(page, request, visit)
            }
        }
        router.page(StaffPage.exhibition.path, for: .staff) { request, context in
            let id = try context.id(ExhibitionID.init, orElse: Failure.unknownMuseum)
            let (visit, api) = await site.visit(request, context)
            do throws(MuseumAPI.Refusal) {
                let exhibition = Exhibition(try await api.get("/museums/\(id.text)"))
                return show(.exhibition, request, visit, id: id.text, title: exhibition?.title ?? exhibition?.hall)
            } catch {
                return site.problem(error, to: visit)
            }
        }
    }

    /// - Parameters:
    ///   - id: the exhibition's, on a page of one.
    ///   - title: in place of the page's heading.
    private func show(
        _ page: StaffPage, _ request: CollectedRequest, _ visit: Visit, id: String? = nil, title: String? = nil
    ) -> DocumentResponse {
        let title = title ?? visit.texts[page.heading]
        var content: [String: Any] = ["heading": title, "today": site.localTime.date, "links": links(page, visit)]
        if let id { content["id"] = id }
        let query = PageQuery(request)
        var entries: [String: String] = [:]
        for name in page.entries { entries[name] = query[name] ?? "" }
        content["entries"] = entries
        content["isFiltered"] = entries.values.contains { !$0.isEmpty }
        return site.page(
            page.rawValue, title: title, content, script: page.rawValue + ".js", headers: [.cacheControl: "no-store"], to: visit)
    }

    private func links(_ current: StaffPage, _ visit: Visit) -> [Shell.Link] {
        StaffPage.linked.map { page in
            Shell.Link(
                href: "/" + page.path, text: visit.texts[page.heading], current: page == current ? "page" : nil, tag: nil)
        }
    }
}
