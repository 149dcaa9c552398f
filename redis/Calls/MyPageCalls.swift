public import Redis

/// What became of an update of the read model.
public enum ProjectionCode: String, ResultCode {
    case purged = "PURGED"
    case stale = "STALE"
    case applied = "APPLIED"
}

/// Brings one half of a page up to date: the booking or the admission.
public struct MyPageApply: CodedCall {
    public static let script = Script("mypage_apply", PackageResources.mypage_apply_lua)
    public let keys: [String]
    public let arguments: [Command.Argument]

    public typealias Code = ProjectionCode

    /// The booking's half.
    /// - Parameter isListed: whether the booking is on its visitor's list.
    public init(
        in keys: Keys, booking: String, version: Int, exhibition: String, visitor: String, seats: Int, status: String,
        isListed: Bool, createdAt: Int64, updatedAt: Int64
    ) {
        self.keys =
            [keys.page(booking), keys.purgedExhibitions(of: "mypage")]
            + (isListed ? [keys.pages(of: visitor), keys.visitors] : [])
        arguments = texts([
            "bookVersion", String(version), booking, String(createdAt), visitor,
            "museumId", exhibition, "visitor", visitor, "seats", String(seats), "status", status,
            "createdAt", String(createdAt), "updatedAt", String(updatedAt),
        ])
    }

    /// The admission's half.
    public init(in keys: Keys, booking: String, admissionVersion: Int, admission: String, updatedAt: Int64) {
        self.keys = [keys.page(booking), keys.purgedExhibitions(of: "mypage")]
        arguments = texts([
            "admissionVersion", String(admissionVersion), booking, "", "",
            "admission", admission, "admissionUpdatedAt", String(updatedAt),
        ])
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
