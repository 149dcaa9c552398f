public import Configuration
public import Foundation
public import Logging
import NIOCore
public import Redis

/// All that can be configured, read once and checked before anything listens.
public struct Settings: Sendable {
    /// `nil`: the embedded server.
    public let redis: RedisEndpoint?
    /// `nil`: the same server as ``redis``.
    public let myPageRedis: RedisEndpoint?
    /// The same server as ``redis`` with a user who may read and change all data, for `/admin`; `nil`: ``redis``.
    public let operatorRedis: RedisEndpoint?
    /// An IP address, or `localhost`.
    public let bindAddress: String
    /// The port of each role, by its name: 1 to 65535, all different.
    public let ports: [String: Int]
    /// The names of port variables that Kubernetes has set for a Service of that name. They say nothing about this process.
    public let ignoredServiceLinks: [String]
    /// Where to find the roles that are not in this process, by name.
    public let upstreams: [String: [String]]
    /// `nil`: host name and the role's port.
    public let instanceId: String?
    /// Over how many partitions new exhibitions are spread, 1 to 64.
    public let partitions: Int
    /// Minimum retention of events. An event that a subscriber has not applied stays longer.
    public let eventRetention: Duration
    /// When a write counts as done.
    public let durability: Durability
    /// Asia/Seoul by default.
    public let timeZone: TimeZone
    /// The gateway's certificate and key; `nil` for plain HTTP.
    public let tls: (certificateFile: String, keyFile: String)?
    /// Who may send requests.
    public let access: AccessSettings
    /// How long the ports accept after the signal to stop, at most five minutes.
    public let drainDelay: Duration
    public let logLevel: Logger.Level
    public let logFormat: LogFormat
    /// The URL that takes traces by OTLP; `nil`: none are recorded.
    public let tracesEndpoint: String?

    private static let services = [("book", 8081), ("museum", 8082), ("confirm", 8083), ("mypage", 8084)]
    private static let longestDrainDelay = Duration.seconds(300)
    /// The embedded server's port.
    public static let embeddedRedisPort = 6390

