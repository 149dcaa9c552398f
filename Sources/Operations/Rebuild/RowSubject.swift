import Crypto
import Redis

/// One element of the read model, live and rebuilt: a row, an exhibition, or an entry of a list.
package enum RowSubject: Hashable {
    /// - Parameter version: the name of its first half's version; the second is the admission's.
    case hash(live: String, rebuilt: String, version: String)
    case entry(live: String, rebuilt: String, member: String)

    var live: String {
        switch self {
        case .hash(let live, _, _), .entry(let live, _, _): live
        }
    }

    /// For people.
    package var name: String {
        switch self {
        case .hash(let live, _, _): live
        case .entry(let live, _, let member): "\(live) \(member)"
        }
    }

    func reading(rebuilt isRebuilt: Bool) -> Command {
        switch self {
        case .hash(let live, let rebuilt, _): Command("HGETALL", isRebuilt ? rebuilt : live)
        case .entry(let live, let rebuilt, let member): Command("ZSCORE", isRebuilt ? rebuilt : live, member)
        }
    }

    func state(_ reply: Reply) -> RowState {
        switch self {
        case .hash(_, _, let version): RowState(reply.shownFields, version: version)
        case .entry: RowState(reply.shownIfAny.map { ["score": $0] } ?? [:], version: "")
        }
    }
}

/// The state of one side: two halves, each with a version of its own where it has versions.
package struct RowState: Equatable {
    struct Half: Equatable {
        var version = 0
        var versionText = ""
        var fields: [String: String] = [:]
    }

    let halves: [Half]

    var isEmpty: Bool { halves.allSatisfy(\.fields.isEmpty) }

    package init(_ fields: [String: String], version: String) {
        halves = [false, true].map { isAdmission in
            let own = fields.filter { $0.key.hasPrefix("admission") == isAdmission }
            let text = own[isAdmission ? "admissionVersion" : version] ?? ""
            return Half(version: Int(text) ?? 0, versionText: text, fields: own)
        }
    }

    /// Compares a live state with two states of the rebuilt one, read before and after it. A half is right if it equals one of
    /// the two or its version lies between theirs.
    /// - Returns: `nil` if it is right; else for each half its version if no event has that version, or an empty text.
    package func wrong(since first: RowState, until second: RowState) -> [String]? {
        var isWrong = false
        var untold: [String] = []
        for (half, (earlier, later)) in zip(halves, zip(first.halves, second.halves)) {
            let isBetween = earlier.version < half.version && half.version < later.version
            if half != earlier, half != later, !isBetween { isWrong = true }
            untold.append(half.version > later.version ? half.versionText : "")
        }
        return isWrong ? untold : nil
    }
}

/// A digest of many elements that doesn't depend on their order.
package struct RowDigest: Equatable, CustomStringConvertible {
    private var sum: UInt64 = 0

    package init() {}

    package mutating func add(_ subject: RowSubject, _ state: RowState) {
        guard !state.isEmpty else { return }
        var hash = SHA256()
        hash.update(data: Array(subject.name.utf8))
        for (name, value) in state.halves.flatMap(\.fields).sorted(by: { $0.key < $1.key }) {
            hash.update(data: Array("\u{0}\(name)\u{0}\(value)".utf8))
        }
        sum &+= hash.finalize().prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    package var description: String {
        let hex = String(sum, radix: 16)
        return String(repeating: "0", count: 16 - hex.count) + hex
    }
}
