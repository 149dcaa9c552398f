public import Redis

/// What staff say of an exhibition.
public struct ExhibitionFields: Sendable {
    /// In the order of the scripts; empty where there is nothing.
    public let texts: [String]

    public init(title: String?, hall: String, date: String, startTime: String?, endTime: String?, capacity: Int) {
        texts = [title ?? "", hall, date, startTime ?? "", endTime ?? "", String(capacity)]
    }
}

/// Registers exhibitions of one partition under the numbers drawn for them, all or none; with an idempotency key only once.
public struct MuseumRegister: CodedCall {
    public static let script = Script("museum_register", PackageResources.museum_register_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public enum Code: String, ResultCode {
        case known = "KNOWN"
        case taken = "TAKEN"
        case registered = "REGISTERED"
    }

    public enum Result: Sendable {
        /// Something was registered under the idempotency key before: the exhibitions' ids, separated by commas, and the digest.
        case known(Reply)
        /// There is an exhibition of one of the numbers.
        case taken
        case registered
    }

    /// Most exhibitions of one call, so that Redis is not held for long.
    public static let limit = 1000

    /// - Parameters:
    ///   - exhibitions: their ids and fields, up to ``limit``.
    ///   - idempotency: the key, and a digest of all fields.
    public init(
        in keys: Keys, now: Int64, requestId: String?, traceparent: String? = nil,
        exhibitions: [(id: String, fields: ExhibitionFields)], idempotency: (key: String, digest: String)?
    ) {
        self.keys =
            [keys.exhibitions, keys.events(of: "museum"), keys.registrationKeys] + exhibitions.map { keys.exhibition($0.id) }
        arguments = texts(
            [String(now), requestId ?? "", traceparent ?? "", idempotency?.key ?? "", idempotency?.digest ?? ""]
                + exhibitions.flatMap { [$0.id] + $0.fields.texts })
    }

    public func result(_ code: Code, _ values: ReplyValues) -> Result {
        switch code {
        case .known: .known(values.first)
        case .taken: .taken
        case .registered: .registered
        }
    }
}

/// Gives an exhibition the state that staff want it to have.
public struct MuseumEdit: CodedCall {
    public static let script = Script("museum_edit", PackageResources.museum_edit_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public enum Code: String, ResultCode {
        case noExhibition = "NO_EXHIBITION"
        case deleted = "DELETED"
        case stale = "STALE"
        case belowHeld = "BELOW_HELD"
        case unchanged = "UNCHANGED"
        case changed = "CHANGED"
    }

    public enum Result: Sendable {
        case noExhibition, deleted
        /// Another edit came first.
        case stale
        /// The capacity would be less than the seats held.
        case belowHeld(Int)
        case unchanged([String: String])
        case changed([String: String])
    }

    /// - Parameter version: the one that the exhibition was read at.
    public init(
        in keys: Keys, now: Int64, requestId: String?, traceparent: String? = nil, exhibition: String, version: Int,
        fields: ExhibitionFields,
        status: String
    ) {
        self.keys = [keys.exhibition(exhibition), keys.exhibitions, keys.events(of: "museum"), keys.movedExhibitions]
        arguments = texts(
            [String(now), requestId ?? "", traceparent ?? "", exhibition, String(version)] + fields.texts + [status])
    }

    public func result(_ code: Code, _ values: ReplyValues) throws(RedisError) -> Result {
        switch code {
        case .noExhibition: .noExhibition
        case .deleted: .deleted
        case .stale: .stale
        case .belowHeld: .belowHeld(try values.first.asInteger())
        case .unchanged: .unchanged(try values.first.asFields())
        case .changed: .changed(try values.first.asFields())
        }
    }
}

/// Deletes an exhibition for good.
public struct MuseumDelete: CodedCall {
    public static let script = Script("museum_delete", PackageResources.museum_delete_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public enum Code: String, ResultCode {
        case noExhibition = "NO_EXHIBITION"
        case already = "ALREADY"
        case deleted = "DELETED"
    }

    public enum Result: Sendable {
        case noExhibition
        /// It was deleted before.
        case already([String: String])
        case deleted([String: String])
    }

    public init(in keys: Keys, now: Int64, requestId: String?, traceparent: String? = nil, exhibition: String) {
        self.keys = [
            keys.exhibition(exhibition), keys.exhibitions, keys.deletedExhibitions, keys.revoking, keys.events(of: "museum"),
        ]
        arguments = texts([String(now), requestId ?? "", traceparent ?? "", exhibition])
    }

    public func result(_ code: Code, _ values: ReplyValues) throws(RedisError) -> Result {
        switch code {
        case .noExhibition: .noExhibition
        case .already: .already(try values.first.asFields())
        case .deleted: .deleted(try values.first.asFields())
        }
    }
}
