import NIOCore

/// One command: its arguments, sent as they are. Nothing is parsed out of an argument, so no value can become a command.
public struct Command: Sendable {
    /// An argument of a command. Bytes carry values that need not be UTF-8.
    public enum Argument: Sendable, Equatable, ExpressibleByStringLiteral {
        case text(String)
        case bytes([UInt8])

        public init(stringLiteral value: String) { self = .text(value) }
    }

    private enum Form: Sendable {
        case texts([String])
        case arguments([Argument])
        /// `isWhole`: EVAL with the source instead of EVALSHA.
        case call(Script, keys: [String], arguments: [Argument], isWhole: Bool)
    }

    private let form: Form
    private let routingKey: String?

    private init(_ form: Form, near key: String? = nil) {
        self.form = form
        routingKey = key
    }

    /// The same, sent to the node of a cluster that has this key: for a command that names no key.
    public func near(_ key: String) -> Command { Command(form, near: key) }

    public init(arguments: [Argument]) { self.init(.arguments(arguments)) }

    public init(_ arguments: String...) { self.init(.texts(arguments)) }

    public init(_ arguments: [String]) { self.init(.texts(arguments)) }

    /// EVALSHA of a script. On NOSCRIPT the sender sends EVAL.
    public init(_ script: Script, keys: [String], arguments: [String]) {
        self.init(script, keys: keys, rawArguments: arguments.map { .text($0) })
    }

    /// The same with arguments that need not be UTF-8.
    public init(_ script: Script, keys: [String], rawArguments: [Argument]) {
        self.init(.call(script, keys: keys, arguments: rawArguments, isWhole: false))
    }

    /// For a script's call, the EVAL for a server that has not loaded the script.
    var evalFallback: Command? {
        guard case .call(let script, let keys, let arguments, isWhole: false) = form else { return nil }
        return Command(.call(script, keys: keys, arguments: arguments, isWhole: true), near: routingKey)
    }

    /// What tells where a command goes.
    enum Content {
        case routed(String)
        case call(keys: [String])
        /// Bytes that are no text are empty words.
        case words([String])
    }

    var content: Content {
        if let routingKey { return .routed(routingKey) }
        switch form {
        case .texts(let texts): return .words(texts)
        case .arguments(let arguments):
            return .words(arguments.map { if case .text(let text) = $0 { text } else { "" } })
        case .call(_, let keys, _, _): return .call(keys: keys)
        }
    }

    /// What it is called in metrics: the script's name, or the command's first argument. No other argument shows.
    var name: String {
        switch form {
        case .call(let script, _, _, _): return script.name
        case .texts(let texts): return texts.first ?? "other"
        case .arguments(let arguments):
            guard case .text(let text)? = arguments.first else { return "other" }
            return text
        }
    }

    /// At least as many bytes as the command takes when it is written, and some for each argument.
    var encodedSize: Int {
        switch form {
        case .texts(let texts): 32 + Self.size(of: texts)
        case .arguments(let arguments): 32 + Self.size(of: arguments)
        case .call(let script, let keys, let arguments, let isWhole):
            192 + Self.size(of: keys) + Self.size(of: arguments) + (isWhole ? script.source.utf8.count : 0)
        }
    }

    private static func size(of texts: [String]) -> Int { texts.reduce(0) { $0 + 32 + $1.utf8.count } }

    private static func size(of arguments: [Argument]) -> Int {
        arguments.reduce(0) { size, argument in
            switch argument {
            case .text(let text): size + 32 + text.utf8.count
            case .bytes(let bytes): size + 32 + bytes.count
            }
        }
    }

    /// Writes the command as RESP.
    func encode(into buffer: inout ByteBuffer) {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: encodedSize) { bytes in
            var writer = RESPWriter(bytes)
            write(to: &writer)
            return writer.count
        }
    }

    private func write(to writer: inout RESPWriter) {
        switch form {
        case .texts(let texts):
            writer.write("*", texts.count)
            for text in texts { writer.write(text) }
        case .arguments(let arguments):
            writer.write("*", arguments.count)
            for argument in arguments { argument.write(to: &writer) }
        case .call(let script, let keys, let arguments, let isWhole):
            writer.write("*", 3 + keys.count + arguments.count)
            writer.write(isWhole ? "EVAL" : "EVALSHA")
            writer.write(isWhole ? script.source : script.sha1)
            writer.write(String(keys.count))
            for key in keys { writer.write(key) }
            for argument in arguments { argument.write(to: &writer) }
        }
    }
}

extension Command.Argument {
    fileprivate func write(to writer: inout RESPWriter) {
        switch self {
        case .text(let text): writer.write(text)
        case .bytes(let bytes): bytes.withUnsafeBytes { writer.write($0) }
        }
    }
}
