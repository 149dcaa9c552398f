extension Command {
    /// The key by which a cluster routes the command; `nil`: it has none. All keys of one command are in one slot.
    var key: String? {
        switch content {
        case .routed(let key): key
        case .call(let keys): keys.first
        case .words(let words): Self.key(of: words)
        }
    }

    /// Whether it and those behind it up to EXEC belong together.
    var beginsTransaction: Bool { name == "MULTI" }

    private static func key(of words: [String]) -> String? {
        switch words.first {
        case "ACL", "AUTH", "BGREWRITEAOF", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "DBSIZE", "EXEC", "FLUSHALL", "INFO",
            "LASTSAVE", "LATENCY", "MULTI", "PING", "ROLE", "SCRIPT", "SELECT", "SHUTDOWN", "SLOWLOG", "TIME", "WAIT", nil:
            nil
        case "XGROUP", "XINFO", "OBJECT", "MEMORY": words.dropFirst(2).first
        case "EVAL", "EVALSHA": words.count > 3 && words[2] != "0" ? words[3] : nil
        case "XREAD", "XREADGROUP": words.firstIndex(of: "STREAMS").flatMap { words.dropFirst($0 + 1).first }
        // A pattern with a hash tag matches keys of one slot.
        case "SCAN": words.firstIndex(of: "MATCH").flatMap { words.dropFirst($0 + 1).first }
        default: words.dropFirst().first
        }
    }
}
