import Foundation
import NIOCore
import NIOHTTP1

/// Behind the parser: refuses heads that two servers could understand in two ways (RFC 9112, 3, 6 and 11.2), and settles what
/// the rest of the deployment need not know: absolute targets, HTTP/1.0, offers to upgrade, `Expect`.
final class RequestValidationHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Why a head was refused. Nothing of it, or behind it, has been passed on.
    struct Violation: Error { let what: String }

    private let requestLine: RequestLineHandler
    private let isResponseDue: () -> Bool
    private var hasEnded = false

    /// - Parameters:
    ///   - requestLine: told what the parser has read.
    ///   - isResponseDue: whether an earlier request has not been responded to yet.
    init(_ requestLine: RequestLineHandler, isResponseDue: @escaping () -> Bool) {
        self.requestLine = requestLine
        self.isResponseDue = isResponseDue
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        switch part {
        case .head: requestLine.headEnded()
        case .body: break
        case .end: requestLine.requestEnded()
        }
        if hasEnded { return }
        guard case .head(var head) = part else { return context.fireChannelRead(data) }
        let fields = DecisiveFields(head.headers)
        let target: String
        do throws(Violation) {
            try fields.check(version: head.version)
            target = try Self.originForm(head)
        } catch {
            hasEnded = true
            return context.fireErrorCaught(error)
        }
        if head.version.minor == 1, fields.waitsForContinue, !isResponseDue() {
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
        }
        // The parser reads nothing behind an offer to upgrade, and we take up none; HTTP/1.0 ends with the response.
        let closes = head.version.minor == 0 || fields.hasUpgrade
        // Most heads stay as they are.
        if !closes, target == head.uri { return context.fireChannelRead(data) }
        head.uri = target
        if closes { head.headers.replaceOrAdd(name: "Connection", value: "close") }
        // CSV is streamed, and HTTP/1.0 could not tell a body that was cut off from a whole one: such a client gets JSON.
        if head.version.minor == 0, head.headers["Accept"].contains(where: { $0.lowercased().contains("text/") }) {
            head.headers.remove(name: "Accept")
        }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    /// The target as a path and a query: `http://host/path` becomes `/path`, anything else that is no path is refused.
    private static func originForm(_ head: HTTPRequestHead) throws(Violation) -> String {
        // Most targets are a path alone.
        if head.method != .CONNECT, isPath(head.uri.utf8), !head.uri.utf8.contains(UInt8(ascii: "?")) { return head.uri }
        var target = head.uri[...]
        if target.utf8.first != UInt8(ascii: "/"), let scheme = target.range(of: "://"),
            ["http", "https"].contains(target[..<scheme.lowerBound].lowercased())
        {
            target = target[scheme.upperBound...].drop { $0 != "/" && $0 != "?" }
            if !target.hasPrefix("/") { target = "/" + target }
        }
        guard head.method != .CONNECT, isPath(target.utf8) else { throw Violation(what: "the target is no path") }
        return RequestTarget.normalized(target)
    }

    private static func isPath(_ target: some Sequence<UInt8>) -> Bool {
        target.first { _ in true } == UInt8(ascii: "/") && target.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

/// The fields of a head that say whom it is for and where it ends, gathered in one pass.
private struct DecisiveFields {
    private var hosts: [String] = []
    private var lengths: [String] = []
    private var codings: [String] = []
    private var contentType: String?
    private var expectation: String?
    private(set) var hasUpgrade = false

    init(_ headers: HTTPHeaders) {
        for (name, value) in headers {
            switch name.utf8.count {
            case 4 where name.lowercased() == "host": hosts.append(value)
            case 12 where name.lowercased() == "content-type": contentType = value
            case 14 where name.lowercased() == "content-length": lengths.append(value)
            case 17 where name.lowercased() == "transfer-encoding": codings.append(value)
            case 6 where name.lowercased() == "expect": expectation = value
            case 7 where name.lowercased() == "upgrade": hasUpgrade = true
            default: break
            }
        }
    }

    /// No 100 Continue if Content-Length is above 64 KiB, or of CSV above its limit: the request gets 413.
    var waitsForContinue: Bool {
        guard expectation?.lowercased() == "100-continue" else { return false }
        let isCSV = contentType?.lowercased().hasPrefix(ContentNegotiation.csv) ?? false
        let limit = isCSV ? AppRouter.csvBodyLimit : HTTPServerLimits.bodyAfterAnswer
        return lengths.allSatisfy { Int($0) ?? 0 <= limit }
    }

    func check(version: HTTPVersion) throws(RequestValidationHandler.Violation) {
        guard hosts.count == 1 || (hosts.isEmpty && version.minor == 0) else {
            throw .init(what: hosts.isEmpty ? "Host is missing" : "Host is there more than once")
        }
        guard hosts.allSatisfy({ $0.utf8.allSatisfy(Self.fitsHost) }) else { throw .init(what: "Host is invalid") }
        guard lengths.isEmpty || codings.isEmpty else {
            throw .init(what: "Content-Length and Transfer-Encoding exclude each other")
        }
        guard lengths.count <= 1, codings.count <= 1 else { throw .init(what: "the body's length is there more than once") }
        if let length = lengths.first {
            let isDigit = { (byte: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
            guard (1...15).contains(length.utf8.count), length.utf8.allSatisfy(isDigit) else {
                throw .init(what: "Content-Length is no number of bytes")
            }
        }
        guard let coding = codings.first else { return }
        guard coding.lowercased() == "chunked" else { throw .init(what: "Transfer-Encoding must be chunked") }
        guard version.minor == 1 else { throw .init(what: "HTTP/1.0 has no Transfer-Encoding") }
    }

    private static func fitsHost(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && !"/?#@\\,\"<>".utf8.contains(byte)
    }
}
