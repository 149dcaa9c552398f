import Foundation
import TestSupport

/// A TCP server that speaks as much Redis as a test lets it. It serves one connection after another, each on its own thread.
final class StubRedisServer: Sendable {
    /// What a command is answered with, and how the connection goes on.
    struct Answer: Sendable {
        enum After { case continues, closes, stalls }
        let bytes: String
        var after = After.continues
    }

    private let listener: LocalListener
    /// How many connections are open at the moment.
    let connections = LockedBox(0)

    init(_ answer: @escaping @Sendable ([String]) -> Answer) throws {
        listener = try LocalListener(backlog: 16)
        listener.accept { [connections] connection in
            connections.update { $0 += 1 }
            Self.serve(connection, answer)
            connections.update { $0 -= 1 }
        }
    }

    var port: Int { listener.port }

    private static func serve(_ connection: Int32, _ answer: @Sendable ([String]) -> Answer) {
        var unread = ""
        var isSilent = false
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            while !isSilent, let arguments = command(from: &unread) {
                let answer = answer(arguments)
                let bytes = Array(answer.bytes.utf8)
                _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
                if answer.after == .closes { return }
                isSilent = answer.after == .stalls
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            unread += String(decoding: buffer[..<count], as: UTF8.self)
        }
    }

    /// The next whole command, none of whose arguments holds a line's end.
    private static func command(from unread: inout String) -> [String]? {
        let lines = unread.split(separator: "\r\n", omittingEmptySubsequences: false)
        guard let count = lines.first.flatMap({ Int($0.dropFirst()) }), lines.count > 1 + 2 * count else { return nil }
        unread = lines.dropFirst(1 + 2 * count).joined(separator: "\r\n")
        return (0..<count).map { String(lines[2 + 2 * $0]) }
    }
}
