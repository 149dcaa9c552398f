public import Redis

/// Takes an exhibition that ended before a day out of use for good.
public struct MuseumRetire: CodedCall {
    public static let script = Script("museum_retire", PackageResources.museum_retire_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public enum Code: String, ResultCode {
        case noExhibition = "NO_EXHIBITION"
        case retired = "RETIRED"
        case notOver = "NOT_OVER"
        case revoking = "REVOKING"
    }

    public enum Result: Sendable {
        case noExhibition
        /// It is, or was before.
        case retired(version: String)
        case notOver
        /// Staff have deleted it, and its seats are being revoked.
        case revoking
    }

    public init(in keys: Keys, now: Int64, exhibition: String, day: String, previousDay: String) {
        self.keys = [keys.exhibition(exhibition), keys.exhibitions, keys.deletedExhibitions, keys.events(of: "museum")]
        arguments = texts([String(now), exhibition, day, previousDay])
    }

    public func result(_ code: Code, _ values: ReplyValues) throws(RedisError) -> Result {
        switch code {
        case .noExhibition: .noExhibition
        case .retired: .retired(version: try values.first.asText())
        case .notOver: .notOver
        case .revoking: .revoking
        }
    }
}

/// Purges some of the seats of a retired exhibition, and when none is left the exhibition itself.
public struct MuseumPurge: CodedCall {
    public static let script = Script("museum_purge", PackageResources.museum_purge_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public enum Code: String, ResultCode {
        case gone = "GONE"
        case changed = "CHANGED"
        case purged = "PURGED"
        case more = "MORE"
    }

    public enum Result: Sendable {
        case gone
        /// It is not what was retired.
        case changed
        case purged
        case more(cursor: String)
    }

    /// - Parameters:
    ///   - version: the one at which the exhibition was retired.
    ///   - cursor: `0` at first.
    public init(in keys: Keys, exhibition: String, version: String, cursor: String) {
        self.keys = [
            keys.exhibition(exhibition), keys.seats(exhibition), keys.exhibitions, keys.deletedExhibitions, keys.revoking,
            keys.registrationKeys,
        ]
        arguments = texts([exhibition, version, cursor])
    }

    public func result(_ code: Code, _ values: ReplyValues) throws(RedisError) -> Result {
        switch code {
        case .gone: .gone
        case .changed: .changed
        case .purged: .purged
        case .more: .more(cursor: try values.first.asText())
        }
    }
}

/// Replaces the value of the maintenance lock, if it is still the one that the caller saw.
public struct MuseumMaintenance: CodedCall {
    public static let script = Script("museum_maintenance", PackageResources.museum_maintenance_lua)
    public let keys = [Keys.maintenance]
    public let arguments: [Command.Argument]

    public enum Code: String, ResultCode {
        case changed = "CHANGED"
        case replaced = "REPLACED"
    }

    public enum Result: Sendable {
        /// The value that the lock has; empty for none.
        case changed(String)
        case replaced
    }

    /// - Parameters:
    ///   - present: the value that the caller saw; empty for none.
    ///   - value: the one that it shall have; empty for none.
    public init(present: String, value: String) { arguments = texts([present, value]) }

    public func result(_ code: Code, _ values: ReplyValues) throws(RedisError) -> Result {
        switch code {
        case .changed: .changed(try values.first.asText())
        case .replaced: .replaced
        }
    }
}

/// Removes bookings of an exhibition that is being purged.
public struct BookPurge: CodedCall {
    public static let script = Script("book_purge", PackageResources.book_purge_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public enum Code: String, ResultCode {
        /// The exhibition is not what was retired.
        case changed = "CHANGED"
        case removed = "REMOVED"
    }

    /// - Parameter version: the one at which the exhibition was retired.
    public init(in keys: Keys, exhibition: String, version: String, bookings: [String]) {
        self.keys =
            [keys.exhibition(exhibition), keys.bookings(of: exhibition), keys.exhibitionsWithBookings]
            + bookings.map { keys.booking($0) }
        arguments = texts([exhibition, version] + bookings)
    }
}

/// Takes a row away, and its booking from its visitor's list.
public struct MyPageRemove: CodedCall {
    public static let script = Script("mypage_remove", PackageResources.mypage_remove_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public enum Code: String, ResultCode {
        /// The row is another visitor's.
        case changed = "CHANGED"
        case absent = "ABSENT"
        case removed = "REMOVED"
    }

    /// - Parameters:
    ///   - visitor: the row's, byte by byte; empty where it has none.
    ///   - list: the visitor as the list of bookings names it; `nil` where there is no such list.
    public init(in keys: Keys, booking: String, visitor: Command.Argument, list: String?) {
        self.keys = [keys.page(booking)] + (list.map { [keys.pages(of: $0), keys.visitors] } ?? [])
        arguments = [.text(booking), visitor]
    }
}

/// What became of giving a record another visitor.
public enum RenameCode: String, ResultCode {
    case skipped = "SKIPPED"
    case renamed = "RENAMED"
}

/// Gives a page another visitor, and moves its booking to that visitor's list.
public struct MyPageRename: CodedCall {
    public static let script = Script("mypage_rename", PackageResources.mypage_rename_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public typealias Code = RenameCode

    public init(in keys: Keys, booking: String, visitor: String, to name: String) {
        self.keys = [keys.page(booking), keys.pages(of: visitor), keys.pages(of: name), keys.visitors]
        arguments = texts([booking, visitor, name])
    }
}

/// Gives a booking or an admission another visitor, and removes a booking's details.
public struct RecordRename: CodedCall {
    public static let script = Script("record_rename", PackageResources.record_rename_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public typealias Code = RenameCode

    /// - Parameter record: the key of the booking or the admission.
    public init(_ record: String, visitor: String, to name: String) {
        keys = [record]
        arguments = texts([visitor, name])
    }
}
