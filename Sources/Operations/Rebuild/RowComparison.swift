import Contracts
import Redis
import Scripts

/// Compares the live read model with the rebuilt one while both change.
package struct RowComparison {
    package struct Result {
        package var rows = 0
        package var exhibitions = 0
        package var entries = 0
        package var live = RowDigest()
        package var rebuilt = RowDigest()
        package var different = 0
        /// The first few that differ.
        package var named: [String] = []
        package var repaired = 0
    }

    /// What is repaired. Rows come first: a row decides whether an entry belongs on a list.
    package enum Repair {
        case nothing, rows, lists
    }

    /// An element whose live state is wrong, and its versions that no event has.
    struct Difference {
        let subject: RowSubject
        let untold: [String]
        /// The live state that was compared, as Redis replied.
        let compared: Reply
        let rebuilt: RowState
    }

    package private(set) var result = Result()
    private var pages: ReadModelRebuild
    private var suspects: [RowSubject] = []
    /// Whether MyPage did not catch up when it was waited for; it is not waited for again.
    private var isMyPageBehind = false
    private let repair: Repair

    private static let suspectsAtOnce = 2000
    private static let namedAtMost = 10

    package init(_ pages: ReadModelRebuild, repair: Repair = .nothing) {
        self.pages = pages
        self.repair = repair
    }

    private var store: RedisClient { pages.session.myPageStore }
    private var live: Keys { Keys(partition: pages.partition) }

    /// - Returns: the rebuilt pages, caught up.
    package mutating func run(_ show: (OperationProgress) -> Void) async throws -> ReadModelRebuild {
        let prefix = live.page("")
        let shadow = live.rebuilt.page("")
        var found: [(name: String, isRebuilt: Bool)] = []
        func name(_ key: String) -> (name: String, isRebuilt: Bool) {
            let isRebuilt = key.hasPrefix(shadow)
            return (String(key.dropFirst((isRebuilt ? shadow : prefix).count)), isRebuilt)
        }
        var cursor = "0"
        repeat {
            let reply = try await store.send("SCAN", cursor, "MATCH", prefix + "*", "COUNT", "500").asArray()
            guard reply.count == 2 else { throw RedisError.unexpected("SCAN replies two elements") }
            cursor = try reply[0].asText()
            found = try reply[1].asArray().map { name($0.shown) }
            try await compare(keys: found)
            show(OperationProgress("\(pages.partition): rows compared", done: result.rows, of: max(result.rows, pages.records)))
        } while cursor != "0"
        try await compareSuspects()
        return pages
    }

    /// Compares each live element with its rebuilt one, and a rebuilt one without a live one with nothing.
    private mutating func compare(keys: [(name: String, isRebuilt: Bool)]) async throws {
        var hashes: [RowSubject] = []
        var lists: [(name: String, isRebuilt: Bool)] = []
        for key in keys {
            if BookingID(key.name) != nil {
                hashes.append(subject(key.name, version: "bookVersion"))
            } else if ExhibitionID(key.name) != nil {
                hashes.append(subject(key.name, version: "version"))
            } else if key.name == "visitors" || key.name.hasPrefix("visitor:") {
                lists.append(key)
            }
        }
        try await compare(lists: lists)
        let isRebuilt = keys.filter { BookingID($0.name) != nil || ExhibitionID($0.name) != nil }.map(\.isRebuilt)
        try await compare(hashes, isRebuilt: isRebuilt)
    }

    private func subject(_ name: String, version: String) -> RowSubject {
        .hash(live: live.page(name), rebuilt: live.rebuilt.page(name), version: version)
    }

    private mutating func compare(lists: [(name: String, isRebuilt: Bool)]) async throws {
        let keys = lists.map { $0.isRebuilt ? live.rebuilt.page($0.name) : live.page($0.name) }
        var pending: [(index: Int, member: String)] = []
        try await store.eachMember(ofAll: keys) { pending += $0 }
        let entries = pending.map { entry in
            let name = lists[entry.index].name
            return RowSubject.entry(live: live.page(name), rebuilt: live.rebuilt.page(name), member: entry.member)
        }
        try await compare(entries, isRebuilt: pending.map { lists[$0.index].isRebuilt })
    }

    private mutating func compare(_ subjects: [RowSubject], isRebuilt: [Bool]) async throws {
        let lives = try await read(subjects, rebuilt: false)
        let rebuilts = try await read(subjects, rebuilt: true)
        for (index, subject) in subjects.enumerated() where !isRebuilt[index] || lives[index].isEmpty {
            count(subject)
            if lives[index] == rebuilts[index] {
                result.live.add(subject, lives[index])
                result.rebuilt.add(subject, rebuilts[index])
            } else {
                suspects.append(subject)
            }
        }
        if suspects.count >= Self.suspectsAtOnce { try await compareSuspects() }
    }

    private mutating func count(_ subject: RowSubject) {
        switch subject {
        case .hash(_, _, "version"): result.exhibitions += 1
        case .hash: result.rows += 1
        case .entry: result.entries += 1
        }
    }

    private func read(_ subjects: [RowSubject], rebuilt: Bool) async throws -> [RowState] {
        let replies = try await store.sendAll(subjects.map { $0.reading(rebuilt: rebuilt) })
        return zip(subjects, replies).map { $0.state($1) }
    }

    /// Reads again what differed: the rebuilt state, the live state when MyPage has applied as much, and the rebuilt state again.
    private mutating func compareSuspects() async throws {
        if suspects.isEmpty { return }
        let subjects = suspects
        suspects = []
        try await pages.catchUp()
        let first = try await read(subjects, rebuilt: true)
        if !isMyPageBehind {
            isMyPageBehind = try await !pages.session.settle(within: .seconds(5), of: [.mypage]).isEmpty
        }
        let compared = try await store.sendAll(subjects.map { $0.reading(rebuilt: false) })
        let lives = zip(subjects, compared).map { $0.state($1) }
        try await pages.catchUp()
        let second = try await read(subjects, rebuilt: true)
        var differences: [Difference] = []
        for (index, subject) in subjects.enumerated() {
            result.rebuilt.add(subject, second[index])
            if let untold = lives[index].wrong(since: first[index], until: second[index]) {
                differences.append(
                    Difference(subject: subject, untold: untold, compared: compared[index], rebuilt: second[index]))
                result.live.add(subject, lives[index])
            } else {
                result.live.add(subject, second[index])
            }
        }
        result.different += differences.count
        result.named += differences.prefix(max(0, Self.namedAtMost - result.named.count)).map(\.subject.name)
        let repairs = differences.compactMap { $0.call(for: repair, live) }
        for code in try await store.runAll(repairs) {
            switch code {
            case .repaired: result.repaired += 1
            // What has changed since the comparison is compared again.
            case .changed, .same: break
            }
        }
    }
}

extension RowComparison.Difference {
    /// The script call that repairs the live state if it has not changed since; `nil` if another kind of repair does.
    fileprivate func call(for repair: RowComparison.Repair, _ keys: Keys) -> (any ScriptCall<RepairCode>)? {
        switch (subject, repair) {
        case (.hash(let live, let rebuilt, let version), .rows):
            let fields = ((try? compared.asArray()) ?? []).map(\.argument)
            return MyPageRepair(
                live: live, rebuilt: rebuilt, versionField: version, untold: untold[0], untoldAdmission: untold[1],
                judged: fields)
        case (.entry(keys.visitors, _, let visitor), .lists):
            return MyPageRelist(in: keys, visitor: visitor)
        case (.entry(let list, _, let booking), .lists):
            return MyPageRelist(
                in: keys, visitor: String(list.dropFirst(keys.pages(of: "").count)), booking: booking, score: compared.shown,
                due: self.rebuilt.halves[0].fields["score"] ?? "")
        case (.hash, _), (.entry, _): return nil
        }
    }
}
