import HTTPServer
import HTTPTypes

/// An error for people.
struct ProblemPage: ProblemPages {
    let site: Site

    func page(_ problem: ProblemReport, for request: CollectedRequest, _ context: AppRequestContext) async -> DocumentResponse {
        // A server that is overloaded or has no Redis is not asked who it is.
        let isAsked = problem.type.definition.status.kind == .clientError && problem.type != .tooManyRequests
        let visit =
            isAsked
            ? await site.visit(request, context).0
            : site.visit(request.headers, path: "/", authority: request.authority)
        return site.problem(
            problem.type.slug, status: problem.type.definition.status, requestId: problem.requestId, headers: problem.headers,
            to: visit)
    }
}

extension Site {
    /// What the API refused, as a page of its own.
    func problem(_ refusal: MuseumAPI.Refusal, to visit: Visit) -> DocumentResponse {
        problem(
            refusal.slug, status: refusal.status, requestId: refusal.problem["requestId"]?.text ?? "",
            headers: refusal.headers, to: visit)
    }

    /// - Parameters:
    ///   - slug: the problem's kind.
    ///   - headers: those of the problem document; what the page says itself is left out.
    func problem(
        _ slug: String, status: HTTPResponse.Status, requestId: String, headers: HTTPFields, to visit: Visit
    ) -> DocumentResponse {
        var headers = headers
        for name in [HTTPField.Name.contentType, .contentLength, .vary, .cacheControl] { headers[name] = nil }
        let content: [String: Any] = [
            "slug": slug, "text": visit.texts.problem(slug), "requestId": requestId,
            "mustSignIn": (slug == "unauthenticated" || slug == "forbidden") && !isOpen && visit.signedIn == nil,
        ]
        return page("problem", title: visit.texts["problemTitle"], content, status: status, headers: headers, to: visit)
    }
}

/// Why a form was refused, above the form.
struct FormError {
    let slug: String
    let text: String

    /// Whether signing in is what to do next.
    let mustSignIn: Bool

    /// - Parameter refusal: what the API said.
    init(_ refusal: MuseumAPI.Refusal, _ texts: Texts) {
        slug = refusal.slug
        mustSignIn = slug == "unauthenticated"
        switch slug {
        case "sold-out":
            let left = refusal.problem["available"]?.integer ?? 0
            text = left == 0 ? texts["soldOutNow"] : texts.count("onlyLeft", left)
        case "invalid-field":
            let field = refusal.problem["field"]?.text ?? ""
            text = texts("problem.invalid-field", ["field": texts.all["field.\(field)"] ?? field])
        default: text = texts.problem(slug)
        }
    }

    init(slug: String, text: String) {
        self.slug = slug
        self.text = text
        mustSignIn = slug == "unauthenticated"
    }
}
