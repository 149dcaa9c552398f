import Mustache

/// The pages' templates: `Resources/templates`.
enum Templates {
    static let shared = Result { try load() }

    /// The source of each template.
    static let sources: [(name: String, bytes: [UInt8])] = [
        ("layout", PackageResources.layout_mustache),
        ("booking-card", PackageResources.booking_card_mustache),
        ("booking", PackageResources.booking_mustache),
        ("bookings", PackageResources.bookings_mustache),
        ("cancel", PackageResources.cancel_mustache),
        ("cancel-dialog", PackageResources.cancel_dialog_mustache),
        ("exhibition", PackageResources.exhibition_mustache),
        ("exhibitions", PackageResources.exhibitions_mustache),
        ("operator", PackageResources.operator_mustache),
        ("problem", PackageResources.problem_mustache),
        ("sign-in", PackageResources.sign_in_mustache),
        ("staff-head", PackageResources.staff_head_mustache),
        ("staff", PackageResources.staff_mustache),
        ("staff-new", PackageResources.staff_new_mustache),
        ("staff-museum", PackageResources.staff_museum_mustache),
        ("staff-day", PackageResources.staff_day_mustache),
        ("staff-bookings", PackageResources.staff_bookings_mustache),
    ]

    private static func load() throws -> MustacheLibrary {
        MustacheContentTypes.register(EscapedHTML(), named: "ESCAPED_HTML")
        var library = MustacheLibrary()
        for (name, bytes) in sources {
            // A partial does not take over the content type of what it is part of.
            try library.register("{{% CONTENT_TYPE: ESCAPED_HTML}}" + String(decoding: bytes, as: UTF8.self), named: name)
        }
        return library
    }
}

/// Escapes each scalar. The library's own type escapes characters, and a quote with a combining mark is another character.
struct EscapedHTML: MustacheContentType {
    func escapeText(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "&": escaped += "&amp;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
