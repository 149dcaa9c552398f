import HTTPServer
import HTTPTypes

/// `GET /`: where the collections are.
struct IndexRoutes: Routes {
    func add(to router: AppRouter) {
        router.get("/", for: .everybody) { request, _ in
            var writer = JSONWriter()
            writer.object { writer in
                writer.object("_links") { writer in
                    writer.link("self", "/")
                    writer.link("museums", "/museums")
                    writer.link("books", "/books")
                    writer.link("confirms", "/confirms")
                    writer.link("myPages", "/myPages")
                }
            }
            return DocumentResponse.json(writer, to: request)
        }
    }
}
