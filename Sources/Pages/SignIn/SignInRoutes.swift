import HTTPServer
import HTTPTypes

/// `/sign-in`: with a token, or as the guest who has made a booking.
struct SignInRoutes: Routes {
    let site: Site

    func add(to router: AppRouter) {
        router.page("sign-in", for: .everybody) { request, context in
            let (visit, _) = await site.visit(request, context)
            return page([:], to: visit)
        }
        router.form("forms/sign-in", for: .everybody) { try await signIn($0, $1) }
        router.form("forms/sign-out", for: .everybody) { request, context in
            let (visit, api) = await site.visit(request, context)
            try visit.token.check(try FormFields(request))
            do throws(MuseumAPI.Refusal) {
                let reply = try await api.send(.delete, "/sessions")
                return Site.redirect(to: "/", headers: reply.headers.only(.setCookie))
            } catch {
                return site.problem(error, to: visit)
            }
        }
    }

    private func signIn(_ request: CollectedRequest, _ context: AppRequestContext) async throws -> DocumentResponse {
        let fields = try FormFields(request)
        let (visit, api) = await site.visit(request, context)
        try visit.token.check(fields)
        do throws(MuseumAPI.Refusal) {
            let isGuest = fields["bearer"] == nil
            let reply = try await api.send(
                .post, "/sessions",
                fields: isGuest
                    ? ["bookId": fields["bookId"] ?? "", "contact": fields["contact"] ?? ""] : ["token": fields["bearer"]])
            let role = reply.json["role"]?.text
            let next = isGuest ? "/myPages" : role == "admin" ? "/operator" : role == "staff" ? "/staff" : "/"
            return Site.redirect(to: next, headers: reply.headers.only(.setCookie))
        } catch {
            let text = error.slug == "unauthenticated" ? visit.texts["signInRefused"] : FormError(error, visit.texts).text
            return page(
                [
                    "error": FormError(slug: error.slug, text: text), "bookId": fields["bookId"] ?? "",
                    "contact": fields["contact"] ?? "",
                ],
                status: error.status, to: visit)
        }
    }

    private func page(_ content: [String: Any], status: HTTPResponse.Status = .ok, to visit: Visit) -> DocumentResponse {
        site.page(
            "sign-in", title: visit.texts["signIn"], content, status: status, headers: [.cacheControl: "no-store"], to: visit)
    }
}
