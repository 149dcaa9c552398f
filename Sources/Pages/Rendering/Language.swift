import Foundation
import HTTPServer
import HTTPTypes

/// A language that the pages are written in. The raw value is its tag (RFC 5646).
enum Language: String, CaseIterable, Sendable {
    case korean = "ko", english = "en"

    static let cookieName = "language"

    /// How a language names itself.
    var name: String {
        switch self {
        case .korean: "한국어"
        case .english: "English"
        }
    }

    /// How dates, times and numbers are written.
    var locale: Locale {
        switch self {
        case .korean: Locale(identifier: "ko_KR")
        case .english: Locale(identifier: "en_GB")
        }
    }

    /// The one chosen on a page; else the one that the browser's user prefers (RFC 9110, 12.5.4); else English.
    static func of(_ headers: HTTPFields) -> Language {
        if let chosen = RequestCookies.value(of: cookieName, in: headers).flatMap(Language.init) { return chosen }
        return preferred(headers[.acceptLanguage] ?? "") ?? .english
    }

    static func preferred(_ acceptLanguage: String) -> Language? {
        var best: (language: Language, quality: Double)?
        for range in acceptLanguage.split(separator: ",").prefix(20) {
            let parts = range.split(separator: ";")
            guard let tag = parts.first?.trimmingSpaces().lowercased().split(separator: "-").first,
                let language = Language(rawValue: String(tag))
            else { continue }
            let quality = parts.dropFirst().map { $0.trimmingSpaces() }.first { $0.hasPrefix("q=") }
                .map { Double($0.dropFirst(2)) ?? 0 }
            if quality ?? 1 > best?.quality ?? 0 { best = (language, quality ?? 1) }
        }
        return best?.language
    }
}
