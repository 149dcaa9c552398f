/// Who sends a request.
public enum Principal: Sendable, Equatable {
    /// No keys are configured: everybody may do everything. The subject is the session's, where the request has one.
    case unrestricted(subject: String?)
    /// A request without credentials.
    case anonymous
    /// What a token or a session says. A subject is 1 to 64 characters, as a booking's visitor is.
    case known(subject: String, role: AccessRole)

    /// `nil` where it is nobody in particular.
    public var subject: String? {
        switch self {
        case .unrestricted(let subject): subject
        case .anonymous: nil
        case .known(let subject, _): subject
        }
    }

    /// Whether it may see and change what belongs to any visitor.
    public var isStaff: Bool {
        switch self {
        case .unrestricted, .known(_, .staff), .known(_, .admin): true
        default: false
        }
    }

    /// Whether it may see and change what belongs to this visitor.
    public func mayAct(for visitor: String) -> Bool { isStaff || self == .known(subject: visitor, role: .visitor) }
}

/// What a token says that its subject is.
public enum AccessRole: String, Sendable, CaseIterable {
    case visitor, staff, admin
    /// One role of a deployment that calls another.
    case service
}

/// Whose requests a route accepts. Every route names one.
public enum Access: Sendable, CaseIterable {
    case everybody
    /// Visitors, for what is theirs, and staff and admins for everybody's. The route checks which visitor's it is.
    case visitors
    case staff
    case admins
    case services

    func accepts(_ role: AccessRole) -> Bool {
        switch self {
        case .everybody: true
        case .visitors: [.visitor, .staff, .admin].contains(role)
        case .staff: [.staff, .admin].contains(role)
        case .admins: role == .admin
        case .services: role == .service
        }
    }
}
