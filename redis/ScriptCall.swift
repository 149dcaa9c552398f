public import Redis

/// A call of one script: its keys and arguments in the script's order, and the decoding of its reply. Nobody else knows the
/// positions.
public protocol ScriptCall<Result>: Sendable {
    associatedtype Result: Sendable
    static var script: Script { get }
    /// The result codes that the script may return; none where it returns only values.
    static var codes: [String] { get }
    var keys: [String] { get }
    var arguments: [Command.Argument] { get }
    /// Decodes a reply. Throws ``RedisError/unexpected(_:)`` with the script's name where the result code is unknown.
    func result(of reply: Reply) throws(RedisError) -> Result
}

/// A closed set of result codes.
public protocol ResultCode: RawRepresentable<String>, CaseIterable, Sendable {}

/// A call whose reply is one result code, alone or with values after it.
public protocol CodedCall<Result>: ScriptCall {
    associatedtype Code: ResultCode
    associatedtype Result = Code
    func result(_ code: Code, _ values: ReplyValues) throws(RedisError) -> Result
}

extension CodedCall {
    public static var codes: [String] { Code.allCases.map(\.rawValue) }

    public func result(of reply: Reply) throws(RedisError) -> Result {
        let parts = if case .array(let parts) = reply { parts } else { [reply] }
        return try result(try Self.code((parts.first ?? .null).asText()), ReplyValues(parts.dropFirst()))
    }
}

extension CodedCall where Result == Code {
    public func result(_ code: Code, _ values: ReplyValues) -> Code { code }
}

/// A call for several elements of one partition, in order. The reply has a result code for each, alone or in a list with values
/// after it.
public protocol BatchCall<Element>: ScriptCall where Result == [Element] {
    associatedtype Code: ResultCode
    associatedtype Element: Sendable = Code
    /// How many elements the call has.
    var count: Int { get }
    func element(_ code: Code, _ values: ReplyValues) throws(RedisError) -> Element
}

extension BatchCall {
    public static var codes: [String] { Code.allCases.map(\.rawValue) }

    /// Most elements of one call, so that Redis is never held for long.
    public static var batchLimit: Int { 64 }

    public func result(of reply: Reply) throws(RedisError) -> [Element] {
        let replies = try reply.asArray()
        guard replies.count == count else { throw .unexpected("\(Self.script.name) answered \(replies.count) of \(count)") }
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for reply in replies {
            let parts = if case .array(let parts) = reply { parts } else { [reply] }
            elements.append(try element(try Self.code((parts.first ?? .null).asText()), ReplyValues(parts.dropFirst())))
        }
        return elements
    }
}

extension BatchCall where Element == Code {
    public func element(_ code: Code, _ values: ReplyValues) -> Code { code }
}

extension ScriptCall {
    static func code<Code: ResultCode>(_ text: String) throws(RedisError) -> Code {
        guard let code = Code(rawValue: text) else { throw .unexpected("\(script.name) answered \(text)") }
        return code
    }
}

/// What a script returns after its result code. A value that is missing is ``Reply/null``.
public struct ReplyValues: Sendable {
    private let values: [Reply]

    init(_ values: some Sequence<Reply>) { self.values = Array(values) }

    var first: Reply { values.first ?? .null }
    var second: Reply { values.count > 1 ? values[1] : .null }
}

extension Command {
    public init(_ call: some ScriptCall) {
        self.init(type(of: call).script, keys: call.keys, rawArguments: call.arguments)
    }
}

extension RedisSender {
    /// Runs a script.
    public func run<Call: ScriptCall>(_ call: Call) async throws(RedisError) -> Call.Result {
        try call.result(of: try await send(Command(call)))
    }
}

/// Arguments that are texts.
func texts(_ arguments: [String]) -> [Command.Argument] { arguments.map { .text($0) } }
