import Foundation
import HTTPServer
import TestSupport
import Testing

/// What a client gets for its Accept, HEAD, OPTIONS and for paths that are nearly right.
@Suite(.timeLimit(.minutes(5)))
struct RepresentationTests {
    private static let json = "application/json"
    private static let hal = "application/hal+json"

    /// All spellings are in `ContentNegotiationTests`.
    private static let accepts: [(lines: [String], type: String)] = [
        ([], json), (["Accept:"], json), (["Accept: */*"], json), (["Accept: application/*, text/html"], json),
        (["Accept: image/png"], json), (["Accept: text/html;q=0.5, application/json"], json),
        (["Accept: application/hal+json"], hal), (["accept:APPLICATION/HAL+JSON"], hal),
        (["Accept: application/hal+json;charset=utf-8;q=0.3"], hal),
        (["Accept: text/html", "Accept: application/hal+json"], hal),
        (["Accept: application/json, application/hal+json"], hal), (["Accept: application/hal+json, */*;q=0.5"], hal),
        (["Accept: application/hal+json;q=0"], json), (["Accept: application/hal+json;q=0.5, application/json"], json),
        (["Accept: application/hal+json;q=0.5", "Accept: */*"], json), (["Accept: application/hal+json;q=no"], json),
        (["Accept: application/hal+jsonx"], json), (["Accept: xapplication/hal+json"], json),
    ]

    @Test(arguments: Listeners.both)
    func accept(behindGateway: Bool) async throws {
        let (museum, exhibition, booking) = try await Listeners.settled(behindGateway: behindGateway)
        let paths = [
            "/", "/museums", "/museums/\(exhibition)", "/books", "/books/\(booking)", "/confirms", "/confirms/\(booking)",
            "/myPages",
            "/myPages/\(booking)",
        ]
        for path in paths {
            for (lines, type) in Self.accepts {
                let response = try await RawResponse.to("GET", path, lines, port: museum.port)
                #expect(response.status == 200 && response.fields["content-type"] == type, "\(path) \(lines): \(response)")
                #expect(response.fields["vary"] == "Accept", "\(path) \(lines): \(response)")
            }
        }
        // What a browser sends.
        let accept = ["Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"]
        let pages: Set = ["/", "/museums", "/museums/\(exhibition)", "/myPages"]
        for path in paths {
            let response = try await RawResponse.to("GET", path, accept, port: museum.port)
            // A booking is shown to whose session it is.
            if path == "/myPages/\(booking)" { continue }
            let type = pages.contains(path) ? "text/html; charset=utf-8" : Self.json
            #expect(response.status == 200 && response.fields["content-type"] == type, "\(path): \(response)")
            #expect(response.fields["vary"]?.hasPrefix("Accept") == true, "\(path): \(response)")
        }
        for (lines, type) in Self.accepts {
            let changed = try await RawResponse.to("PATCH", "/museums/\(exhibition)", json: "{}", lines, port: museum.port)
            #expect(changed.status == 200 && changed.fields["content-type"] == type, "\(lines): \(changed)")
            let problem = try await RawResponse.to("GET", "/museums/a999", lines, port: museum.port)
            #expect(problem.status == 404 && problem.fields["content-type"] == "application/problem+json", "\(lines): \(problem)")
        }
        let made = try await RawResponse.to(
            "POST", "/books", json: #"{"museumId":"\#(exhibition)","visitor":"lee"}"#, ["Accept: application/hal+json"],
            port: museum.port)
        #expect(made.status == 201 && made.fields["content-type"] == Self.hal)
        #expect(made.fields["location"] == made.json["_links"]?["self"]?["href"]?.text)
        #expect(made.fields["location"]?.hasPrefix("/books/a1-") == true)
    }

    @Test(arguments: Listeners.both)
    func headIsGetWithoutBody(behindGateway: Bool) async throws {
        let (museum, exhibition, booking) = try await Listeners.settled(behindGateway: behindGateway)
        for path in [
            "/", "/museums", "/museums?hall=A%20hall", "/museums/\(exhibition)", "/books/\(booking)", "/books?size=1",
            "/confirms/\(booking)", "/myPages/\(booking)", "/myPages?visitor=kim", "/livez", "/readyz", "/museums/a999",
            "/nowhere",
            "/books?size=0", "/confirms/a1-000000000000",
        ] {
            for lines in [[], ["Accept: application/hal+json"], ["If-Match: \"x\""]] {
                let get = try await RawResponse.to("GET", path, lines + ["X-Request-Id: same"], port: museum.port)
                let head = try await RawResponse.to("HEAD", path, lines + ["X-Request-Id: same"], port: museum.port)
                #expect(head.status == get.status && head.body.isEmpty && !get.body.isEmpty, "\(path) \(lines): \(head)")
                #expect(head.fields.filter { $0.key != "date" } == get.fields.filter { $0.key != "date" }, "\(path) \(lines)")
                #expect(get.fields["content-length"] == String(get.body.utf8.count))
            }
        }
    }

