import HTTPTypes
import Testing

@testable import HTTPServer

/// Which route a path and a method lead to.
struct PathTableTests {
    private struct SomeRoutes: Routes {
        func add(to router: AppRouter) {
            for path in ["/", "livez", "museums", "museums/new", "museums/{id}"] {
                router.get(path, for: .everybody) { _, _ in DocumentResponse(status: .ok) }
            }
            router.post("museums", for: .everybody) { _, _ in DocumentResponse(status: .created) }
            router.delete("museums/{id}", for: .everybody) { _, _ in DocumentResponse(status: .accepted) }
            router.post("museums/{id}/reservations", for: .everybody) { _, _ in DocumentResponse(status: .ok) }
        }
    }

    private let table = PathTable([SomeRoutes()])

    @Test(
        arguments: [
            ("/", "/", nil), ("/livez", "/livez", nil), ("/museums", "/museums", nil), ("/museums/new", "/museums/new", nil),
            ("/museums/a1", "/museums/{id}", "a1"), ("/museums/%41", "/museums/{id}", "%41"),
            ("/museums/%", "/museums/{id}", "%"),
            ("/museums/{id}", "/museums/{id}", "{id}"),
        ] as [(String, String, String?)])
    func aPathOfTheTable(_ path: String, _ route: String, _ id: String?) throws {
        for method in [HTTPRequest.Method.get, .head] {
            let match = table.match(method, path)
            #expect(match.route?.pattern == route && match.id == id)
            #expect(match.isWatched == (path == "/livez"))
            _ = try match.endpoint.get()
        }
    }

    @Test(arguments: [
        "//", "/museum", "/museumss", "/Museums", "/museums/", "//museums", "/museums//", "/museums/a1/",
        "/museums//reservations", "/museums/a1/reservation", "/museums/a1/reservations/", "/museums/a%2Fb", "/museums/a%2fb",
        "/museums%2Fa1", "", "museums", "/livez/",
    ])
    func noPathOfTheTable(_ path: String) {
        let match = table.match(.get, path)
        #expect(match.route == nil && !match.isWatched)
        #expect(throws: RequestError.unknownPath) { try match.endpoint.get() }
    }

    @Test(arguments: [
        ("/museums", HTTPRequest.Method.delete, ["GET", "HEAD", "POST"]), ("/museums/a1", .patch, ["DELETE", "GET", "HEAD"]),
        ("/museums/a1/reservations", .get, ["POST"]), ("/livez", .post, ["GET", "HEAD"]),
    ])
    func otherMethods(_ path: String, _ method: HTTPRequest.Method, _ allowed: [String]) {
        #expect(throws: RequestError.methodNotAllowed(allowed: allowed)) { try table.match(method, path).endpoint.get() }
    }

    /// A literal path has its own methods, and none of the pattern's.
    @Test func bothFit() throws {
        #expect(table.match(.delete, "/museums/a1").id == "a1")
        for method in [HTTPRequest.Method.put, .delete] {
            #expect(table.match(method, "/museums/new").id == nil)
            #expect(throws: RequestError.methodNotAllowed(allowed: ["GET", "HEAD"])) {
                try table.match(method, "/museums/new").endpoint.get()
            }
        }
    }

    // MARK: Pages

    private struct SomePages: Routes {
        func add(to router: AppRouter) {
            router.page("museums", for: .everybody) { _, _ in DocumentResponse(status: .ok) }
            router.page("staff", for: .staff) { _, _ in DocumentResponse(status: .ok) }
            router.form("forms/book", for: .everybody) { _, _ in DocumentResponse(status: .ok) }
        }
    }

    @Test(arguments: [false, true])
    func aPageAndADocumentOfOnePath(_ prefersPage: Bool) throws {
        let table = PathTable([SomeRoutes(), SomePages()])
        for method in [HTTPRequest.Method.get, .head] {
            let endpoint = try table.match(method, "/museums", prefersPage: prefersPage).endpoint.get()
            #expect(endpoint.kind == (prefersPage ? .page : .document))
            // What is a page only is one for everybody.
            #expect(try table.match(method, "/staff", prefersPage: prefersPage).endpoint.get().kind == .page)
            #expect(try table.match(method, "/museums/a1", prefersPage: prefersPage).endpoint.get().kind == .document)
        }
        #expect(try table.match(.post, "/museums", prefersPage: prefersPage).endpoint.get().kind == .document)
        #expect(try table.match(.post, "/forms/book", prefersPage: prefersPage).endpoint.get().kind == .form)
        #expect(throws: RequestError.methodNotAllowed(allowed: ["GET", "HEAD", "POST"])) {
            try table.match(.put, "/museums", prefersPage: prefersPage).endpoint.get()
        }
        #expect(throws: RequestError.methodNotAllowed(allowed: ["GET", "HEAD"])) {
            try table.match(.post, "/staff", prefersPage: prefersPage).endpoint.get()
        }
    }
}
