import NIOCore

/// Reads Server-Sent Events piece by piece (HTML Living Standard, 9.2.6), as the museum's services write them.
struct ServerSentEvents {
    struct Event: Equatable {
        var id: String?
        var type = "message"
        var data: String?
    }

    /// Of one event.
    private static let longest = 64 << 10

    private var rest: [UInt8] = []
    private var current = Event()

    /// - Returns: the events that are complete; `nil` if this is no such stream.
    mutating func add(_ piece: ByteBuffer) -> [Event]? {
        rest += piece.readableBytesView
        var events: [Event] = []
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: rest[..<end], as: UTF8.self)
            rest.removeSubrange(...end)
            if line.isEmpty {
                if current != Event() { events.append(current) }
                current = Event()
            } else {
                read(line)
            }
        }
        return rest.count <= Self.longest ? events : nil
    }

    private mutating func read(_ line: String) {
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return }
        let value = String(parts[1].first == " " ? parts[1].dropFirst() : parts[1])
        switch parts[0] {
        case "id": current.id = value
        case "event": current.type = value
        case "data": current.data = value
        // Comments, and how long to wait.
        default: break
        }
    }
}