    /// Every path there is, with what it takes.
    private static let methods: [(path: String, allowed: String, roles: [String])] = [
        ("/", "GET, HEAD", ["gateway"]), ("/museums", "GET, HEAD, POST", ["gateway", "museum"]),
        ("/museums/a1", "DELETE, GET, HEAD, PATCH", ["gateway", "museum"]), ("/museums/a1/reservations", "POST", ["museum"]),
        ("/books", "GET, HEAD, POST", ["gateway", "book"]),
        ("/books/a1-000000000000", "DELETE, GET, HEAD, PATCH, PUT", ["gateway", "book"]),
        ("/confirms", "GET, HEAD", ["gateway", "confirm"]), ("/confirms/a1-000000000000", "GET, HEAD", ["gateway", "confirm"]),
        ("/myPages", "GET, HEAD", ["gateway", "mypage"]), ("/myPages/a1-000000000000", "GET, HEAD", ["gateway", "mypage"]),
        ("/livez", "GET, HEAD", MuseumProcess.allRoles), ("/readyz", "GET, HEAD", MuseumProcess.allRoles),
        ("/metrics", "GET, HEAD", MuseumProcess.allRoles),
    ]

    @Test(arguments: Listeners.both)
    func otherMethodsAreToldWhichThereAre(behindGateway: Bool) async throws {
        let museum = try await Listeners.open(behindGateway: behindGateway)
        for (path, allowed, roles) in Self.methods {
            let others = ["OPTIONS", "TRACE", "DELETE", "PUT", "PATCH", "POST", "PROPFIND"].filter {
                !allowed.components(separatedBy: ", ").contains($0)
            }
            for role in roles {
                for method in others {
                    let response = try await RawResponse.to(method, path, port: museum.ports[role]!)
                    #expect(response.status == 405 && response.problem == "method-not-allowed", "\(method) \(path): \(response)")
                    #expect(response.fields["allow"] == allowed, "\(method) \(path) at \(role): \(response)")
                }
            }
        }
    }

    /// Paths are compared segment by segment, byte by byte.
    @Test(arguments: Listeners.both)
    func pathsThatAreNearlyRight(behindGateway: Bool) async throws {
        let (museum, exhibition, booking) = try await Listeners.settled(behindGateway: behindGateway)
        let paths = [
            "//", "///", "//museums", "/museums/", "/museums//", "/museums//\(exhibition)", "/museums/\(exhibition)/",
            "//museums/\(exhibition)", "/museums/?size=1", "//museums?size=1", "/books/", "/books//\(booking)",
            "/books/\(booking)/",
            "/confirms/", "/myPages/", "/myPages/?visitor=kim", "/livez/", "//livez", "/readyz/", "/metrics/", "/Museums",
            "/MUSEUMS/\(exhibition)", "/mypages", "/museums;x", "/museums/\(exhibition);x", "/museums%2F\(exhibition)",
            "/museums/%2F\(exhibition)", "/museums/\(exhibition)%2F", "/museums/%2e%2E/museums", "/./museums", "/museums/.",
            "/museums/..", "/museums/./\(exhibition)", "/books/../museums", "/museums/한", "/한글", "/가/나", "/museums/%ED%95%9C",
            "/museums/%FF", "/museums/%zz", "/museums#x", "/%", "/museums/\(exhibition.uppercased())",
        ]
        for path in paths {
            for method in ["GET", "HEAD"] {
                let response = try await RawResponse.to(method, path, port: museum.port)
                #expect(response.status == 404, "\(method) \(path): \(response)")
                #expect(response.fields["content-type"] == "application/problem+json", "\(method) \(path): \(response)")
            }
        }
        for path in ["//books", "/books/"] {
            let made = try await RawResponse.to(
                "POST", path, json: #"{"museumId":"\#(exhibition)","visitor":"lee"}"#, port: museum.port)
            #expect(made.status == 404 && made.problem == "unknown-path", "\(path): \(made)")
        }
        for role in MuseumProcess.allRoles {
            for path in ["//", "/livez/", "//readyz", "/museums/", "/books//x", "/confirms/", "/myPages/", "/가"] {
                let response = try await RawResponse.to("GET", path, port: museum.ports[role]!)
                #expect(response.status == 404 && response.problem == "unknown-path", "\(path) at \(role): \(response)")
            }
        }
    }
}
