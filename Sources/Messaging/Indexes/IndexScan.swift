public import Redis

/// The position of an element in a sorted set. It is a value: what is added, moved or removed elsewhere does not change it.
public struct IndexPosition: Sendable, Equatable, Comparable {
    public let score: Int64
    public let member: String

    public init(score: Int64, member: String) {
        self.score = score
        self.member = member
    }

    /// The order of a sorted set: by score, and by the bytes of the member where scores are equal.
    public static func < (left: IndexPosition, right: IndexPosition) -> Bool {
        left.score != right.score
            ? left.score < right.score : left.member.utf8.lexicographicallyPrecedes(right.member.utf8)
    }
}

/// Where a page of a sorted set ended, as its cursor says it.
public struct IndexCursor: Sendable, Equatable {
    public let position: IndexPosition
    /// How many elements of that score earlier pages had. The first read asks for as many more. A wrong number costs one more
    /// read; the result stays correct.
    public let passed: Int

    private static let passedLimit = 1_000_000

    public init(position: IndexPosition, passed: Int) {
        self.position = position
        self.passed = passed
    }

    /// The cursor behind the last of these, which were read behind `previous`.
    public init?(endOf page: [IndexPosition], after previous: IndexCursor?) {
        guard let last = page.last else { return nil }
        let same = page.reversed().prefix { $0.score == last.score }.count
        let before = same == page.count && previous?.position.score == last.score ? previous?.passed ?? 0 : 0
        self.init(position: last, passed: min(same + before, Self.passedLimit))
    }

    /// Reads the words of a cursor; `nil` where they name no position.
    public init?(_ words: some Collection<String>) {
        let words = Array(words)
        guard words.count == 3, let score = Int64(words[0]), let passed = Int(words[2]), (0...Self.passedLimit).contains(passed)
        else { return nil }
        self.init(position: IndexPosition(score: score, member: words[1]), passed: passed)
    }

    public var words: [String] { [String(position.score), position.member, String(passed)] }
}

/// Reads the elements of one sorted set behind a position, each time with one atomic command. If too many elements share the
/// position's score for one command, the next command reads four times as many.
public struct IndexScan: Sendable {
    public enum Order: Sendable { case ascending, descending }

    private let key: String
    private let order: Order
    private let range: ClosedRange<Int64>
    private let after: IndexPosition?
    private let count: Int
    private var limit: Int
    private var behind: [IndexPosition] = []
    private var isAtEnd = false
    /// Members that are passed over.
    public var excluded: Set<String> = []

    /// - Parameters:
    ///   - range: scores of elements that are read.
    ///   - count: how many elements are wanted.
    public init(
        _ key: String, _ order: Order, in range: ClosedRange<Int64> = 0...Int64.max, after cursor: IndexCursor?, count: Int
    ) {
        self.key = key
        self.order = order
        self.range = range
        self.after = cursor?.position
        self.count = count
        self.limit = count + (cursor?.passed ?? 0)
    }

    /// Up to as many as are wanted, in order.
    public var found: [IndexPosition] { Array(behind.lazy.filter { !excluded.contains($0.member) }.prefix(count)) }

    /// Whether nothing more has to be read.
    public var isDone: Bool { isAtEnd || found.count >= count }

    /// Whether there may be elements behind those that were found.
    var mayHaveMore: Bool { !isAtEnd || behind.count > count }

    /// The command whose reply ``take(_:)`` wants.
    public var command: Command {
        let lower = order == .ascending ? max(range.lowerBound, after?.score ?? .min) : range.lowerBound
        let upper = order == .descending ? min(range.upperBound, after?.score ?? .max) : range.upperBound
        let bounds = [String(lower), upper == .max ? "+inf" : String(upper)]
        return Command(
            ["ZRANGE", key] + (order == .ascending ? bounds + ["BYSCORE"] : bounds.reversed() + ["BYSCORE", "REV"])
                + ["LIMIT", "0", String(limit), "WITHSCORES"])
    }

    public mutating func take(_ reply: Reply) throws(RedisError) {
        let texts = try reply.asTexts()
        behind = []
        for index in stride(from: 0, to: texts.count - 1, by: 2) {
            guard let score = Int64(texts[index + 1]) else { throw .unexpected("a score of \(key) is \(texts[index + 1])") }
            let position = IndexPosition(score: score, member: texts[index])
            if isBehind(position) { behind.append(position) }
        }
        isAtEnd = texts.count < 2 * limit
        limit *= 4
    }

    private func isBehind(_ position: IndexPosition) -> Bool {
        guard let after else { return true }
        return order == .ascending ? after < position : position < after
    }
}
