public import Contracts
public import Redis
import Scripts

/// One group's dead letters in one partition. There may be a million of them, some very long: they are read a few at a time.
public struct DeadLetters: Sendable {
    public let group: ServiceName
    public let partition: String
    private let store: any RedisSender

    /// How many are read at once; an event may have fields of a megabyte.
    static let pageSize = 16

    /// - Parameter store: where the service keeps what is its own.
    public init(of group: ServiceName, in partition: String, store: any RedisSender) {
        self.group = group
        self.partition = partition
        self.store = store
    }

    private var key: String { Keys(partition: partition).deadLetters(of: group.rawValue) }

    func add(_ entry: Entry, reason: String, attempts: Int) async throws(RedisError) {
        let note = DeadLetter.note(on: entry, reason: reason, attempts: attempts)
        _ = try await store.send(Command(arguments: ["XADD", .text(key), "*"] + note + entry.arguments))
    }

    func count() async throws(RedisError) -> Int { try await store.send("XLEN", key).asInteger() }

    /// The last one's id; zero if there is none.
    public func last() async throws(RedisError) -> StreamID {
        let reply = try await store.send("XREVRANGE", key, "+", "-", "COUNT", "1").asArray()
        return try reply.first.map { entry throws(RedisError) in try DeadLetter(entry: entry).id } ?? .zero
    }

    /// The next few after `id`, oldest first, up to and with `end`; none: that was all.
    public func page(after id: StreamID, through end: StreamID) async throws(RedisError) -> [DeadLetter] {
        if id >= end { return [] }
        let reply = try await store.send("XRANGE", key, "(" + id.text, end.text, "COUNT", String(Self.pageSize))
        return try reply.asArray().map { entry throws(RedisError) in try DeadLetter(entry: entry) }
    }

    /// All letters of the same event, this one among them.
    public func duplicates(of letter: DeadLetter) async throws(RedisError) -> [StreamID] {
        let end = try await last()
        var duplicates: [StreamID] = []
        var page = try await page(after: .zero, through: end)
        while let last = page.last {
            duplicates += page.filter { $0.eventName == letter.eventName }.map(\.id)
            page = try await self.page(after: last.id, through: end)
        }
        return duplicates
    }

    /// - Returns: `nil` if there is no such letter any more.
    public func find(_ id: StreamID) async throws(RedisError) -> DeadLetter? {
        let reply = try await store.send("XRANGE", key, id.text, id.text).asArray()
        return try reply.first.map { entry throws(RedisError) in try DeadLetter(entry: entry) }
    }

    /// Deletes dead letters.
    /// - Returns: how many were there.
    @discardableResult
    public func remove(_ ids: [StreamID]) async throws(RedisError) -> Int {
        if ids.isEmpty { return 0 }
        return try await store.send(Command(["XDEL", key] + ids.map(\.text))).asInteger()
    }

    /// The outcome of a retry.
    public enum Outcome: Sendable, Equatable {
        /// Done with, and the letter is gone.
        case applied
        /// The dead letter stays, and a later retry may succeed: its booking does not exist yet, or Redis refuses writes.
        case retryLater(String)
        /// It stays, with this reason.
        case left(String)
    }

    /// Hands the event to the service, then takes the letter out. Killed in between, it is handed over again: handlers apply
    /// an event once.
    /// - Parameter age: how long this process has known of the letter.
    public func retry(_ letter: DeadLetter, age: Duration, with handler: any EventHandler) async throws(RedisError) -> Outcome {
        let event: Event
        switch letter.event {
        case .success(let readable): event = readable
        case .failure(let why): return .left(letter.fields.isEmpty ? "the event itself is gone" : why.description)
        }
        do throws(Failure) {
            switch try await handler.handle([Delivery(event: event, age: age)]).first {
            case .applied: break
            case .retryLater, nil: return .retryLater("what it is about isn't there yet")
            case .deadLetter(let reason): return .left(reason)
            }
        } catch {
            switch error {
            case .internal(let what): return .left(what)
            case .storageUnavailable(let why): return .retryLater(why)
            default: return .retryLater("whether it was applied is not known")
            }
        }
        try await remove([letter.id])
        return .applied
    }
}
