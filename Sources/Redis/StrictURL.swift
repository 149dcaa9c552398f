import Foundation

/// A URL's parts, each decoded. Text that programs parse differently is refused, so that no part is dropped or misread.
///
/// The error messages never repeat the text, which may hold a password.
public struct StrictURL: Sendable {
    public let scheme: String
    public let user: String?
    public let password: String?
    /// Without brackets; empty where the URL names none.
    public let host: String
    public let port: Int?
    /// Decoded, with its leading slash.
    public let path: String
    /// The items behind `?` in their order; `nil` where there is no `?`.
    public let query: [(name: String, value: String)]?

    public struct Failure: Error, Equatable, CustomStringConvertible {
        public let description: String
        init(_ description: String) { self.description = description }
    }

    public init(_ text: String) throws(Failure) {
        guard text.unicodeScalars.allSatisfy(Self.isAllowed) else {
            throw Failure("it has a space or a control character in it")
        }
        guard let schemeEnd = text.range(of: "://") else { throw Failure("it is not a URL") }
        scheme = String(text[..<schemeEnd.lowerBound])
        var rest = text[schemeEnd.upperBound...]
        guard !rest.contains("#") else { throw Failure("it has a # in it; in a user or password write %23") }
        var query: Substring?
        if let mark = rest.firstIndex(of: "?") {
            query = rest[rest.index(after: mark)...]
            rest = rest[..<mark]
        }
        let pathStart = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<pathStart]
        // A / or ? in a password would end the host part before its @.
        guard authority.isEmpty || authority.contains("@") || !(rest[pathStart...].contains("@") || query?.contains("@") == true)
        else {
            throw Failure("it has an @ behind the host; in a user or password write %40 for @, %2F for / and %3F for ?")
        }
        (user, password, host, port) = try Self.authority(authority)
        path = try Self.decoded(rest[pathStart...], "path")
        self.query = if let query { try Self.items(query) } else { nil }
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.properties.isWhitespace && scalar.properties.generalCategory != .control
            && scalar.properties.generalCategory != .format
    }

    private static func decoded(_ text: Substring, _ part: String) throws(Failure) -> String {
        guard let decoded = text.removingPercentEncoding else {
            throw Failure("its \(part) has a % that does not encode a character; write %25 for %")
        }
        guard decoded.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
            throw Failure("its \(part) has a control character in it")
        }
        return decoded
    }

    private static func items(_ query: Substring) throws(Failure) -> [(name: String, value: String)] {
        var items: [(name: String, value: String)] = []
        for item in query.split(separator: "&", omittingEmptySubsequences: false) {
            guard let equals = item.firstIndex(of: "=") else {
                throw Failure("behind the ? it has something else than name=value")
            }
            let name = try decoded(item[..<equals], "query")
            guard !items.contains(where: { $0.name == name }) else { throw Failure("behind the ? it names something twice") }
            items.append((name, try decoded(item[item.index(after: equals)...], "query")))
        }
        return items
    }
}

/// What stands between `//` and the path.
extension StrictURL {
    private typealias Authority = (user: String?, password: String?, host: String, port: Int?)

    private static func authority(_ text: Substring) throws(Failure) -> Authority {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw Failure("it has several @ in it; in a user or password write %40") }
        let (host, port) = try hostAndPort(parts[parts.count - 1])
        guard parts.count == 2 else { return (nil, nil, host, port) }
        guard let colon = parts[0].firstIndex(of: ":") else {
            throw Failure("it has a user without a password; write user:password@")
        }
        let user = try decoded(parts[0][..<colon], "user")
        let password = try decoded(parts[0][parts[0].index(after: colon)...], "password")
        guard !password.isEmpty else { throw Failure("its password is empty; leave out everything up to the @") }
        return (user.isEmpty ? nil : user, password, host, port)
    }

    private static func hostAndPort(_ text: Substring) throws(Failure) -> (host: String, port: Int?) {
        var host = text
        var port: Substring?
        if text.hasPrefix("[") {
            guard let bracket = text.firstIndex(of: "]") else { throw Failure("an IPv6 address ends with ]") }
            let rest = text[text.index(after: bracket)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw Failure("behind an IPv6 address only :port may follow") }
            host = text[text.index(after: text.startIndex)..<bracket]
            port = rest.isEmpty ? nil : rest.dropFirst()
            var address = [UInt8](repeating: 0, count: 16)
            guard inet_pton(AF_INET6, String(host), &address) == 1 else {
                throw Failure("what stands in brackets is not an IPv6 address (a zone can't be used)")
            }
        } else {
            if let colon = text.firstIndex(of: ":") {
                host = text[..<colon]
                port = text[text.index(after: colon)...]
            }
            guard host.utf8.allSatisfy(isHostByte) else {
                throw Failure("a host has only letters, digits, dots and hyphens; an IPv6 address stands in brackets")
            }
        }
        guard let port else { return (String(host), nil) }
        guard !host.isEmpty else { throw Failure("it names a port and no host") }
        guard (1...5).contains(port.utf8.count), port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(port),
            (1...65_535).contains(number)
        else { throw Failure("a port is a number from 1 to 65535") }
        return (String(host), number)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