    /// - Throws: ``InvalidSetting`` for the first variable that can't be used.
    public init(_ config: ConfigReader) throws(InvalidSetting) {
        let reader = SettingReader(config: config)
        redis = try reader.endpoint("REDIS_URL")
        myPageRedis = try reader.endpoint("MYPAGE_REDIS_URL")
        operatorRedis = try reader.endpoint("OPERATOR_REDIS_URL")
        bindAddress = try reader.address("BIND_ADDRESS") ?? "127.0.0.1"
        var ignored: [String] = []
        var ports = ["gateway": try reader.port("GATEWAY_PORT", ignored: &ignored) ?? 8080]
        var upstreams: [String: [String]] = [:]
        for (service, port) in Self.services {
            let prefix = service.uppercased()
            let own = try reader.port(prefix + "_PORT", ignored: &ignored) ?? port
            ports[service] = own
            upstreams[service] = try reader.urls(prefix + "_URL") ?? ["http://127.0.0.1:\(own)"]
        }
        if let twice = Dictionary(grouping: ports, by: \.value).first(where: { $0.value.count > 1 }) {
            let names = twice.value.map { $0.key.uppercased() + "_PORT" }.sorted()
            throw InvalidSetting(names[0], "is the same as \(names[1]); each role needs a port of its own")
        }
        self.ports = ports
        ignoredServiceLinks = ignored
        self.upstreams = upstreams
        instanceId = try reader.instanceId()
        partitions = try reader.number("PARTITIONS", in: 1...64) ?? 1
        eventRetention = try reader.duration("EVENT_RETENTION") ?? .seconds(7 * 86_400)
        durability = try reader.word("DURABILITY") ?? .local
        timeZone = try reader.timeZone()
        switch (try reader.text("TLS_CERT_FILE"), try reader.text("TLS_KEY_FILE")) {
        case (nil, nil): tls = nil
        case (let certificate?, let key?): tls = (certificate, key)
        case (nil, _): throw InvalidSetting("TLS_CERT_FILE", "is not set, but TLS_KEY_FILE is; set both")
        case (_, nil): throw InvalidSetting("TLS_KEY_FILE", "is not set, but TLS_CERT_FILE is; set both")
        }
        access = try AccessSettings(reader)
        drainDelay = try reader.duration("DRAIN_DELAY") ?? .zero
        guard drainDelay <= Self.longestDrainDelay else { throw InvalidSetting("DRAIN_DELAY", "must be at most 5m") }
        logLevel = try reader.word("LOG_LEVEL") ?? .info
        logFormat = try reader.word("LOG_FORMAT") ?? .text
        let collector = try reader.collector("OTEL_EXPORTER_OTLP_ENDPOINT")
        tracesEndpoint =
            try reader.collector("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
            ?? collector.map { $0 + ($0.hasSuffix("/") ? "v1/traces" : "/v1/traces") }
    }

    /// An address, fit for a URL, at which somebody on this machine reaches what listens on ``bindAddress``.
    public var reachableHost: String {
        switch try? SocketAddress(ipAddress: bindAddress, port: 0) {
        case .v4 where bindAddress == "0.0.0.0": "127.0.0.1"
        case .v6(let address):
            withUnsafeBytes(of: address.address.sin6_addr) { $0.allSatisfy { $0 == 0 } } ? "[::1]" : "[\(bindAddress)]"
        default: bindAddress
        }
    }

    /// Whether ``bindAddress`` can be reached from this machine only.
    public var isLoopback: Bool {
        bindAddress == "localhost" || bindAddress == "::1" || (bindAddress.hasPrefix("127.") && !bindAddress.contains(":"))
    }

    /// The consumer's name of a role in this process.
    public func consumerName(of service: String) -> String { "\(service)-\(instance(of: service))" }

    /// What tells a role in this process from the same role in others.
    public func instance(of service: String) -> String {
        instanceId ?? "\(ProcessInfo.processInfo.hostName)-\(ports[service] ?? 0)"
    }
}

/// When what a client is answered with 2xx counts as written.
public enum Durability: String, Sendable, CaseIterable {
    /// Once the primary has it. A failover to a replica may lose the last moments.
    case local
    /// Once a replica has it, too.
    case replicated
}

/// A variable that can't be used: which one and why, in one line.
public struct InvalidSetting: Error, CustomStringConvertible, Equatable {
    public let description: String

    public init(_ variable: String, _ why: String) { description = "\(variable) \(why)" }
}

/// Reads single variables; an empty one counts as not there.
struct SettingReader {
    let config: ConfigReader

    func text(_ name: String) throws(InvalidSetting) -> String? {
        guard let text = config.string(forKey: ConfigKey([name.lowercased()]), isSecret: true), !text.isEmpty else { return nil }
        return text
    }

