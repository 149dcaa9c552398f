import Foundation
import HTTPServer

/// What every page has around its content.
struct Shell {
    struct Link {
        let href: String
        let text: String
        /// What `aria-current` says.
        let current: String?
        /// The language of the link's text, where it is not the page's.
        var tag: String?
    }

    let language: String
    let timeZone: String
    let name: String
    let title: String
    let stylesheet: String
    let icon: String
    let script: String?
    let common: String
    let words: String
    let navigation: [Link]
    let languages: [Link]
    let token: String
    /// The session's subject.
    let visitor: String?
    /// The same, if it is no guest's.
    let signedIn: String?
    let canSignIn: Bool
    let hasSessionEnded: Bool

    init(_ site: Site, page: String, title: String, script: String?, _ visit: Visit) {
        let texts = visit.texts
        language = visit.language.rawValue
        timeZone = site.timeZone.identifier
        name = page
        self.title = title
        stylesheet = site.assets.path(of: "museum.css")
        icon = site.assets.path(of: "museum.svg")
        self.script = script.map(site.assets.path)
        common = site.assets.path(of: "common.js")
        words = site.assets.path(of: "words.\(visit.language.rawValue).js")
        token = visit.token.text
        let role = visit.signedIn?.role
        var pages = [
            ("/", "navExhibitions", ["exhibitions", "exhibition"]),
            ("/myPages", "navBookings", ["bookings", "booking", "cancel"]),
        ]
        if site.isOpen || role == .staff || role == .admin {
            pages.append(("/staff", "navStaff", ["staff", "staff-new", "staff-museum", "staff-day", "staff-bookings"]))
        }
        if site.isOpen || role == .admin { pages.append(("/operator", "navOperator", ["operator"])) }
        navigation = pages.map { href, text, names in
            Link(href: href, text: texts[text], current: names.contains(page) ? "page" : nil)
        }
        languages = Language.allCases.map { language in
            Link(
                href: "/language/\(language.rawValue)" + MuseumAPI.query(["return": visit.path]), text: language.name,
                current: language == visit.language ? "true" : nil, tag: language.rawValue)
        }
        visitor = visit.signedIn?.subject
        signedIn = visit.signedIn.flatMap { $0.isGuest ? nil : $0.subject }
        canSignIn = !site.isOpen && signedIn == nil
        hasSessionEnded = visit.hasSessionEnded
    }
}
