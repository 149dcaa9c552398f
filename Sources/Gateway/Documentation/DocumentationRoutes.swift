import HTTPServer
import HTTPTypes
import NIOCore

/// `/openapi.json`, `/docs` and `/problems`: what the API offers, for programs and for people.
struct DocumentationRoutes: Routes {
    func add(to router: AppRouter) {
        router.get("openapi.json", for: .everybody) { _, _ in
            Self.response(ByteBuffer(bytes: PackageResources.openapi_json), type: "application/json")
        }
        router.get("docs", for: .everybody) { _, _ in try Self.page(APIPage.shared.get()) }
        router.get("docs.css", for: .everybody) { _, _ in
            Self.response(ByteBuffer(bytes: PackageResources.docs_css), type: "text/css; charset=utf-8")
        }
        router.get("problems", for: .everybody) { _, _ in Self.page(ProblemPages.list) }
        router.get("problems/{id}", for: .everybody) { _, context in
            Self.page(ProblemPages.page(of: try context.id(ProblemType.init(rawValue:))))
        }
    }

    private static func page(_ html: String) -> DocumentResponse {
        // The pages have one stylesheet, no scripts, no images and no forms.
        let policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        return response(
            ByteBuffer(string: html), type: "text/html; charset=utf-8",
            headers: [.contentSecurityPolicy: policy, .referrerPolicy: "no-referrer"])
    }

    private static func response(_ body: ByteBuffer, type: String, headers: HTTPFields = [:]) -> DocumentResponse {
        var headers = headers
        headers[.contentType] = type
        headers[.cacheControl] = "no-cache"
        headers[.xContentTypeOptions] = "nosniff"
        return DocumentResponse(status: .ok, headers: headers, body: body)
    }
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
}
