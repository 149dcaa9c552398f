import NIOCore

/// One command: its arguments, sent as they are. Nothing is parsed out of an argument, so no value can become a command.
public struct Command: Sendable {
    /// An argument of a command. Bytes carry values that need not be UTF-8.
    public enum Argument: Sendable, Equatable, ExpressibleByStringLiteral {
        case text(String)
        case bytes([UInt8])

        public init(stringLiteral value: String) { self = .text(value) }
    }

    let arguments: [Argument]
    /// The name of the script that is called; `nil` for any other command.
    let scriptName: String?
    /// Set for a script's call: the EVAL for a server that has not loaded the script.
    let evalFallback: [Argument]?

    public init(arguments: [Argument]) {
        self.arguments = arguments
        self.scriptName = nil
        self.evalFallback = nil
    }

    public init(_ arguments: String...) { self.init(arguments: arguments.map { .text($0) }) }

    public init(_ arguments: [String]) { self.init(arguments: arguments.map { .text($0) }) }

    /// EVALSHA of a script. On NOSCRIPT the sender sends EVAL.
    public init(_ script: Script, keys: [String], arguments: [String]) {
        self.init(script, keys: keys, rawArguments: arguments.map { .text($0) })
    }

    /// The same with arguments that need not be UTF-8.
    public init(_ script: Script, keys: [String], rawArguments: [Argument]) {
        let tail = ([String(keys.count)] + keys).map { Argument.text($0) } + rawArguments
        self.arguments = [.text("EVALSHA"), .text(script.sha1)] + tail
        self.scriptName = script.name
        self.evalFallback = [.text("EVAL"), .text(script.source)] + tail
    }

    /// What it is called in metrics: the script's name, or the command's first argument. No other argument shows.
    var name: String {
        if let scriptName { return scriptName }
        guard case .text(let text)? = arguments.first else { return "other" }
        return text
    }

    /// At least as many bytes as the command takes when it is written, and some for each argument.
    var encodedSize: Int {
        arguments.reduce(32) { size, argument in
            switch argument {
            case .text(let text): size + 32 + text.utf8.count
            case .bytes(let bytes): size + 32 + bytes.count
            }
        }
    }

    /// Writes the command as RESP.
    func encode(into buffer: inout ByteBuffer) {
        buffer.writeString("*\(arguments.count)\r\n")
        for argument in arguments {
            switch argument {
            case .text(let text):
                buffer.writeString("$\(text.utf8.count)\r\n")
                buffer.writeString(text)
            case .bytes(let bytes):
                buffer.writeString("$\(bytes.count)\r\n")
                buffer.writeBytes(bytes)
            }
            buffer.writeString("\r\n")
        }
    }
}
