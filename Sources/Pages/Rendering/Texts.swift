import Foundation
import HTTPServer

/// What the pages say, in one language: `Resources/texts`.
struct Texts: Sendable {
    let language: Language
    /// By key. A text may have places such as `{count}`.
    let all: [String: String]

    static let korean = Texts(
        .korean, [PackageResources.visitor_ko_json, PackageResources.staff_ko_json, PackageResources.operator_ko_json])
    static let english = Texts(
        .english, [PackageResources.visitor_en_json, PackageResources.staff_en_json, PackageResources.operator_en_json])

    static func of(_ language: Language) -> Texts {
        switch language {
        case .korean: korean
        case .english: english
        }
    }

    /// - Parameter files: each an object of texts by key. A broken one gives none, and a test finds it.
    init(_ language: Language, _ files: [[UInt8]]) {
        self.language = language
        var all: [String: String] = [:]
        for file in files {
            guard case .object(let members) = try? JSON(parsing: file) else { continue }
            for member in members { all[member.name] = member.value.text }
        }
        self.all = all
    }

    /// The text of a key, or the key where there is none.
    subscript(key: String) -> String { all[key] ?? key }

    /// The text of a key with values in its places.
    func callAsFunction(_ key: String, _ values: KeyValuePairs<String, String>) -> String {
        values.reduce(self[key]) { $0.replacing("{\($1.key)}", with: $1.value) }
    }

    /// The text for a number of things: `key.one` or `key.other` (Korean has one form only).
    func count(_ key: String, _ count: Int) -> String {
        self(all["\(key).one"] != nil && count == 1 ? "\(key).one" : "\(key).other", ["count": number(count)])
    }

    func number(_ number: Int) -> String { number.formatted(.number.locale(language.locale)) }

    /// Why a request was refused, by its problem's slug.
    func problem(_ slug: String) -> String { all["problem.\(slug)"] ?? self["problem.internal"] }
}
