public import Tracing

/// A place in a trace, as the header fields `traceparent` and `tracestate` say it (W3C Trace Context, levels 1 and 2).
public struct TraceContext: Sendable, Equatable {
    /// Not 0.
    let trace: UInt128
    /// Not 0.
    let span: UInt64
    /// The flags that are defined: sampled, and level 2's random-trace-id.
    let flags: UInt8
    /// What vendors add, passed on as it came.
    public let traceState: String?

    private static let sampled: UInt8 = 0x01
    private static let definedFlags: UInt8 = 0x03
    private static let random = RandomNumbers()
    /// Systems pass on at least so much (W3C Trace Context, 3.3.1.5). A longer one is left out.
    private static let traceStateLimit = 512

    /// - Returns: `nil` if `traceparent` is not valid. Then `tracestate` is not used either.
    public init?(traceparent: String, tracestate: String? = nil) {
        var traceparent = traceparent
        guard let (trace, span, flags) = traceparent.withUTF8({ Self.read($0) }) else { return nil }
        self.trace = trace
        self.span = span
        self.flags = flags
        self.traceState = tracestate.flatMap { Self.isPassedOn($0) ? $0 : nil }
    }

    private static func read(_ traceparent: UnsafeBufferPointer<UInt8>) -> (trace: UInt128, span: UInt64, flags: UInt8)? {
        var reader = HexReader(bytes: traceparent.makeIterator())
        guard let version = reader.number(digits: 2), version != 0xFF,
            reader.dash(), let high = reader.number(digits: 16), let low = reader.number(digits: 16), high | low != 0,
            reader.dash(), let span = reader.number(digits: 16), span != 0,
            reader.dash(), let flags = reader.number(digits: 2)
        else { return nil }
        switch reader.bytes.next() {
        case nil: break
        // A later version may add something behind another dash.
        case UInt8(ascii: "-") where version > 0: break
        default: return nil
        }
        return (UInt128(high) << 64 | UInt128(low), span, UInt8(flags) & definedFlags)
    }

    private init(trace: UInt128, span: UInt64, flags: UInt8, traceState: String?) {
        self.trace = trace
        self.span = span
        self.flags = flags
        self.traceState = traceState
    }

    /// The first span of a new trace.
    static func newTrace(isSampled: Bool) -> TraceContext {
        TraceContext(
            trace: UInt128(random.next()) << 64 | UInt128(random.next()), span: random.next(), flags: isSampled ? sampled : 0,
            traceState: nil)
    }

    /// Another span of the same trace.
    func newSpan() -> TraceContext {
        TraceContext(trace: trace, span: Self.random.next(), flags: flags, traceState: traceState)
    }

    /// Of the code that is running.
    public static var current: TraceContext? { ServiceContext.current?.traceContext }

    public var isSampled: Bool { flags & Self.sampled != 0 }

    /// 32 hexadecimal digits.
    public var traceId: String {
        String(unsafeUninitializedCapacity: 32) { buffer in
            Self.write(trace, to: buffer, at: 0)
            return 32
        }
    }

    /// The header field's value, of version 00.
    public var traceparent: String {
        String(unsafeUninitializedCapacity: 55) { buffer in
            buffer.initialize(repeating: UInt8(ascii: "-"))
            Self.write(0, digits: 2, to: buffer, at: 0)
            Self.write(trace, to: buffer, at: 3)
            Self.write(span, digits: 16, to: buffer, at: 36)
            Self.write(UInt64(flags), digits: 2, to: buffer, at: 53)
            return 55
        }
    }

    private static func write(_ trace: UInt128, to buffer: UnsafeMutableBufferPointer<UInt8>, at start: Int) {
        write(UInt64(truncatingIfNeeded: trace >> 64), digits: 16, to: buffer, at: start)
        write(UInt64(truncatingIfNeeded: trace), digits: 16, to: buffer, at: start + 16)
    }

    private static func write(_ number: UInt64, digits: Int, to buffer: UnsafeMutableBufferPointer<UInt8>, at start: Int) {
        var rest = number
        for index in (start..<start + digits).reversed() {
            let digit = UInt8(truncatingIfNeeded: rest) & 0x0F
            buffer[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            rest >>= 4
        }
    }

    private static func isPassedOn(_ tracestate: String) -> Bool {
        (1...traceStateLimit).contains(tracestate.utf8.count)
            && tracestate.utf8.allSatisfy { (0x20...0x7E).contains($0) || $0 == UInt8(ascii: "\t") }
    }
}

/// Reads lower-case hexadecimal numbers and the dashes between them.
private struct HexReader {
    var bytes: UnsafeBufferPointer<UInt8>.Iterator

    /// - Parameter digits: at most 16.
    mutating func number(digits: Int) -> UInt64? {
        var number: UInt64 = 0
        for _ in 0..<digits {
            switch bytes.next() {
            case .some(let byte) where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte):
                number = number << 4 | UInt64(byte - UInt8(ascii: "0"))
            case .some(let byte) where (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte):
                number = number << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return number
    }

    mutating func dash() -> Bool { bytes.next() == UInt8(ascii: "-") }
}

extension ServiceContext {
    private enum TraceContextKey: ServiceContextKey { typealias Value = TraceContext }

    public var traceContext: TraceContext? {
        get { self[TraceContextKey.self] }
        set { self[TraceContextKey.self] = newValue }
    }
}
