import Synchronization
public import Tracing

/// A span of ``W3CTracer``. One that does not record ignores all it is told: ask ``isRecording`` before making attributes.
public struct W3CSpan: Span {
    public let context: ServiceContext
    let recording: Recording?

    public var isRecording: Bool { recording?.read { _ in true } ?? false }

    public var operationName: String {
        get { recording?.read(\.name) ?? "" }
        nonmutating set { recording?.change { $0.name = newValue } }
    }

    public var attributes: SpanAttributes {
        get { recording?.read(\.attributes) ?? [:] }
        nonmutating set { recording?.change { $0.attributes = newValue } }
    }

    public func setStatus(_ status: SpanStatus) { recording?.change { $0.status = status } }
    public func addEvent(_ event: SpanEvent) { recording?.change { $0.add(event) } }
    public func addLink(_ link: SpanLink) { recording?.change { $0.add(link) } }

    public func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        guard let recording else { return }
        // OpenTelemetry's names for exceptions.
        var all: SpanAttributes = [
            "exception.type": .string(String(reflecting: type(of: error))), "exception.message": .string("\(error)"),
        ]
        all.merge(attributes)
        let event = SpanEvent(name: "exception", at: instant(), attributes: all)
        recording.change { $0.add(event) }
    }

    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        recording?.end(at: instant().nanosecondsSinceEpoch)
    }
}

/// A span while it is recorded.
final class Recording: Sendable {
    /// `nil` once it has ended.
    private let span: Mutex<RecordedSpan?>
    private let exporter: SpanExporter

    init(_ span: RecordedSpan, exporter: SpanExporter) {
        self.span = Mutex(span)
        self.exporter = exporter
    }

    var service: String? { read(\.serviceName) ?? nil }

    func read<Value: Sendable>(_ part: (RecordedSpan) -> Value) -> Value? { span.withLock { $0.map(part) } }

    func change(_ change: (inout RecordedSpan) -> Void) {
        span.withLock { span in
            if span != nil { change(&span!) }
        }
    }

    /// Only the first end counts.
    func end(at nanoseconds: UInt64) {
        let ended = span.withLock { span in
            defer { span = nil }
            return span
        }
        guard var ended else { return }
        ended.end = nanoseconds
        exporter.add(ended)
    }
}

/// What is known of a span.
struct RecordedSpan: Sendable {
    let trace: TraceContext
    /// The parent's span id.
    let parent: UInt64?
    let kind: SpanKind
    var name: String
    /// Nanoseconds since 1970, as ``end``.
    let start: UInt64
    var end: UInt64 = 0
    var attributes: SpanAttributes = [:]
    var status: SpanStatus?
    private(set) var events: [SpanEvent] = []
    private(set) var droppedEvents = 0
    private(set) var links: [SpanLink] = []
    private(set) var droppedLinks = 0
    private let parentService: String?

    /// Events that one span may have, and links: OpenTelemetry's default.
    private static let most = 128

    init(trace: TraceContext, parent: UInt64?, kind: SpanKind, name: String, start: UInt64, service: String?) {
        self.trace = trace
        self.parent = parent
        self.kind = kind
        self.name = name
        self.start = start
        parentService = service
    }

    /// The service whose work it is: its own attribute, or else its parent's.
    var serviceName: String? {
        if case .string(let name)? = attributes.get("skmuseum.service") { return name }
        return parentService
    }

    mutating func add(_ event: SpanEvent) {
        if events.count < Self.most { events.append(event) } else { droppedEvents += 1 }
    }

    mutating func add(_ link: SpanLink) {
        if links.count < Self.most { links.append(link) } else { droppedLinks += 1 }
    }
}
