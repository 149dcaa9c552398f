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

    /// Runs a script for elements, in one go.
    /// - Parameters:
    ///   - isTogether: whether one call may be for both.
    ///   - call: makes the call for some of the elements.
    /// - Returns: an outcome for each element, in order.
    public func call<Element, Call: BatchCall>(
        _ elements: [Element], isTogether: (Element, Element) -> Bool, as call: ([Element]) -> Call
    ) async throws(Failure) -> [Call.Element] {
        let calls = elements.batches(isTogether: isTogether, as: call)
        var outcomes: [Call.Element] = []
        outcomes.reserveCapacity(elements.count)
        for (call, reply) in zip(calls, await send(calls.map { Command($0) })) { outcomes += try call.outcome(reply) }
        return outcomes
    }
}

extension Array {
    /// Calls of a script for the elements: each for neighbors that belong together, as many as one call may have.
    public func batches<Call: BatchCall>(
        isTogether: (Element, Element) -> Bool, as call: ([Element]) -> Call
    ) -> [Call] {
        var calls: [Call] = []
        var rest = self[...]
        while let first = rest.first {
            let next = Array(rest.prefix(Call.batchLimit).prefix { isTogether(first, $0) })
            calls.append(call(next))
            rest = rest.dropFirst(next.count)
        }
        return calls
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
