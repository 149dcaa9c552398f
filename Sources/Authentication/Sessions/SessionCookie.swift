import HTTPServer
import HTTPTypes

/// The cookie of a session (RFC 6265). No script can read it, and no other site's page can send it.
enum SessionCookie {
    static let name = "session"

    /// The one that a request has; `nil` also where it has several.
    static func read(_ fields: HTTPFields) -> String? {
        RequestCookies.value(of: name, in: fields)
    }

    /// - Parameters:
    ///   - maximumAge: seconds that the browser keeps it; `nil`: until it is closed. 0 removes it.
    ///   - isSecure: whether it is sent over TLS only.
    static func field(_ value: String, maximumAge: Int64?, isSecure: Bool) -> String {
        "\(name)=\(value); Path=/; HttpOnly; SameSite=Strict" + (maximumAge.map { "; Max-Age=\($0)" } ?? "")
            + (isSecure ? "; Secure" : "")
    }

    /// Browsers send such a cookie to this machine without TLS, too, but do not take one that says `Secure`.
    static func isSecure(_ authority: String?) -> Bool { !AccessPolicy.isLoopback(authority) }
}
