/// Why a command has no reply, sorted by what the caller may conclude and do.
public enum RedisError: Error, Sendable, Equatable {
    /// Refused, no connection in time, or failed before sending: not applied.
    case unreachable(String)
    /// The connection closed or the deadline passed after sending: perhaps applied. The connection is never used again.
    case outcomeUnknown(String)
    /// TRYAGAIN, CLUSTERDOWN, LOADING, MASTERDOWN, BUSY, the client limit, or a full queue of a connection:
    /// not applied; try again.
    case busy(String)
    /// READONLY: not applied; this node is a replica.
    case readOnly(String)
    /// MOVED: not applied; the node at this address, as Redis wrote it, has the slot. A cluster's client follows it.
    case moved(slot: Int, to: String)
    /// ASK: not applied; the slot is being moved, and this key is at the other node already.
    case ask(to: String)
    /// OOM, MISCONF, NOREPLICAS, NOAUTH, WRONGPASS, NOPERM, DENIED: not applied; trying again at once will not help.
    case refused(String)
    /// The script is not in the server's cache: not applied. ``RedisSender/send(_:)`` sends EVAL then by itself.
    case noScript
    /// The consumer group or its stream is gone, or a blocked read was woken because of it.
    case noGroup(String)
    /// Any other error reply. From a script: perhaps applied in part, which is a bug.
    case server(String)
    /// A reply of another shape than the command promises, or bytes that are no reply.
    case unexpected(String)

    /// Sorts an error reply by its first word.
    /// - Parameter user: as whom the connection has signed in. Not every reply names the user that lacks a right.
    init(reply message: String, user: String? = nil) {
        let message = user.map { Self.naming($0, in: message) } ?? message
        switch message.prefix(while: { $0 != " " }) {
        case "TRYAGAIN", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "BUSY": self = .busy(message)
        case "READONLY": self = .readOnly(message)
        case "MOVED", "ASK": self = Self.redirection(message) ?? .server(message)
        case "OOM", "MISCONF", "NOREPLICAS", "NOAUTH", "WRONGPASS", "NOPERM", "DENIED": self = .refused(message)
        case "NOSCRIPT": self = .noScript
        case "NOGROUP", "UNBLOCKED": self = .noGroup(message)
        case "ERR" where message.hasPrefix("ERR max number of clients"): self = .busy(message)
        // A right was withdrawn while the script ran. Earlier writes of the script stay; the right may be restored.
        case "ERR" where Self.isDenialInScript(message): self = .outcomeUnknown(message)
        default: self = .server(message)
        }
    }

    /// Reads `MOVED 3999 127.0.0.1:6381`, and the same with ASK.
    private static func redirection(_ message: String) -> RedisError? {
        let words = message.split(separator: " ")
        guard words.count == 3, let slot = Int(words[1]), (0..<HashSlot.count).contains(slot) else { return nil }
        return words[0] == "ASK" ? .ask(to: String(words[2])) : .moved(slot: slot, to: String(words[2]))
    }

    /// Redis 7.0 begins it with the user, newer servers and Valkey with the script.
    private static func isDenialInScript(_ message: String) -> Bool {
        message.hasPrefix("ERR The user executing the script") || message.hasPrefix("ERR ACL failure in script")
    }

    /// Redis 7.0 says "this user has no permissions". Newer servers and Valkey say "User NAME has no permissions" of a command,
    /// and "No permissions" of a key.
    private static func naming(_ user: String, in message: String) -> String {
        for start in ["this user has no permissions", "User \(user) has no permissions", "No permissions"]
        where message.hasPrefix("NOPERM \(start)") {
            return "NOPERM the user '\(user)' has no permissions" + message.dropFirst("NOPERM \(start)".count)
        }
        return message
    }

    /// What Redis said where it refused a write that it may accept later: a right is missing, memory or disk is full, it is a
    /// replica.
    public var refusal: String? {
        switch self {
        case .refused(let message), .readOnly(let message): message
        case .outcomeUnknown(let message) where Self.isDenialInScript(message): message
        default: nil
        }
    }

    /// Whether the command certainly changed nothing.
    public var isCertainlyNotApplied: Bool {
        switch self {
        case .unreachable, .busy, .readOnly, .moved, .ask, .refused, .noScript, .noGroup: true
        case .outcomeUnknown, .server, .unexpected: false
        }
    }

    /// Whether the error is transient, so that a later retry may succeed.
    public var isTransient: Bool {
        switch self {
        case .unreachable, .outcomeUnknown, .busy, .readOnly, .moved, .ask, .refused, .noScript, .noGroup: true
        case .server, .unexpected: false
        }
    }
}

extension RedisError {
    /// Why a server can't be reached, or the description.
    var reason: String { if case .unreachable(let why) = self { why } else { description } }
}

extension RedisError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreachable(let why): "Redis can't be reached: \(why)"
        case .outcomeUnknown(let why): "no answer from Redis: \(why)"
        case .busy(let message), .readOnly(let message), .refused(let message), .noGroup(let message),
            .server(let message):
            "Redis answered: \(message)"
        case .moved(let slot, let address):
            "Redis answered: the slot \(slot) is at \(address); for a cluster use redis+cluster://"
        case .ask(let address): "Redis answered: the key is being moved to \(address)"
        case .noScript: "Redis doesn't know the script"
        case .unexpected(let what): "unexpected reply from Redis: \(what)"
        }
    }
}
