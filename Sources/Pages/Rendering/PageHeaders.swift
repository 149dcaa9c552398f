import HTTPTypes

/// What every page says to browsers besides its content.
enum PageHeaders {
    static let standard: HTTPFields = [
        .contentType: "text/html; charset=utf-8",
        .contentSecurityPolicy:
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        .xContentTypeOptions: "nosniff",
        // Forms need an origin, so not "no-referrer".
        .referrerPolicy: "same-origin",
        .crossOriginOpenerPolicy: "same-origin",
        .permissionsPolicy: "camera=(), geolocation=(), microphone=()",
        .xFrameOptions: "DENY",
        .vary: "Accept, Accept-Language, Cookie",
        // A page has the session's name and a form's token. It may stay in the browser's history.
        .cacheControl: "private, no-cache",
    ]
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
    fileprivate static let crossOriginOpenerPolicy = HTTPField.Name("Cross-Origin-Opener-Policy")!
    fileprivate static let permissionsPolicy = HTTPField.Name("Permissions-Policy")!
    fileprivate static let xFrameOptions = HTTPField.Name("X-Frame-Options")!
}
