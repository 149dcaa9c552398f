import Crypto

/// A Lua script, known to the server by its content: two versions of the program can run side by side.
public struct Script: Sendable {
    public let name: String
    public let source: String
    /// 40 lower-case hexadecimal digits.
    public let sha1: String

    public init(name: String, source: String) {
        self.name = name
        self.source = source
        self.sha1 = Insecure.SHA1.hash(data: Array(source.utf8)).map { byte in
            let hex = String(byte, radix: 16)
            return byte < 16 ? "0" + hex : hex
        }.joined()
    }
}
