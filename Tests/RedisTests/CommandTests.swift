import NIOCore
import TestSupport
import Testing

@testable import Redis

extension AllServerTests {
    /// A command's arguments reach the server as they are: no value becomes a command.
    struct CommandTests {
        static let arguments = [
            "", " ", "\r\n", "a\r\nb", "*1\r\n$8\r\nFLUSHALL\r\n", "$5\r\nhello\r\n", "*", "$", "$-1", "*-1\r\n", "\0",
            "\0\r\n\0",
            "한글 달 항아리", "🏛",
            "e\u{301}", "\"'`\\", "{a}", "\n", "\r", String(repeating: "x\r\n", count: 30_000),
        ]

        private func encoded(_ command: Command) -> String {
            var buffer = ByteBuffer()
            command.encode(into: &buffer)
            return String(buffer: buffer)
        }

        @Test func encoding() {
            #expect(encoded(Command("SET", "k", "한\r\n")) == "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\n한\r\n\r\n")
            #expect(encoded(Command("")) == "*1\r\n$0\r\n\r\n")
            #expect(encoded(Command(arguments: ["PING", .bytes([0x41, 0x0D])])) == "*2\r\n$4\r\nPING\r\n$2\r\nA\r\r\n")
            let script = Script(name: "s", source: "return 1")
            #expect(script.sha1 == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db")
            #expect(
                encoded(Command(script, keys: ["k"], arguments: ["a", "b"]))
                    == "*6\r\n$7\r\nEVALSHA\r\n$40\r\ne0e1f9fabfc9d4800c877a703b823ac0578ff8db\r\n$1\r\n1\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\nb\r\n"
            )
        }

        /// The memory for a command is as large as its size says, and writing past it would end the process.
        @Test(arguments: [0, 1, 9, 10, 99, 100, 1000, 100_000])
        func theSizeIsEnough(length: Int) throws {
            let text = String(repeating: "x", count: length)
            let bytes = Command.Argument.bytes([UInt8](repeating: 0xFF, count: length))
            let script = Script(name: text, source: "return '\(text)'")
            for count in [0, 1, 10, 100] {
                let texts = [String](repeating: length < 1000 ? text : "", count: count)
                let call = Command(script, keys: texts, rawArguments: [bytes] + texts.map { .text($0) })
                let whole = try #require(call.evalFallback)
                for command in [Command(texts), Command(arguments: [.text(text), bytes]), call, whole] {
                    var buffer = ByteBuffer()
                    command.encode(into: &buffer)
                    #expect(buffer.readableBytes <= command.encodedSize)
                }
                #expect(whole.evalFallback == nil && encoded(whole).hasPrefix("*\(4 + 2 * count)\r\n$4\r\nEVAL\r\n"))
            }
        }

        @Test func anArgumentStaysOneArgument() async throws {
            let server = try await RedisServer.start()
            let client = try server.client(patient)
            for argument in Self.arguments {
                #expect(try await client.send("SET", "key", argument) == .text("OK"))
                #expect(try await client.send("GET", "key") == .text(argument))
                #expect(try await client.send("SET", "key:" + argument, "1") == .text("OK"))
                #expect(try await client.send("HSET", "hash", argument, argument) == .integer(1))
            }
            #expect(try await client.send("DBSIZE") == .integer(Int64(Self.arguments.count + 2)))
            let fields = try await client.send("HGETALL", "hash").asFields()
            #expect(fields == Dictionary(uniqueKeysWithValues: Self.arguments.map { ($0, $0) }))
        }

        @Test func bytesAreSentUnchanged() async throws {
            let server = try await RedisServer.start()
            let client = try server.client(patient)
            let bytes = (0...255).map { UInt8($0) }
            #expect(try await client.send(Command(arguments: ["SET", "key", .bytes(bytes)])) == .text("OK"))
            #expect(try await client.send("GET", "key") == .bytes(bytes))
            #expect(try await client.send("STRLEN", "key") == .integer(256))
        }
    }
}
