public import Contracts
public import Redis
public import Scripts

extension Failure {
    /// Why something could not be read.
    public init(reading error: RedisError) {
        switch error {
        case .server, .unexpected: self = .internal(error.description)
        default: self = .storageUnavailable("Redis can't be reached")
        }
    }

    /// Why something could not be changed, or is not known to be.
    public init(writing error: RedisError) {
        switch error {
        case .server, .unexpected: self = .internal(error.description)
        case .outcomeUnknown: self = .outcomeUnknown(booking: nil)
        case .refused: self = .storageUnavailable("Redis refuses writes")
        default: self = .storageUnavailable("Redis can't be reached")
        }
    }
}

extension RedisSender {
    /// Runs a script that changes something. An error names its script.
    public func call<Call: ScriptCall>(_ call: Call) async throws(Failure) -> Call.Result {
        try call.outcome(await send([Command(call)])[0])
    }

    /// Runs a script once for each call, in one go.
    /// - Returns: the results, in order.
    public func call<Call: ScriptCall>(_ calls: [Call]) async throws(Failure) -> [Call.Result] {
        var results: [Call.Result] = []
        for (call, reply) in zip(calls, await send(calls.map { Command($0) })) { results.append(try call.outcome(reply)) }
        return results
    }
}

extension ScriptCall {
    /// The result, or why there is none. An error names its script; a result code that Swift doesn't know is a bug.
    public func outcome(_ reply: Swift.Result<Reply, RedisError>) throws(Failure) -> Result {
        do throws(RedisError) {
            return try result(of: try reply.get())
        } catch {
            if case .server = error { throw .internal("\(Self.script.name): \(error)") }
            throw Failure(writing: error)
        }
    }
}
