public import Redis

/// What became of an update of the read model.
public enum ProjectionCode: String, ResultCode {
    case purged = "PURGED"
    case stale = "STALE"
    case applied = "APPLIED"
}

/// Brings the booking's half of rows up to date, up to ``batchLimit``.
public struct MyPageBooking: BatchCall {
    public static let script = Script("mypage_booking", PackageResources.mypage_booking_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]
    public let count: Int

    public typealias Code = ProjectionCode

    /// A booking at one version.
    public struct Booking: Sendable {
        let id: String
        let visitor: String
        let arguments: [String]

        public init(
            id: String, version: Int, exhibition: String, visitor: String, seats: Int, status: String, createdAt: Int64,
            updatedAt: Int64
        ) {
            self.id = id
            self.visitor = visitor
            arguments = [
                String(version), id, exhibition, visitor, String(seats), status, String(createdAt), String(updatedAt),
            ]
        }
    }

    public init(in keys: Keys, bookings: [Booking]) {
        self.keys =
            [keys.purgedExhibitions(of: "mypage"), keys.visitors]
            + bookings.flatMap { [keys.page($0.id), keys.pages(of: $0.visitor)] }
        arguments = texts(bookings.flatMap(\.arguments))
        count = bookings.count
    }
}

/// Brings the admission's half of rows up to date, up to ``batchLimit``.
public struct MyPageAdmission: BatchCall {
    public static let script = Script("mypage_admission", PackageResources.mypage_admission_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]
    public let count: Int

    public typealias Code = ProjectionCode

    /// An admission at one version.
    public struct Admission: Sendable {
        let booking: String
        let arguments: [String]

        public init(booking: String, version: Int, exhibition: String, status: String, updatedAt: Int64) {
            self.booking = booking
            arguments = [String(version), exhibition, status, String(updatedAt)]
        }
    }

    public init(in keys: Keys, admissions: [Admission]) {
        self.keys = [keys.purgedExhibitions(of: "mypage")] + admissions.map { keys.page($0.booking) }
        arguments = texts(admissions.flatMap(\.arguments))
        count = admissions.count
    }
}

/// Brings MyPage's copy of an exhibition up to date.
public struct MyPageExhibition: CodedCall {
    public static let script = Script("mypage_exhibition", PackageResources.mypage_exhibition_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public typealias Code = ProjectionCode

    public init(
        in keys: Keys, exhibition: String, version: Int, title: String?, hall: String, date: String, startTime: String?,
        endTime: String?, status: String
    ) {
        self.keys = [keys.pageExhibition(exhibition), keys.purgedExhibitions(of: "mypage")]
        let optional = [("title", title), ("startTime", startTime), ("endTime", endTime)]
        arguments = texts(
            [String(version), exhibition, "hall", hall, "date", date, "status", status]
                + optional.flatMap { name, value in value.map { [name, $0] } ?? [] })
    }
}

/// What became of a repair of the read model.
public enum RepairCode: String, ResultCode {
    /// The live one is no longer what the caller judged.
    case changed = "CHANGED"
    case same = "SAME"
    case repaired = "REPAIRED"
}

/// Gives a live row, or MyPage's copy of an exhibition, the content of the rebuilt one.
public struct MyPageRepair: CodedCall {
    public static let script = Script("mypage_repair", PackageResources.mypage_repair_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public typealias Code = RepairCode

    /// - Parameters:
    ///   - live: the live one's key.
    ///   - rebuilt: the rebuilt one's key.
    ///   - versionField: the first half's.
    ///   - untold: a live version of the first half that no event has told of, or empty.
    ///   - untoldAdmission: likewise of the admission, the second half.
    ///   - judged: names and values of the live one as the caller has judged it.
    public init(
        live: String, rebuilt: String, versionField: String, untold: String, untoldAdmission: String,
        judged: [Command.Argument]
    ) {
        keys = [live, rebuilt]
        arguments = texts([versionField, untold, untoldAdmission]) + judged
    }
}

/// Corrects one entry of a visitor's list of bookings, then whether the visitor is among those who have bookings.
public struct MyPageRelist: CodedCall {
    public static let script = Script("mypage_relist", PackageResources.mypage_relist_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public typealias Code = RepairCode

    /// The visitor's entry among those who have bookings.
    public init(in keys: Keys, visitor: String) {
        self.keys = [keys.pages(of: visitor), keys.visitors]
        arguments = texts([visitor])
    }

    /// - Parameters:
    ///   - score: the score that the entry has; empty for none.
    ///   - due: the score that it should have; empty for none.
    public init(in keys: Keys, visitor: String, booking: String, score: String, due: String) {
        self.keys = [keys.pages(of: visitor), keys.visitors, keys.page(booking)]
        arguments = texts([visitor, booking, score, due])
    }
}
