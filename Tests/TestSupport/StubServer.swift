import Foundation

/// A TCP server in the place of a service: it keeps what it receives and responds as the test says.
public final class StubServer: Sendable {
    /// What it does after it has read the head of a request.
    public enum Behavior: Sendable {
        /// Sends this, and continues.
        case says(String)
        /// Sends this, and nothing after it.
        case saysThenHangs(String)
        case hangsUp
        /// Sends this, and closes the connection.
        case saysAndHangsUp(String)
        /// Closes the connection on which the next request comes, and after it sends this on every other.
        case hangsUpOnce(then: String)
        /// Sends this before it has read anything, and closes the connection.
        case saysFirst(String)
        /// Sends this slowly, a byte every 50 ms.
        case trickles(String)
    }

    private let listener: LocalListener
    private let requests = LockedBox<[String]>([])
    private let accepted = LockedBox(0)
    private let behavior: LockedBox<Behavior>

    /// - Parameter accepts: whether it accepts connections, or leaves them to the kernel.
    public init(_ behavior: Behavior, accepts: Bool = true) throws {
        self.behavior = LockedBox(behavior)
        listener = try LocalListener(backlog: accepts ? 64 : 0)
        guard accepts else { return }
        listener.accept { [requests, accepted, way = self.behavior] connection in
            accepted.update { $0 += 1 }
            Self.serve(connection, requests, way)
        }
    }

    public var port: Int { listener.port }
    public var url: String { "http://127.0.0.1:\(port)" }
    /// What it has been sent: head and body of each request, as they came.
    public var received: [String] { requests.value }
    /// How many connections it has accepted.
    public var connections: Int { accepted.value }
    public func change(_ behavior: Behavior) { self.behavior.value = behavior }

    private static func serve(_ connection: Int32, _ requests: LockedBox<[String]>, _ behavior: LockedBox<Behavior>) {
        if case .saysFirst(let answer) = behavior.value { write(answer, to: connection) }
        var unread = ""
        while let request = next(connection, &unread) {
            requests.update { $0.append(request) }
            switch behavior.value {
            case .says(let answer): write(answer, to: connection)
            case .saysThenHangs(let answer):
                write(answer, to: connection)
                var byte: UInt8 = 0
                _ = recv(connection, &byte, 1, 0)
                return
            case .hangsUp, .saysFirst: return
            case .saysAndHangsUp(let answer):
                write(answer, to: connection)
                return
            case .hangsUpOnce(let answer):
                behavior.value = .says(answer)
                return
            case .trickles(let answer):
                for byte in answer.utf8 {
                    guard write(String(UnicodeScalar(byte)), to: connection) else { return }
                    usleep(50_000)
                }
            }
        }
    }

    /// The next request, whose body is as long as its Content-Length says.
    private static func next(_ connection: Int32, _ unread: inout String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            if let end = unread.range(of: "\r\n\r\n") {
                let head = unread[..<end.upperBound]
                let length = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                    .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
                let body = unread[end.upperBound...]
                if body.utf8.count >= length ?? 0 {
                    let request = String(head) + String(decoding: body.utf8.prefix(length ?? 0), as: UTF8.self)
                    unread = String(unread.dropFirst(request.count))
                    return request
                }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            unread += String(decoding: buffer[..<count], as: UTF8.self)
        }
    }

    @discardableResult
    private static func write(_ text: String, to connection: Int32) -> Bool {
        let bytes = Array(text.utf8)
        return send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }
}
