import Contracts
import Foundation
import HTTPServer
import HTTPTypes
import Mustache
import NIOCore

/// What all pages stand on.
struct Site: Sendable {
    let api: RouteDispatcher
    let timeZone: TimeZone
    /// Whether everybody may do everything.
    let isOpen: Bool
    let assets: Assets
    private let templates: MustacheLibrary
    private let now: CurrentTime

    init(api: RouteDispatcher, timeZone: TimeZone, isOpen: Bool, now: @escaping CurrentTime) throws {
        self.api = api
        self.timeZone = timeZone
        self.isOpen = isOpen
        self.now = now
        assets = try Assets.shared.get()
        templates = try Templates.shared.get()
    }

    /// The museum's date and time of day.
    var localTime: LocalDateTime {
        let moment = now()
        let offset = timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(moment) / 1000))
        return LocalDateTime(moment, secondsFromGMT: offset)
    }

    /// A request for a page: who sends it, and in which language the page will be.
    func visit(_ request: CollectedRequest, _ context: AppRequestContext) async -> (Visit, MuseumAPI) {
        let api = MuseumAPI(dispatcher: api, request: request, context: context)
        var signedIn: SignedIn?
        var hasEnded = false
        if RequestCookies.value(of: "session", in: request.headers) != nil {
            do throws(MuseumAPI.Refusal) {
                signedIn = SignedIn(try await api.get("/sessions"))
            } catch {
                hasEnded = error.status == .unauthorized
            }
        }
        var visit = visit(request.headers, path: request.target, authority: request.authority)
        visit.signedIn = signedIn
        visit.hasSessionEnded = hasEnded
        return (visit, api)
    }

    /// The same where nothing has been asked of the API.
    func visit(_ headers: HTTPFields, path: String, authority: String?) -> Visit {
        Visit(
            language: Language.of(headers), token: FormToken(headers), path: path,
            isSecure: !AccessPolicy.isLoopback(authority), timeZone: timeZone)
    }

    /// A page as a response.
    /// - Parameters:
    ///   - page: its template.
    ///   - content: what the template shows as `main`.
    ///   - script: its module; `nil` where it has none.
    func page(
        _ page: String, title: String, _ content: [String: Any], script: String? = nil, status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:], to visit: Visit
    ) -> DocumentResponse {
        let shell = Shell(self, page: page, title: title, script: script, visit)
        let html = templates.render(["t": visit.texts.all, "page": shell, "main": content] as [String: Any], withTemplate: page)
        var fields = PageHeaders.standard
        for field in headers { fields[field.name] = field.value }
        fields[.contentLanguage] = visit.language.rawValue
        if visit.token.isNew {
            fields.append(
                HTTPField(
                    name: .setCookie,
                    value: Self.cookie(FormToken.cookieName, visit.token.secret, isSecure: visit.isSecure, isForScripts: false)))
        }
        return DocumentResponse(status: status, headers: fields, body: ByteBuffer(string: html ?? ""))
    }

    /// A response that leads on to another page.
    static func redirect(to path: String, headers: HTTPFields = [:], status: HTTPResponse.Status = .seeOther) -> DocumentResponse
    {
        var headers = headers
        headers[.location] = path
        headers[.cacheControl] = "no-store"
        return DocumentResponse(status: status, headers: headers)
    }

    /// A cookie that browsers keep for a year.
    static func cookie(_ name: String, _ value: String, isSecure: Bool, isForScripts: Bool) -> String {
        "\(name)=\(value); Path=/; SameSite=Strict; Max-Age=31536000" + (isForScripts ? "" : "; HttpOnly")
            + (isSecure ? "; Secure" : "")
    }
}

/// One request for a page.
struct Visit: Sendable {
    let language: Language
    let token: FormToken
    var signedIn: SignedIn?
    /// Whether the browser had a session that has ended.
    var hasSessionEnded = false
    /// The page's path and query.
    let path: String
    let isSecure: Bool
    let timeZone: TimeZone

    var texts: Texts { Texts.of(language) }
    var local: LocalTexts { LocalTexts(language: language, timeZone: timeZone) }
}
