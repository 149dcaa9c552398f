/// The text of a W3C trace context, as headers and events carry it: `<version>-<trace id>-<span id>-<flags>`.
public enum Traceparent {
    /// The 32 hexadecimal digits that all spans of a trace have in common.
    public static func traceId(in traceparent: String) -> Substring { traceparent.dropFirst(3).prefix(32) }
}
