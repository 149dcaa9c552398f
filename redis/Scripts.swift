public import Redis

/// The Lua scripts, each one transition and its event. What each takes and answers is said in its first lines.
public enum Scripts {
    public static let museumRegister = Script("museum_register", PackageResources.museum_register_lua)
    public static let museumEdit = Script("museum_edit", PackageResources.museum_edit_lua)
    public static let museumDelete = Script("museum_delete", PackageResources.museum_delete_lua)
    public static let museumReserve = Script("museum_reserve", PackageResources.museum_reserve_lua)
    public static let museumRelease = Script("museum_release", PackageResources.museum_release_lua)
    public static let museumRevoke = Script("museum_revoke", PackageResources.museum_revoke_lua)
    public static let bookRecord = Script("book_record", PackageResources.book_record_lua)
    public static let bookAbort = Script("book_abort", PackageResources.book_abort_lua)
    public static let bookTransition = Script("book_transition", PackageResources.book_transition_lua)
    public static let confirmApply = Script("confirm_apply", PackageResources.confirm_apply_lua)
    public static let myPageApply = Script("mypage_apply", PackageResources.mypage_apply_lua)
    public static let myPageExhibition = Script("mypage_exhibition", PackageResources.mypage_exhibition_lua)
    public static let museumRetire = Script("museum_retire", PackageResources.museum_retire_lua)
    public static let museumMaintenance = Script("museum_maintenance", PackageResources.museum_maintenance_lua)
    public static let bookPurge = Script("book_purge", PackageResources.book_purge_lua)
    public static let museumPurge = Script("museum_purge", PackageResources.museum_purge_lua)
    public static let myPageRemove = Script("mypage_remove", PackageResources.mypage_remove_lua)
    public static let myPageRename = Script("mypage_rename", PackageResources.mypage_rename_lua)
    public static let myPageRepair = Script("mypage_repair", PackageResources.mypage_repair_lua)
    public static let myPageRelist = Script("mypage_relist", PackageResources.mypage_relist_lua)
    public static let recordRename = Script("record_rename", PackageResources.record_rename_lua)
    public static let consumerProgress = Script("consumer_progress", PackageResources.consumer_progress_lua)
    public static let consumerPosition = Script("consumer_position", PackageResources.consumer_position_lua)
    public static let consumerRemoveIdle = Script("consumer_remove_idle", PackageResources.consumer_remove_idle_lua)
    public static let streamTrim = Script("stream_trim", PackageResources.stream_trim_lua)
    public static let consumerSetBack = Script("consumer_set_back", PackageResources.consumer_set_back_lua)
    public static let consumerLeave = Script("consumer_leave", PackageResources.consumer_leave_lua)

    /// `redis.conf`, for the embedded server.
    public static var redisConf: String { String(decoding: PackageResources.redis_conf, as: UTF8.self) }
}

extension Script {
    fileprivate init(_ name: String, _ source: [UInt8]) {
        self.init(name: name, source: String(decoding: source, as: UTF8.self))
    }
}
