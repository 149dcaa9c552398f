public import Redis

/// The Lua scripts, each one transition and its event. What a script takes and returns is said in its first lines and by its
/// ``ScriptCall``.
public enum Scripts {
    /// The call of every script.
    public static let calls: [any ScriptCall.Type] = [
        MuseumRegister.self, MuseumEdit.self, MuseumDelete.self, MuseumReserve.self, MuseumRelease.self, MuseumRevoke.self,
        MuseumRetire.self, MuseumPurge.self, MuseumMaintenance.self,
        BookRecord.self, BookAbort.self, BookTransition.self, BookLower.self, BookPurge.self,
        ConfirmApply.self,
        MyPageBooking.self, MyPageAdmission.self, MyPageExhibition.self, MyPageRemove.self, MyPageRename.self, MyPageRepair.self,
        MyPageRelist.self,
        RecordRename.self,
        ConsumerProgress.self, ConsumerPosition.self, ConsumerSetBack.self, ConsumerLeave.self, ConsumerRemoveIdle.self,
        StreamTrim.self,
    ]

    /// Every script.
    public static var all: [Script] { calls.map { $0.script } }

    /// `redis.conf`, for the embedded server.
    public static var redisConf: String { String(decoding: PackageResources.redis_conf, as: UTF8.self) }
}

extension Script {
    init(_ name: String, _ source: [UInt8]) {
        self.init(name: name, source: String(decoding: source, as: UTF8.self))
    }
}
