import Tracing

/// The body of an OTLP request: opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest. The numbers are the fields'
/// in opentelemetry-proto 1.x.
struct OTLPEncoding: Sendable {
    /// What tells this process from others that serve the same service.
    let instance: @Sendable (_ service: String) -> String

    /// Spans of one service stand together.
    func request(_ spans: [RecordedSpan]) -> [UInt8] {
        var writer = ProtobufWriter()
        for (service, spans) in Dictionary(grouping: spans, by: \.serviceName) {
            writer.message(1) { resourceSpans in
                resourceSpans.message(1) { write(service, to: &$0) }
                resourceSpans.message(2) { scopeSpans in
                    scopeSpans.message(1) { $0.string(1, "skmuseum") }
                    for span in spans { scopeSpans.message(2) { Self.write(span, to: &$0) } }
                }
            }
        }
        return writer.bytes
    }

    /// The resource: the service in this process.
    private func write(_ service: String?, to resource: inout ProtobufWriter) {
        Self.write("service.name", .string(service.map { "skmuseum-" + $0 } ?? "skmuseum"), field: 1, to: &resource)
        if let service { Self.write("service.instance.id", .string(instance(service)), field: 1, to: &resource) }
        Self.write("telemetry.sdk.language", "swift", field: 1, to: &resource)
    }

    private static func write(_ span: RecordedSpan, to message: inout ProtobufWriter) {
        message.id(1, span.trace.trace)
        message.id(2, span.trace.span)
        message.string(3, span.trace.traceState ?? "")
        if let parent = span.parent { message.id(4, parent) }
        message.string(5, span.name)
        message.uint64(6, span.kind.number)
        message.fixed64(7, span.start)
        message.fixed64(8, span.end)
        write(span.attributes, field: 9, to: &message)
        for event in span.events {
            message.message(11) { inner in
                inner.fixed64(1, event.nanosecondsSinceEpoch)
                inner.string(2, event.name)
                write(event.attributes, field: 3, to: &inner)
            }
        }
        message.uint64(12, UInt64(span.droppedEvents))
        for link in span.links {
            guard let trace = link.context.traceContext else { continue }
            message.message(13) { inner in
                inner.id(1, trace.trace)
                inner.id(2, trace.span)
                inner.string(3, trace.traceState ?? "")
                write(link.attributes, field: 4, to: &inner)
                inner.fixed32(6, UInt32(trace.flags))
            }
        }
        message.uint64(14, UInt64(span.droppedLinks))
        if let status = span.status {
            message.message(15) { inner in
                inner.string(2, status.message ?? "")
                inner.uint64(3, status.code == .error ? 2 : 1)
            }
        }
        message.fixed32(16, UInt32(span.trace.flags))
    }

    private static func write(_ attributes: SpanAttributes, field: Int, to message: inout ProtobufWriter) {
        attributes.forEach { write($0, $1, field: field, to: &message) }
    }

    private static func write(_ key: String, _ value: SpanAttribute, field: Int, to message: inout ProtobufWriter) {
        message.message(field) { pair in
            pair.string(1, key)
            pair.message(2) { write(value, to: &$0) }
        }
    }

    /// AnyValue.
    private static func write(_ value: SpanAttribute, to message: inout ProtobufWriter) {
        switch value {
        case .string(let text): message.oneofString(1, text)
        case .stringConvertible(let value): message.oneofString(1, value.description)
        case .bool(let value): message.oneofBool(2, value)
        case .int32(let number): message.oneofInt64(3, Int64(number))
        case .int64(let number): message.oneofInt64(3, number)
        case .double(let number): message.oneofDouble(4, number)
        case .stringArray(let texts): write(texts.map { .string($0) }, to: &message)
        case .stringConvertibleArray(let values): write(values.map { .string($0.description) }, to: &message)
        case .boolArray(let values): write(values.map { .bool($0) }, to: &message)
        case .int32Array(let numbers): write(numbers.map { .int32($0) }, to: &message)
        case .int64Array(let numbers): write(numbers.map { .int64($0) }, to: &message)
        case .doubleArray(let numbers): write(numbers.map { .double($0) }, to: &message)
        default: break
        }
    }

    private static func write(_ values: [SpanAttribute], to message: inout ProtobufWriter) {
        message.message(5) { array in
            for value in values { array.message(1) { write(value, to: &$0) } }
        }
    }
}

extension SpanKind {
    fileprivate var number: UInt64 {
        switch self {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }
}
