import NIOCore

/// One command: its words, sent as they are. Nothing is parsed out of a word, so no value can become a command.
public struct Command: Sendable {
    /// A word of a command. Bytes are for handing on what nobody of ours wrote.
    public enum Word: Sendable, Equatable, ExpressibleByStringLiteral {
        case text(String)
        case bytes([UInt8])

        public init(stringLiteral value: String) { self = .text(value) }
    }

    let words: [Word]
    /// Set for a script's call: how to say it to a server that has not seen the script.
    let spelledOut: [Word]?

    public init(words: [Word]) {
        self.words = words
        self.spelledOut = nil
    }

    public init(_ words: String...) { self.init(words: words.map { .text($0) }) }

    public init(_ words: [String]) { self.init(words: words.map { .text($0) }) }

    /// EVALSHA of a script; the sender turns to EVAL where the server doesn't know it.
    public init(_ script: Script, keys: [String], arguments: [String]) {
        self.init(script, keys: keys, rawArguments: arguments.map { .text($0) })
    }

    /// The same with arguments that need not be UTF-8.
    public init(_ script: Script, keys: [String], rawArguments: [Word]) {
        let tail = ([String(keys.count)] + keys).map { Word.text($0) } + rawArguments
        self.words = [.text("EVALSHA"), .text(script.sha1)] + tail
        self.spelledOut = [.text("EVAL"), .text(script.source)] + tail
    }

    /// At least as many bytes as the command takes when it is written, and some for each word.
    var encodedSize: Int {
        words.reduce(32) { size, word in
            switch word {
            case .text(let text): size + 32 + text.utf8.count
            case .bytes(let bytes): size + 32 + bytes.count
            }
        }
    }

    /// Writes the command as RESP.
    func encode(into buffer: inout ByteBuffer) {
        buffer.writeString("*\(words.count)\r\n")
        for word in words {
            switch word {
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
