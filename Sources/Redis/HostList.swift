import Foundation

/// A URL that may name several hosts, separated by commas.
struct HostList {
    private let urls: [StrictURL]

    var count: Int { urls.count }

    /// With the first of the hosts. All else is the same in each.
    var first: StrictURL { urls[0] }

    init(_ text: String) throws(RedisEndpoint.InvalidURL) {
        var urls: [StrictURL] = []
        for url in Self.split(text) {
            do {
                urls.append(try StrictURL(url))
            } catch {
                throw RedisEndpoint.InvalidURL(error.description)
            }
        }
        self.urls = urls
    }

    /// - Throws: if a host is missing or named twice.
    func addresses(defaultPort: Int) throws(RedisEndpoint.InvalidURL) -> [RedisEndpoint.Address] {
        var addresses: [RedisEndpoint.Address] = []
        for url in urls {
            guard !url.host.isEmpty else { throw RedisEndpoint.InvalidURL("it names no host") }
            let address = RedisEndpoint.Address.tcp(host: url.host, port: url.port ?? defaultPort)
            guard !addresses.contains(address) else { throw RedisEndpoint.InvalidURL("it names \(address) twice") }
            addresses.append(address)
        }
        return addresses
    }

    /// The URL with each of its hosts; the text itself if it has no list of hosts.
    private static func split(_ text: String) -> [String] {
        guard let scheme = text.range(of: "://") else { return [text] }
        let end = text[scheme.upperBound...].firstIndex { "/?#".contains($0) } ?? text.endIndex
        let authority = text[scheme.upperBound..<end]
        let start = authority.lastIndex(of: "@").map { authority.index(after: $0) } ?? authority.startIndex
        return text[start..<end].split(separator: ",", omittingEmptySubsequences: false).map {
            String(text[..<start]) + $0 + text[end...]
        }
    }
}
