import Crypto
import HTTPServer
import HTTPTypes

/// Proves that a form was sent from a page of this site (cross-site request forgery): the form has what can be computed from a cookie
/// that only this site's pages get and send.
struct FormToken: Sendable {
    static let cookieName = "form"

    /// 32 random bytes as base64url. No script can read it.
    let secret: String
    /// Whether the browser does not have it yet.
    let isNew: Bool

    /// The browser's, or a new one.
    init(_ headers: HTTPFields) {
        if let known = RequestCookies.value(of: Self.cookieName, in: headers), Base64URL.decode(known)?.count == 32 {
            secret = known
            isNew = false
        } else {
            var generator = SystemRandomNumberGenerator()
            secret = Base64URL.encode((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
            isNew = true
        }
    }

    /// What a form has in its field `token`.
    var text: String { digest("token") }

    /// The key under which a browser's n-th booking of an exhibition is made: a form that is sent twice, from two windows or after a
    /// lost response makes one booking.
    func bookingKey(exhibition: String, number: Int) -> String { digest("booking \(exhibition) \(number)") }

    func check(_ fields: FormFields) throws(RequestError) {
        guard !isNew, let token = fields["token"], Self.isSame(token, text) else {
            throw .forbidden("The form is not from a page of this site, or the browser keeps no cookies")
        }
    }

    private func digest(_ purpose: String) -> String {
        Base64URL.encode(SHA256.hash(data: Array("\(purpose)\n\(secret)".utf8)))
    }

    /// The time it takes says nothing of where they differ.
    private static func isSame(_ one: String, _ other: String) -> Bool {
        let (one, other) = (Array(one.utf8), Array(other.utf8))
        return one.count == other.count && zip(one, other).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