    func number(_ name: String, in range: ClosedRange<Int>) throws(InvalidSetting) -> Int? {
        guard let text = try text(name) else { return nil }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text), range.contains(number) else {
            throw InvalidSetting(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A port of ours. Kubernetes sets `BOOK_PORT=tcp://10.0.0.1:8081` in every container once there is a Service `book`.
    func port(_ name: String, ignored: inout [String]) throws(InvalidSetting) -> Int? {
        if let text = try text(name), let url = try? StrictURL(text), url.scheme == "tcp", url.isBareAddress,
            url.path.isEmpty, url.port != nil
        {
            ignored.append(name)
            return nil
        }
        return try number(name, in: 1...65_535)
    }

    func duration(_ name: String) throws(InvalidSetting) -> Duration? {
        guard let text = try text(name) else { return nil }
        guard let duration = DurationText.parse(text) else {
            throw InvalidSetting(name, "must be a duration, such as 5s, 12h or 7d")
        }
        return duration
    }

    func word<Word: RawRepresentable<String> & CaseIterable>(_ name: String) throws(InvalidSetting) -> Word? {
        guard let text = try text(name) else { return nil }
        guard let word = Word(rawValue: text) else {
            throw InvalidSetting(name, "must be one of " + Word.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return word
    }

    func address(_ name: String) throws(InvalidSetting) -> String? {
        guard let text = try text(name) else { return nil }
        guard text == "localhost" || !text.contains("%") && (try? SocketAddress(ipAddress: text, port: 0)) != nil else {
            throw InvalidSetting(name, "must be an IP address of this machine, such as 127.0.0.1 or 0.0.0.0")
        }
        return text
    }

    /// The content of the file that the variable names, without the end of its line; `nil` where the variable isn't set.
    func content(_ name: String) throws(InvalidSetting) -> String? {
        guard let path = try text(name) else { return nil }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw InvalidSetting(name, "names \(path), which can't be read")
        }
        guard data.count <= 4096, let text = String(data: data, encoding: .utf8)?.trimmingCharacters(in: .newlines),
            !text.isEmpty,
            !text.contains(where: \.isNewline)
        else { throw InvalidSetting(name, "names \(path), which must have one line of text") }
        return text
    }

    /// A URL with a password need not be in the environment: `<NAME>_FILE` names a file that has it.
    func endpoint(_ name: String) throws(InvalidSetting) -> RedisEndpoint? {
        let inFile = try content(name + "_FILE")
        if inFile != nil, try text(name) != nil { throw InvalidSetting(name, "is set, and so is \(name)_FILE; set one of them") }
        let inVariable = try text(name)
        guard let text = inFile ?? inVariable else { return nil }
        do {
            let endpoint = try RedisEndpoint(url: text)
            try endpoint.checkFiles()
            return endpoint
        } catch {
            throw InvalidSetting(name, "can't be used: \(error)")
        }
    }

    func urls(_ name: String) throws(InvalidSetting) -> [String]? {
        guard let text = try text(name) else { return nil }
        var addresses: [String] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let item = item.trimmingCharacters(in: CharacterSet(charactersIn: " \t"))
            guard !item.isEmpty else { throw InvalidSetting(name, "is a list with an empty place in it") }
            let url: StrictURL
            do {
                url = try StrictURL(item)
            } catch {
                throw InvalidSetting(name, "can't be used: \(error)")
            }
            guard url.scheme == "http", url.isBareAddress else {
                throw InvalidSetting(name, "must be http://host:port, or several of them separated by commas")
            }
            let host = (url.host.contains(":") ? "[\(url.host)]" : url.host).lowercased()
            let address = "http://\(host)" + (url.port.map { $0 == 80 ? "" : ":\($0)" } ?? "")
            guard !addresses.contains(address) else { throw InvalidSetting(name, "names \(address) twice") }
            addresses.append(address)
        }
        return addresses
    }

    /// An OTLP receiver's URL.
    func collector(_ name: String) throws(InvalidSetting) -> String? {
        guard let text = try text(name) else { return nil }
        let url: StrictURL
        do {
            url = try StrictURL(text)
        } catch {
            throw InvalidSetting(name, "can't be used: \(error)")
        }
        guard ["http", "https"].contains(url.scheme), !url.host.isEmpty, url.user == nil, url.password == nil, url.query == nil,
            !url.path.contains("//"), url.path == text.suffix(url.path.count), url.path.utf8.allSatisfy(Self.isPathByte)
        else {
            throw InvalidSetting(
                name, "must be http://host:port or https://host:port, with or without a path of letters, digits and - . _ ~ /")
        }
        return text
    }

    private static func isPathByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~/".utf8.contains(byte)
        }
    }

    func instanceId() throws(InvalidSetting) -> String? {
        guard let text = try text("INSTANCE_ID") else { return nil }
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw InvalidSetting("INSTANCE_ID", "must be 1 to 64 visible ASCII characters")
        }
        return text
    }

    func timeZone() throws(InvalidSetting) -> TimeZone {
        let name = try text("TIME_ZONE") ?? "Asia/Seoul"
        guard let zone = TimeZone(identifier: name) else {
            throw InvalidSetting("TIME_ZONE", "must be a time zone's name, such as Asia/Seoul")
        }
        return zone
    }
}

extension StrictURL {
    /// Whether it names nothing but a host, and perhaps a port.
    fileprivate var isBareAddress: Bool {
        !host.isEmpty && user == nil && password == nil && ["", "/"].contains(path) && query == nil
    }
}
