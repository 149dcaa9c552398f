import Contracts

/// What a process can be.
enum Role: String, Sendable, CaseIterable {
    case book, museum, confirm, mypage, gateway

    /// The service whose events the role consumes; the gateway has none.
    var service: ServiceName? { ServiceName(rawValue: rawValue) }

    /// Reads `book,confirm`; `nil` if one of the names is not a role, or is empty.
    static func list(_ text: String) -> Set<Role>? {
        let words = text.split(separator: ",", omittingEmptySubsequences: false).map { Role(rawValue: String($0)) }
        guard !words.contains(nil) else { return nil }
        return Set(words.compactMap { $0 })
    }
}
