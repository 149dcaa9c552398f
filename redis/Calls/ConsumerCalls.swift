public import Redis

/// Records a group's progress on a stream; never lowers it.
public struct ConsumerProgress: CodedCall {
    public static let script = Script("consumer_progress", PackageResources.consumer_progress_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public enum Code: String, ResultCode {
        case behind = "BEHIND"
        case written = "WRITTEN"
    }

    /// - Parameter id: the last one up to which all is applied.
    public init(in keys: Keys, group: String, service: String, id: String) {
        self.keys = [keys.progress(of: group, on: service)]
        arguments = texts([id])
    }
}

/// Reads how far a group has read a stream, and its lowest pending entry, both at one moment.
public struct ConsumerPosition: CodedCall {
    public static let script = Script("consumer_position", PackageResources.consumer_position_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public enum Code: String, ResultCode {
        case noGroup = "NO_GROUP"
        case found = "FOUND"
    }

    public enum Result: Sendable {
        case noGroup
        /// - Parameter lowestPending: empty where nothing is pending.
        case found(delivered: String, lowestPending: String)
    }

    public init(stream: String, group: String) {
        keys = [stream]
        arguments = texts([group])
    }

    public func result(_ code: Code, _ values: ReplyValues) throws(RedisError) -> Result {
        switch code {
        case .noGroup: .noGroup
        case .found: .found(delivered: try values.first.asText(), lowestPending: try values.second.asText())
        }
    }
}

/// Sets a consumer group back to replay a stream from an id on; never forward.
public struct ConsumerSetBack: CodedCall {
    public static let script = Script("consumer_set_back", PackageResources.consumer_set_back_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public enum Code: String, ResultCode {
        /// The group or its stream is missing.
        case noGroup = "NO_GROUP"
        /// The id is past what the group has applied, and some entries are not applied yet: it would move forward.
        case ahead = "AHEAD"
        /// The id is past what the group has applied, which is all there is.
        case nothing = "NOTHING"
        /// It can be, or has been, set back.
        case setBack = "SET_BACK"
    }

    public struct Result: Sendable {
        public let code: Code
        /// The last id delivered; empty where there is no group.
        public let delivered: String
        /// Empty where nothing is pending.
        public let lowestPending: String
    }

    /// - Parameters:
    ///   - first: the first id to replay.
    ///   - previous: the id right below it.
    ///   - isSetBack: whether the group is set back, in the same step as it is looked at.
    public init(stream: String, group: String, first: String, previous: String, isSetBack: Bool) {
        keys = [stream]
        arguments = texts([group, first, previous, isSetBack ? "1" : "0"])
    }

    public func result(_ code: Code, _ values: ReplyValues) throws(RedisError) -> Result {
        guard code != .noGroup else { return Result(code: code, delivered: "", lowestPending: "") }
        return Result(code: code, delivered: try values.first.asText(), lowestPending: try values.second.asText())
    }
}

/// Takes a consumer out of its group if nothing is pending for it.
public struct ConsumerLeave: CodedCall {
    public static let script = Script("consumer_leave", PackageResources.consumer_leave_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public enum Code: String, ResultCode {
        case pending = "PENDING"
        case left = "LEFT"
    }

    public init(stream: String, group: String, consumer: String) {
        keys = [stream]
        arguments = texts([group, consumer])
    }
}

/// Removes the consumers of a group that have been idle for long and have nothing pending.
public struct ConsumerRemoveIdle: ScriptCall {
    public static let script = Script("consumer_remove_idle", PackageResources.consumer_remove_idle_lua)
    public static let codes: [String] = []
    public let keys: [String]
    public let arguments: [Command.Argument]

    /// - Parameters:
    ///   - consumer: the one that asks; it stays.
    ///   - idle: in milliseconds.
    ///   - limit: most to remove.
    public init(stream: String, group: String, consumer: String, idle: Int, limit: Int) {
        keys = [stream]
        arguments = texts([group, consumer, String(idle), String(limit)])
    }

    /// - Returns: the names of those that were removed.
    public func result(of reply: Reply) throws(RedisError) -> [String] { try reply.asTexts() }
}

/// Removes the entries of a stream that every subscriber has applied and that are past retention.
public struct StreamTrim: ScriptCall {
    public static let script = Script("stream_trim", PackageResources.stream_trim_lua)
    public static let codes: [String] = []
    public let keys: [String]
    public let arguments: [Command.Argument]

    /// How many were removed, and the id below which entries may go.
    public typealias Result = (count: Int, bound: String)

    /// - Parameters:
    ///   - id: the lowest within retention.
    ///   - limit: most entries to remove.
    public init(in keys: Keys, service: String, subscribers: [String], below id: String, limit: Int) {
        self.keys = [keys.events(of: service)] + subscribers.map { keys.progress(of: $0, on: service) }
        arguments = texts([id, String(limit)])
    }

    public func result(of reply: Reply) throws(RedisError) -> Result {
        let parts = try reply.asArray()
        guard parts.count == 2 else { throw .unexpected("stream_trim answers two elements") }
        return (try parts[0].asInteger(), try parts[1].asText())
    }
}
