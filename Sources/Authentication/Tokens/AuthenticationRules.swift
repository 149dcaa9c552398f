/// What a token must say, and where it says who its subject is.
public struct AuthenticationRules: Sendable {
    /// `nil`: any issuer.
    public let issuer: String?
    /// `nil`: any audience.
    public let audience: String?
    /// The claim with the role, or with a list of roles. A name with dots that is no claim is a path through objects.
    public let roleClaim: String
    public let subjectClaim: String

    public init(issuer: String?, audience: String?, roleClaim: String, subjectClaim: String) {
        self.issuer = issuer
        self.audience = audience
        self.roleClaim = roleClaim
        self.subjectClaim = subjectClaim
    }

    /// Of the tokens that roles of a deployment send each other.
    static let ofServices = AuthenticationRules(
        issuer: TokenIssuer.issuerOfServices, audience: nil, roleClaim: "role", subjectClaim: "sub")

    /// How far clocks may differ, in seconds.
    static let leeway = 60.0
}
