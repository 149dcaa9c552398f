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

    let port: Int
    private let listener: Int32
    /// How many connections are open at the moment.
    let connections = LockedBox(0)

    init(_ answer: @escaping @Sendable ([String]) -> Answer) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        port = try FreePorts.take(1)[0]
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let (listener, size) = (listener, socklen_t(MemoryLayout<sockaddr_in>.size))
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, size) }
        }
        guard bound == 0, listen(listener, 16) == 0 else { throw Failed("no socket") }
        Thread.detachNewThread { [connections] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                connections.update { $0 += 1 }
                Thread.detachNewThread {
                    Self.serve(connection, answer)
                    connections.update { $0 -= 1 }
                }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private static func serve(_ connection: Int32, _ answer: @Sendable ([String]) -> Answer) {
        defer { close(connection) }
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
