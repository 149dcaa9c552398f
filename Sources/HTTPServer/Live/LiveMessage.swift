public import NIOCore

/// One document of a live stream.
public struct LiveMessage: Sendable {
    /// Whose it is, where a stream may be of one topic only.
    let topic: String
    /// JSON in one line.
    let data: ByteBuffer
    /// Whether it says that documents are missing.
    var isGap = false

    /// - Parameter topic: whose it is, such as a visitor; empty where all watchers get all.
    public init(_ resource: some HALResource, topic: String = "") {
        var writer = JSONWriter()
        resource.write(to: &writer)
        self.init(data: writer.buffer, topic: topic)
    }

    /// - Parameter data: in one line.
    public init(data: ByteBuffer, topic: String = "") {
        self.topic = topic
        self.data = data
    }

    init(isGap: Bool) {
        self.init(data: ByteBuffer(string: "{}"))
        self.isGap = isGap
    }

    /// As it is sent (Server-Sent Events, HTML Living Standard, 9.2).
    func event(at position: String) -> ByteBuffer {
        if isGap { return LiveEvent.reset(position) }
        var bytes = ByteBuffer(string: "id: \(position)\ndata: ")
        bytes.writeImmutableBuffer(data)
        bytes.writeString("\n\n")
        return bytes
    }
}

enum LiveEvent {
    /// Only tells how far the stream is.
    static func position(_ position: String) -> ByteBuffer { ByteBuffer(string: "id: \(position)\n\n") }
    /// Tells that changes may be missing: the client must read the collection again.
    static func reset(_ position: String) -> ByteBuffer { ByteBuffer(string: "event: reset\nid: \(position)\ndata: {}\n\n") }
    /// How long a browser waits before it connects again: not all at the same moment.
    static func retry() -> ByteBuffer { ByteBuffer(string: "retry: \(2000 + Int.random(in: 0..<3000))\n") }
}

/// How far a live stream is: the time of the newest event that has been read, in milliseconds since 1970, by the clock of Redis.
/// Opaque to clients. The same in every process, so that a client may go on elsewhere.
public struct LivePosition: Sendable, Equatable {
    public let milliseconds: UInt64

    public init(milliseconds: UInt64) { self.milliseconds = milliseconds }

    /// - Parameter text: as a client sends it back; `nil` where it can't be one of ours.
    public init?(_ text: String) {
        guard (1...15).contains(text.utf8.count), let number = UInt64(text), String(number) == text else { return nil }
        milliseconds = number
    }

    public var text: String { String(milliseconds) }

    /// Clocks of several Redis servers differ by less.
    public static let overlap: UInt64 = 5_000
}
