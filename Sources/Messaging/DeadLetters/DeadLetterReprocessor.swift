import Contracts
import Logging
import Redis

/// Looks once through the dead letters that are there when a session starts, and applies those whose type this version of the
/// program knows, a few at a time between batches.
struct DeadLetterReprocessor {
    private let letters: DeadLetters
    private let handler: any EventHandler
    private let logger: Logger
    private let since = ContinuousClock.now
    private var after = StreamID.zero
    /// The last letter there was at the start; looked up with the first step.
    private var end: StreamID?
    private var mustRetry = false
    /// When to go on; `nil`: nothing is left to do.
    private(set) var due: ContinuousClock.Instant? = .now

    /// How long events that can't be applied yet are retried; later the next session or an operator retries them.
    private static let timeout = Duration.seconds(5)

    init(_ letters: DeadLetters, handler: any EventHandler, logger: Logger) {
        self.letters = letters
        self.handler = handler
        self.logger = logger
    }

    /// Processes the next page if it is due. If dead letters can't be read, it ends; events are not delayed.
    mutating func step() async throws(RedisError) {
        guard let due, due <= .now else { return }
        do throws(RedisError) {
            try await takeNext()
        } catch {
            switch error {
            case .refused, .server, .unexpected:
                logger.warning("dead letters could not be read", metadata: ["reason": "\(error)"])
                self.due = nil
            default: throw error
            }
        }
    }

    private mutating func takeNext() async throws(RedisError) {
        let end = if let end { end } else { try await letters.last() }
        self.end = end
        let page = try await letters.page(after: after, through: end)
        for letter in page where letter.isKnownByNow {
            let outcome = try await letters.retry(letter, age: .now - since, with: handler)
            let metadata: Logger.Metadata = ["service": "\(letter.service)", "id": "\(letter.eventId)"]
            switch outcome {
            case .applied: logger.info("dead letter of a type known by now is applied", metadata: metadata)
            case .retryLater: mustRetry = true
            case .left(let reason):
                logger.warning(
                    "dead letter of a type known by now can't be applied",
                    metadata: metadata.merging(["reason": "\(reason)"]) { $1 })
            }
        }
        if let last = page.last {
            after = last.id
        } else if mustRetry, .now - since < Self.timeout {
            after = .zero
            mustRetry = false
            due = .now + .seconds(1)
        } else {
            due = nil
        }
    }
}
