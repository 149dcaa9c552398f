public import Contracts
public import HTTPServer
import Messaging
public import Redis
import Scripts
import Synchronization

/// Limits how often requests come, over all replicas of the gateway: each counts in Redis, in lots, so that most requests ask
/// nobody. While Redis is away each replica counts for itself.
public final class RateLimiter: RateLimiting {
    /// So many in each window of time.
    struct Limit: Sendable {
        let name: String
        let count: Int
        /// Milliseconds.
        let window: Int64

        static let guestsByAddress = Limit(name: "guests-address", count: 10, window: 60_000)
        static let guestsByBooking = Limit(name: "guests-booking", count: 10, window: 3_600_000)

        /// How many a replica takes at once. What it does not use others can't: at most a sixteenth for each replica.
        var lot: Int { max(1, count / 16) }
    }

    private struct Account {
        /// Which window it is of.
        let window: Int64
        /// What Redis has granted this replica in the window, and what of it is used.
        var granted = 0
        var used = 0
        var isExhausted = false
        /// The question for another lot that is under way. One at a time: several would take lots that nobody needs yet, and the
        /// last to be told would find nothing left.
        var asking: Task<Void, Never>?
    }

    private enum Decision {
        case allowed, refused
        case wait(Task<Void, Never>)
    }

    private let redis: any RedisSender
    private let bySubject: Limit?
    private let byAddress: Limit?
    private let now: CurrentTime
    private let accounts = Mutex<[String: Account]>([:])

    private static let minute: Int64 = 60_000
    private static let accountLimit = 65_536
    /// Staff work for many visitors.
    private static let staffFactor = 10

    /// - Parameters:
    ///   - perSubject: requests a minute of one visitor; `nil` for any number.
    ///   - perAddress: requests a minute from one address; `nil` for any number.
    public init(redis: any RedisSender, perSubject: Int?, perAddress: Int?, now: @escaping CurrentTime) {
        self.redis = redis
        bySubject = perSubject.map { Limit(name: "subject", count: $0, window: Self.minute) }
        byAddress = perAddress.map { Limit(name: "address", count: $0, window: Self.minute) }
        self.now = now
    }

    public func check(address: String) async throws(RequestError) {
        if let byAddress { try await check(byAddress, of: address) }
    }

    public func check(subject: String, role: AccessRole) async throws(RequestError) {
        guard let bySubject, role != .service else { return }
        let limit =
            role == .visitor
            ? bySubject : Limit(name: "staff", count: bySubject.count * Self.staffFactor, window: bySubject.window)
        try await check(limit, of: subject)
    }

    func check(_ limit: Limit, of key: String) async throws(RequestError) {
        let name = limit.name + ":" + key
        while true {
            let moment = now()
            let window = moment / limit.window
            switch take(limit, name, window) {
            case .allowed: return
            case .refused: throw .tooManyRequests(retryAfter: Int(((window + 1) * limit.window - moment + 999) / 1000))
            case .wait(let asking): await asking.value
            }
        }
    }

    private func take(_ limit: Limit, _ name: String, _ window: Int64) -> Decision {
        accounts.withLock { accounts in
            if accounts.count >= Self.accountLimit, accounts[name] == nil { accounts.removeAll(keepingCapacity: true) }
            var account = accounts[name] ?? Account(window: window)
            if account.window != window { account = Account(window: window) }
            defer { accounts[name] = account }
            if account.used < account.granted {
                account.used += 1
                return .allowed
            }
            if account.isExhausted { return .refused }
            if let asking = account.asking { return .wait(asking) }
            let asking = Task { self.grant(limit, name, window, await self.ask(limit, name, window)) }
            account.asking = asking
            return .wait(asking)
        }
    }

    private func grant(_ limit: Limit, _ name: String, _ window: Int64, _ granted: Int?) {
        accounts.withLock { accounts in
            var account = accounts[name] ?? Account(window: window)
            guard account.window == window else { return }
            // Redis is away: as many as if this were the only replica.
            let count = granted ?? min(limit.lot, limit.count - account.granted)
            account.granted += count
            account.isExhausted = count < limit.lot
            account.asking = nil
            accounts[name] = account
        }
    }

    /// How many of a lot Redis grants; `nil` if it can't be asked.
    private func ask(_ limit: Limit, _ name: String, _ window: Int64) async -> Int? {
        let key = Keys.rate(name, window: window)
        let results = await redis.send([
            // The counter has its end before it counts.
            Command("SET", key, "0", "PX", String(2 * limit.window), "NX"), Command("INCRBY", key, String(limit.lot)),
        ])
        // Why it can't be asked is of no use here: the limit holds in this replica then.
        guard let total = try? results[1].get().asInteger() else { return nil }
        return max(0, min(limit.lot, limit.count - (total - limit.lot)))
    }
}
