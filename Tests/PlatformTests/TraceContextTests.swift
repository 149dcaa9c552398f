import Testing
import Tracing

@testable import Platform

/// `traceparent` and `tracestate` as W3C Trace Context has them.
struct TraceContextTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let span = "b7ad6b7169203331"

    @Test(arguments: [
        ("00-\(trace)-\(span)-01", "00-\(trace)-\(span)-01"), ("00-\(trace)-\(span)-00", "00-\(trace)-\(span)-00"),
        // Level 2's random flag stays; flags that no level defines do not.
        ("00-\(trace)-\(span)-03", "00-\(trace)-\(span)-03"), ("00-\(trace)-\(span)-ff", "00-\(trace)-\(span)-03"),
        ("00-\(trace)-\(span)-08", "00-\(trace)-\(span)-00"),
        ("00-00000000000000000000000000000001-0000000000000001-01", "00-00000000000000000000000000000001-0000000000000001-01"),
        // Later versions are read as far as they are known, and passed on as version 00.
        ("01-\(trace)-\(span)-01", "00-\(trace)-\(span)-01"), ("cc-\(trace)-\(span)-01-what-follows", "00-\(trace)-\(span)-01"),
        ("fe-\(trace)-\(span)-01-", "00-\(trace)-\(span)-01"),
    ])
    func valid(text: String, passedOn: String) throws {
        let context = try #require(TraceContext(traceparent: text))
        #expect(context.traceparent == passedOn)
        #expect(context.isSampled == (passedOn.hasSuffix("1") || passedOn.hasSuffix("3")))
        #expect(context.traceId == passedOn.dropFirst(3).prefix(32))
    }

    @Test(arguments: [
        "", "-", "00", "00-\(trace)", "00-\(trace)-\(span)", "00-\(trace)-\(span)-", "00-\(trace)-\(span)-1",
        "ff-\(trace)-\(span)-01", "0-\(trace)-\(span)-01", "000-\(trace)-\(span)-01", "0x-\(trace)-\(span)-01",
        "FE-\(trace)-\(span)-01", "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
        "00-\(trace.uppercased())-\(span)-01", "00-\(trace)-\(span.uppercased())-01", "00-\(trace)-\(span)-0A",
        "00-\(trace)0-\(span)-01", "00-\(trace.dropLast())-\(span)-01", "00-\(trace)-\(span)0-01",
        "00-\(trace.dropLast())g-\(span)-01", "00-\(trace)-\(span.dropLast()).-01", "00_\(trace)_\(span)_01",
        "00-\(trace)-\(span)-01-", "00-\(trace)-\(span)-01-what-follows", "00-\(trace)-\(span)-01 ",
        " 00-\(trace)-\(span)-01", "00-\(trace)-\(span)-01\n", "01-\(trace)-\(span)-01.what", "01-\(trace)-\(span)-012",
        "00-\(trace)-\(span)-01,00-\(trace)-\(span)-01", "00-\(trace)-\(span)-01, 00-\(trace)-\(span)-01",
        "00-\(trace)-\(span)-٠١", "00-\(trace.dropLast())\u{301}-\(span)-01",
    ])
    func invalid(text: String) {
        #expect(TraceContext(traceparent: text, tracestate: "a=1") == nil)
    }

    @Test(arguments: [
        ("a=1", true), ("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", true), ("a=1,\tb=2", true),
        (String(repeating: "x", count: 512), true), (String(repeating: "x", count: 513), false), ("", false),
        ("a=1\r\nX: y", false), ("a=\u{0}", false), ("a=é", false),
    ])
    func traceState(text: String, isPassedOn: Bool) throws {
        let context = try #require(TraceContext(traceparent: "00-\(Self.trace)-\(Self.span)-01", tracestate: text))
        #expect(context.traceState == (isPassedOn ? text : nil))
    }

    @Test func newTracesAndSpans() {
        let first = TraceContext.newTrace(isSampled: true)
        let other = TraceContext.newTrace(isSampled: false)
        #expect(first.isSampled && !other.isSampled && first.trace != other.trace && first.span != other.span)
        let child = first.newSpan()
        #expect(child.trace == first.trace && child.span != first.span && child.isSampled)
        for context in [first, other, child] { #expect(TraceContext(traceparent: context.traceparent) == context) }
    }
}
