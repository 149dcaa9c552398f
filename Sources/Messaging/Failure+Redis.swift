public import Contracts
public import Redis
public import Scripts

extension Failure {
    /// Why something could not be read.
    public init(reading error: RedisError) {
        switch error {
        case .server, .unexpected: self = .internal(error.description)
        default: self = .storageUnavailable("Redis can't be reached at present")
        }
    }

    /// Why something could not be changed, or is not known to be.
    public init(writing error: RedisError) {
        switch error {
        case .server, .unexpected: self = .internal(error.description)
        case .outcomeUnknown: self = .outcomeUnknown(booking: nil)
        case .refused: self = .storageUnavailable("Redis takes no writes at present")
        default: self = .storageUnavailable("Redis can't be reached at present")
        }
    }
}

extension RedisSender {
    /// Runs a script whose reply is a result code, perhaps with values after it.
    public func call<Code: RawRepresentable<String>>(
        _ script: Script, keys: [String], arguments: [String]
    ) async throws(Failure) -> (word: Code, rest: ArraySlice<Reply>) {
        try Self.outcome(of: script, await send([Command(script, keys: keys, arguments: arguments)])[0])
    }

    /// Reads a script's reply: its result code, and the values after it. A code that Swift doesn't know is a bug.
    public static func outcome<Code: RawRepresentable<String>>(
        of script: Script, _ result: Result<Reply, RedisError>
    ) throws(Failure) -> (word: Code, rest: ArraySlice<Reply>) {
        do throws(RedisError) {
            let reply = try result.get()
            let parts = if case .array(let parts) = reply { parts } else { [reply] }
            let text = try (parts.first ?? .null).asText()
            guard let word = Code(rawValue: text) else { throw .unexpected("\(script.name) answered \(text)") }
            return (word, parts.dropFirst())
        } catch {
            if case .server = error { throw .internal("\(Self.script.name): \(error)") }
            throw Failure(writing: error)
        }
    }
}
