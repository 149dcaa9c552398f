import NIOCore
import NIOHTTP1
import NIOPosix

/// An OTLP receiver: it reads the spans that it is sent, and responds as the test says.
public final class TraceReceiver: Sendable {
    /// What it does with a request that is complete.
    public enum Behavior: Sendable {
        case responds(Int)
        case hangs
    }

    public let port: Int
    private let channel: any Channel
    private let requests: LockedBox<[OTLPRequest]>
    private let behavior: LockedBox<Behavior>

    public init(_ behavior: Behavior = .responds(200)) async throws {
        let (requests, way) = (LockedBox<[OTLPRequest]>([]), LockedBox(behavior))
        self.requests = requests
        self.behavior = way
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(requests: requests, behavior: way))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    deinit { channel.close(promise: nil) }

    public var url: String { "http://127.0.0.1:\(port)" }
    /// All that it has been sent.
    public var received: [OTLPRequest] { requests.value }
    /// The spans of requests that it has taken.
    public var spans: [OTLPSpan] { received.filter(\.isTaken).flatMap(\.spans) }
    public func change(_ behavior: Behavior) { self.behavior.value = behavior }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let requests: LockedBox<[OTLPRequest]>
        private let behavior: LockedBox<Behavior>
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(requests: LockedBox<[OTLPRequest]>, behavior: LockedBox<Behavior>) {
            self.requests = requests
            self.behavior = behavior
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = []
            case .body(let piece): body += piece.readableBytesView
            case .end:
                guard let head else { return }
                let behavior = behavior.value
                var isTaken = false
                if case .responds(200..<300) = behavior { isTaken = true }
                requests.update {
                    $0.append(
                        OTLPRequest(
                            path: head.uri, contentType: head.headers.first(name: "Content-Type") ?? "", body: body,
                            isTaken: isTaken))
                }
                guard case .responds(let status) = behavior else { return }
                let response = HTTPResponseHead(
                    version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: ["Content-Length": "0"])
                context.write(wrapOutboundOut(.head(response)), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}

/// One request to a ``TraceReceiver``.
public struct OTLPRequest: Sendable {
    public let path: String
    public let contentType: String
    public let body: [UInt8]
    public let isTaken: Bool

    public init(path: String, contentType: String, body: [UInt8], isTaken: Bool) {
        self.path = path
        self.contentType = contentType
        self.body = body
        self.isTaken = isTaken
    }

    public var spans: [OTLPSpan] {
        ProtobufFields(body).messages(1).flatMap { resourceSpans in
            let resource = resourceSpans.messages(1).first?.attributes(1) ?? [:]
            return resourceSpans.messages(2).flatMap { $0.messages(2) }.map { OTLPSpan(resource: resource, fields: $0) }
        }
    }
}

/// A span as a receiver reads it. Field numbers are those of opentelemetry-proto's `trace.proto`.
public struct OTLPSpan: Sendable {
    public let resource: [String: String]
    public let fields: ProtobufFields

    public var traceId: String { fields.hex(1) }
    public var spanId: String { fields.hex(2) }
    public var traceState: String { fields.text(3) }
    public var parentSpanId: String { fields.hex(4) }
    public var name: String { fields.text(5) }
    /// 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    public var kind: UInt64 { fields.number(6) }
    public var start: UInt64 { fields.number(7) }
    public var end: UInt64 { fields.number(8) }
    public var attributes: [String: String] { fields.attributes(9) }
    public var events: [ProtobufFields] { fields.messages(11) }
    public var links: [ProtobufFields] { fields.messages(13) }
    /// 0 unset, 1 OK, 2 error.
    public var status: UInt64 { fields.messages(15).first?.number(3) ?? 0 }
}

/// A protobuf message, field by field. What is cut off is left out.
public struct ProtobufFields: Sendable {
    private enum Value: Sendable {
        case number(UInt64)
        case bytes([UInt8])
    }

    private var fields: [(number: Int, value: Value)] = []

    public init(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while let tag = Self.varint(&rest) {
            let value: Value
            switch tag & 7 {
            case 0:
                guard let number = Self.varint(&rest) else { return }
                value = .number(number)
            case 2:
                guard let count = Self.varint(&rest).map({ Int($0) }), count <= rest.count else { return }
                value = .bytes(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            case 1, 5:
                let count = tag & 7 == 1 ? 8 : 4
                guard rest.count >= count else { return }
                value = .number(rest.prefix(count).reversed().reduce(0) { $0 << 8 | UInt64($1) })
                rest = rest.dropFirst(count)
            default: return
            }
            fields.append((Int(tag >> 3), value))
        }
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst() {
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
            shift += 7
        }
        return nil
    }

    private func bytes(_ field: Int) -> [[UInt8]] {
        fields.compactMap { if $0.number == field, case .bytes(let bytes) = $0.value { bytes } else { nil } }
    }

    public func messages(_ field: Int) -> [ProtobufFields] { bytes(field).map { ProtobufFields($0) } }
    public func text(_ field: Int) -> String { bytes(field).first.map { String(decoding: $0, as: UTF8.self) } ?? "" }

    public func hex(_ field: Int) -> String {
        (bytes(field).first ?? []).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    public func number(_ field: Int) -> UInt64 {
        for case (field, .number(let number)) in fields { return number }
        return 0
    }

    /// A list of `KeyValue`, each value as text.
    public func attributes(_ field: Int) -> [String: String] {
        Dictionary(messages(field).map { ($0.text(1), $0.messages(2).first?.anyValue ?? "") }) { $1 }
    }

    private var anyValue: String {
        for (number, value) in fields {
            switch (number, value) {
            case (1, .bytes(let bytes)): return String(decoding: bytes, as: UTF8.self)
            case (2, .number(let number)): return number == 0 ? "false" : "true"
            case (3, .number(let number)): return String(Int64(bitPattern: number))
            case (4, .number(let bits)): return "\(Double(bitPattern: bits))"
            case (5, .bytes(let bytes)): return "\(ProtobufFields(bytes).messages(1).map(\.anyValue))"
            default: continue
            }
        }
        return ""
    }
}
