public import Logging

/// Logs the first of consecutive failures and the recovery. What fails in between is logged at debug only.
public struct FailureLog {
    private let logger: Logger
    private let failing: Logger.Message
    private let recovered: Logger.Message
    private var isFailing = false

    public init(_ logger: Logger, failing: Logger.Message, recovered: Logger.Message) {
        self.logger = logger
        self.failing = failing
        self.recovered = recovered
    }

    public mutating func failed(_ reason: some CustomStringConvertible) {
        logger.log(level: isFailing ? .debug : .warning, failing, metadata: ["reason": "\(reason)"])
        isFailing = true
    }

    public mutating func succeeded() {
        if isFailing { logger.notice(recovered) }
        isFailing = false
    }
}
