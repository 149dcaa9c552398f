import Foundation

/// Many TCP connections, each on its own non-blocking socket; the owner polls all of them.
public final class RawConnections {
    /// One of them: the bytes it still has to send, and those it has received.
    public struct Member {
        public let descriptor: Int32
        public var unsent: ArraySlice<UInt8> = []
        /// Whether it says by a half-close that nothing more comes.
        public var endsWhenSent = false
        public var received: [UInt8] = []
        /// The other side has ended or reset the connection.
        public var isOver = false
        public var isReset = false
        /// Whether it takes what comes.
        public var reads = true

        public var text: String { String(decoding: received, as: UTF8.self) }
        /// The status lines that it has received.
        public var statuses: [Int] {
            text.components(separatedBy: "HTTP/1.1 ").dropFirst().compactMap { Int($0.prefix(3)) }
        }
    }

    public private(set) var members: [Member] = []

    public init() {}

    deinit { for member in members where member.descriptor >= 0 { close(member.descriptor) } }

    /// Connects some more.
    /// - Parameter receiveBuffer: bytes that the kernel takes for each; its own measure if `nil`.
    public func join(_ count: Int, port: Int, receiveBuffer: Int32? = nil) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        for _ in 0..<count {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            guard descriptor >= 0 else { throw Failed("no socket: \(String(cString: strerror(errno)))") }
            if var size = receiveBuffer {
                setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
            }
            let code = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard code == 0 || errno == EINPROGRESS else { throw Failed("no connection: \(String(cString: strerror(errno)))") }
            members.append(Member(descriptor: descriptor))
        }
    }

    public func say(_ text: String, to index: Int) { members[index].unsent += Array(text.utf8) }
    public func say(_ bytes: [UInt8], to index: Int) { members[index].unsent += bytes }
    public func sayToAll(_ text: String) {
        let bytes = Array(text.utf8)
        for index in members.indices { members[index].unsent += bytes }
    }

    /// Sends the rest of its bytes.
    public func sayLast(_ bytes: [UInt8], to index: Int) {
        say(bytes, to: index)
        members[index].endsWhenSent = true
    }

    public func stopReading(_ index: Int) { members[index].reads = false }
    public func goOnReading(_ index: Int) { members[index].reads = true }

    /// Takes what has come, up to so many bytes.
    public func read(_ index: Int, atMost limit: Int) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        var left = limit
        while left > 0 {
            let count = recv(members[index].descriptor, &buffer, min(left, buffer.count), 0)
            if count == 0 { members[index].isOver = true }
            guard count > 0 else { return }
            members[index].received += buffer[..<count]
            left -= count
        }
    }

    public func forget(_ index: Int) { members[index].received = [] }

    /// Closes the connection, with a reset if asked.
    public func leave(_ index: Int, reset: Bool = false) {
        guard members[index].descriptor >= 0 else { return }
        if reset {
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(members[index].descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }
        close(members[index].descriptor)
        members[index] = Member(descriptor: -1, isOver: true)
    }

    /// Sends and receives what is possible without blocking.
    public func turn() {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        for index in members.indices where members[index].descriptor >= 0 && !members[index].isOver {
            if !members[index].unsent.isEmpty {
                let sent = members[index].unsent.withUnsafeBytes {
                    send(members[index].descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if sent > 0 { members[index].unsent = members[index].unsent.dropFirst(sent) }
                if members[index].unsent.isEmpty, members[index].endsWhenSent {
                    shutdown(members[index].descriptor, Int32(SHUT_WR))
                }
            }
            while members[index].reads {
                let count = recv(members[index].descriptor, &buffer, buffer.count, 0)
                if count > 0 {
                    members[index].received += buffer[..<count]
                } else {
                    // Still connecting is no end.
                    if count == 0 || ![EAGAIN, EWOULDBLOCK, ENOTCONN, EINPROGRESS].contains(errno) {
                        members[index].isOver = true
                        members[index].isReset = count < 0
                    }
                    break
                }
            }
        }
    }

    /// Polls all connections until the condition holds.
    public func turn(until what: String, within limit: Duration, _ condition: (RawConnections) async throws -> Bool) async throws
    {
        try await eventually(what, within: limit) {
            turn()
            return try await condition(self)
        }
    }
}

/// One exchange on a connection of its own, byte by byte as given.
public enum RawExchange {
    public struct Outcome: Sendable {
        /// All that came back.
        public let text: String
        /// Whether the other side ended the connection.
        public let isOver: Bool
        /// The status of each answer, interim ones among them.
        public let statuses: [Int]
    }

    /// - Parameters:
    ///   - timeout: how long after the last byte, without an end, the exchange counts as over.
    ///   - responses: how many are waited for in any case, interim ones among them.
    public static func run(
        _ bytes: [UInt8], port: Int, timeout: Duration = .milliseconds(300), responses: Int = 1
    ) async throws -> Outcome {
        let connections = RawConnections()
        try connections.join(1, port: port)
        connections.say(bytes, to: 0)
        var quietSince = ContinuousClock.now
        var received = 0
        let limit = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < limit {
            connections.turn()
            let member = connections.members[0]
            if member.isOver { break }
            if member.received.count != received {
                received = member.received.count
                quietSince = .now
            }
            // An answer that has begun is waited for; one that has not may take its deadline.
            if received > 0, ContinuousClock.now - quietSince > timeout, member.statuses.count >= responses { break }
            try await Task.sleep(for: .milliseconds(1))
        }
        return Outcome(
            text: connections.members[0].text, isOver: connections.members[0].isOver, statuses: connections.members[0].statuses)
    }
}

extension MuseumProcess {
    /// Its resident memory in KiB, as the kernel counts it.
    public var residentMemory: Int {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line.flatMap { Int($0.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first ?? "") } ?? 0
    }

    /// Puts it before everything else on the machine, thread by thread, so that a time is its own and not the wait for a core.
    /// Needs root; without it nothing changes.
    public func runFirst() {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        for thread in threads.compactMap({ id_t($0) }) { _ = setpriority(.init(PRIO_PROCESS.rawValue), thread, -20) }
    }

    /// A series of the role's metrics.
    public func metric(_ name: String, of role: String) async throws -> Double? {
        let text = try await Visitor(url(role)).get("/metrics").text
        return text.split(separator: "\n").first { $0.hasPrefix(name + " ") }.flatMap { Double($0.dropFirst(name.count + 1)) }
    }
}
