import Configuration
import Foundation
import Logging
import Platform
import Redis
import TestSupport
import Testing

/// Every variable of the README's table, as it may be set by mistake.
struct SettingsTests {
    private func settings(_ variables: [String: String]) throws -> Settings {
        try Settings(ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: variables)))
    }

    static let variables = [
        "REDIS_URL", "MYPAGE_REDIS_URL", "BIND_ADDRESS", "GATEWAY_PORT", "BOOK_PORT", "MUSEUM_PORT", "CONFIRM_PORT",
        "MYPAGE_PORT",
        "MUSEUM_URL", "BOOK_URL", "CONFIRM_URL", "MYPAGE_URL", "INSTANCE_ID", "PARTITIONS", "EVENT_RETENTION", "DURABILITY",
        "TIME_ZONE",
        "DRAIN_DELAY", "LOG_LEVEL", "LOG_FORMAT", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    ]

    /// Of what kind each variable is, with a value that it may have.
    private static let kinds: [(variables: [String], good: String)] = [
        (["REDIS_URL", "MYPAGE_REDIS_URL"], "redis://kim:hunter2@host:6379/1"), (["BIND_ADDRESS"], "127.0.0.2"),
        (["GATEWAY_PORT", "BOOK_PORT", "MUSEUM_PORT", "CONFIRM_PORT", "MYPAGE_PORT"], "18080"),
        (["MUSEUM_URL", "BOOK_URL", "CONFIRM_URL", "MYPAGE_URL"], "http://host:80"), (["INSTANCE_ID"], "pod-1"),
        (["PARTITIONS"], "2"), (["EVENT_RETENTION"], "12h"), (["DURABILITY"], "replicated"), (["TIME_ZONE"], "Europe/Paris"),
        (["LOG_LEVEL"], "debug"),
        (["LOG_FORMAT"], "json"), (["DRAIN_DELAY"], "5s"),
        (["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"], "https://host:4318/otel"),
    ]

    private static func good(_ variable: String) -> String { kinds.first { $0.variables.contains(variable) }!.good }

    @Test(arguments: variables)
    func emptyIsNotSet(_ variable: String) throws {
        let (empty, none) = (try settings([variable: ""]), try settings([:]))
        #expect(empty.redis == none.redis && empty.ports == none.ports && empty.upstreams == none.upstreams)
        #expect(empty.partitions == none.partitions && empty.timeZone == none.timeZone && empty.logLevel == none.logLevel)
        #expect(empty.tracesEndpoint == none.tracesEndpoint)
        #expect(empty.eventRetention == none.eventRetention && empty.bindAddress == none.bindAddress)
        _ = try settings([variable: Self.good(variable)])
    }

    @Test(arguments: variables)
    func whitespaceDoubledHugeAndAbsurd(_ variable: String) {
        let good = Self.good(variable)
        var values = [" ", "\t", "\n", " \(good)", "\(good)\n", "\(good) \(good)", "\u{0}", String(repeating: "9", count: 70)]
        values += ["\(good)\u{200B}", "٣", "-1", "+\(good)"]
        // Lists may have spaces around their commas; an instance's name may be any visible ASCII.
        if variable.hasSuffix("_URL"), !variable.hasSuffix("REDIS_URL") {
            values.removeAll { $0 == " \(good)" || $0 == "\(good)\n" }
        }
        if variable == "INSTANCE_ID" { values.removeAll { ["-1", "+\(good)"].contains($0) } }
        if variable != "INSTANCE_ID" { values.append("\(good),\(good)") }
        for value in values {
            #expect("\(variable)=\(value.debugDescription)") {
                try settings([variable: value])
            } throws: { error in
                let line = "\(error)"
                return error is InvalidSetting && line.hasPrefix(variable + " ") && !line.contains("\n")
                    && !line.contains("hunter2")
            }
        }
    }

    @Test(arguments: [
        ("REDIS_URL", "redis://host?db=3"), ("REDIS_URL", "redis://:@host"), ("REDIS_URL", "redis://kim:12#hunter2@host"),
        ("REDIS_URL", "redis://kim:12/hunter2@host"), ("MYPAGE_REDIS_URL", "redis://hunter2@host"),
        ("MUSEUM_URL", ","), ("MUSEUM_URL", "http://a,"), ("BOOK_URL", ",http://a"), ("BOOK_URL", "http://a,,http://b"),
        ("BOOK_URL", "http://a, ,http://b"), ("CONFIRM_URL", "http://a:1,http://A:1/"), ("CONFIRM_URL", "http://a,http://a:80"),
        ("MYPAGE_URL", "http://kim:hunter2@a"), ("MYPAGE_URL", "http://a#b"), ("MYPAGE_URL", "http://a?b=c"),
        ("MUSEUM_URL", "http://:80"), ("MUSEUM_URL", "http://"), ("MUSEUM_URL", "http:///"), ("MUSEUM_URL", "http://a/b"),
        ("MUSEUM_URL", "https://a"), ("MUSEUM_URL", "http://a:0"), ("MUSEUM_URL", "http://a:65536"), ("MUSEUM_URL", "http://a:"),
        ("MUSEUM_URL", "a:80"), ("MUSEUM_URL", "http://::1"), ("MUSEUM_URL", "http://a b"), ("MUSEUM_URL", "http://a//"),
        ("BOOK_PORT", "0"), ("BOOK_PORT", "65536"), ("BOOK_PORT", "0x50"), ("BOOK_PORT", "80.0"), ("BOOK_PORT", "8e3"),
        ("BOOK_PORT", "udp://10.0.0.1:8081"), ("BOOK_PORT", "tcp://10.0.0.1"), ("BOOK_PORT", "tcp://:8081"),
        ("BOOK_PORT", "tcp://10.0.0.1:0"), ("BOOK_PORT", "tcp://10.0.0.1:8081/"),
        ("BOOK_PORT", "tcp://kim:hunter2@10.0.0.1:8081"),
        ("BOOK_PORT", "tcp://10.0.0.1:8081?a=b"), ("PARTITIONS", "0"), ("PARTITIONS", "1000000"), ("PARTITIONS", "tcp://a:1"),
        ("BIND_ADDRESS", "256.0.0.1"), ("BIND_ADDRESS", "127.1"), ("BIND_ADDRESS", "example.org"), ("BIND_ADDRESS", "[::1]"),
        ("BIND_ADDRESS", "127.0.0.1:80"), ("BIND_ADDRESS", "*"), ("BIND_ADDRESS", "fe80::1%lo"),
        ("TIME_ZONE", "../../etc/passwd"),
        ("TIME_ZONE", "Mars/Olympus"), ("LOG_LEVEL", "INFO"), ("LOG_FORMAT", "xml"), ("EVENT_RETENTION", "7"),
        ("EVENT_RETENTION", "1000000000d"), ("EVENT_RETENTION", "7 d"), ("INSTANCE_ID", "a b"), ("INSTANCE_ID", "é"),
        ("DRAIN_DELAY", "5"), ("DRAIN_DELAY", "-1s"), ("DRAIN_DELAY", "301s"), ("DRAIN_DELAY", "6m"), ("DRAIN_DELAY", "five"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "host:4318"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://host:4317"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://kim:hunter2@host"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://host?key=hunter2"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://host#a"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://host//"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://host/%2F"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://host/é"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://host:0"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "HTTP://host"),
    ])
    func refused(variable: String, value: String) {
        #expect {
            try settings([variable: value])
        } throws: { error in
            let line = "\(error)"
            return error is InvalidSetting && line.hasPrefix(variable + " ") && !line.contains("hunter2")
        }
    }

    @Test func listsOfUpstreams() throws {
        let settings = try settings([
            "MUSEUM_URL": "http://a:1/ , http://b, http://[::1]:3", "BOOK_URL": "http://Book.internal:80/",
        ])
        #expect(settings.upstreams["museum"] == ["http://a:1", "http://b", "http://[::1]:3"])
        #expect(settings.upstreams["book"] == ["http://book.internal"])
        #expect(settings.upstreams["confirm"] == ["http://127.0.0.1:8083"])
    }

    @Test func tracesEndpoint() throws {
        let (base, own) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
        #expect(try settings([:]).tracesEndpoint == nil)
        for (url, endpoint) in [
            ("http://host:4318", "http://host:4318/v1/traces"), ("http://[::1]:4318/", "http://[::1]:4318/v1/traces"),
            ("https://host/otel", "https://host/otel/v1/traces"), ("https://host/otel/", "https://host/otel/v1/traces"),
        ] {
            #expect(try settings([base: url]).tracesEndpoint == endpoint)
            #expect(try settings([base: "http://other", own: url]).tracesEndpoint == url)
        }
    }

    @Test func kubernetesServiceLinksAreIgnored() throws {
        let links = ["GATEWAY_PORT", "BOOK_PORT", "MUSEUM_PORT", "CONFIRM_PORT", "MYPAGE_PORT"]
        var variables = Dictionary(uniqueKeysWithValues: links.map { ($0, "tcp://10.0.0.1:8081") })
        let settings = try settings(variables)
        #expect(settings.ports == (try self.settings([:])).ports)
        #expect(settings.ignoredServiceLinks.sorted() == links.sorted())
        #expect(settings.upstreams["book"] == ["http://127.0.0.1:8081"])
        variables["BOOK_PORT"] = "tcp://[fd00::1]:1"
        variables["MUSEUM_PORT"] = "9000"
        let some = try self.settings(variables)
        #expect(some.ports["museum"] == 9000 && some.ports["book"] == 8081 && !some.ignoredServiceLinks.contains("MUSEUM_PORT"))
        #expect(try self.settings([:]).ignoredServiceLinks.isEmpty)
    }

    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("127.0.0.2", "127.0.0.2"), ("10.1.2.3", "10.1.2.3"), ("0.0.0.0", "127.0.0.1"),
        ("::", "[::1]"), ("0:0:0:0:0:0:0:0", "[::1]"), ("::1", "[::1]"), ("fd00::1", "[fd00::1]"), ("localhost", "localhost"),
    ])
    func reachableHost(bound: String, host: String) throws {
        #expect(try settings(["BIND_ADDRESS": bound]).reachableHost == host)
    }

    /// A URL with a password may be in a file: one line, with or without its end.
    @Test func aURLFromAFile() throws {
        let folder = try TemporaryFolder()
        let file = folder.url.appendingPathComponent("url")
        for text in ["redis://kim:hunter2@host:6379", "redis://kim:hunter2@host:6379\n"] {
            try Data(text.utf8).write(to: file)
            for variable in ["REDIS_URL", "MYPAGE_REDIS_URL"] {
                let settings = try settings([variable + "_FILE": file.path])
                #expect((variable == "REDIS_URL" ? settings.redis : settings.myPageRedis)?.password == "hunter2")
                #expect(throws: InvalidSetting(variable, "is set, and so is \(variable)_FILE; set one of them")) {
                    try self.settings([variable: "redis://host", variable + "_FILE": file.path])
                }
            }
        }
        for wrong in [Data(), Data("\n".utf8), Data("redis://a\nredis://b".utf8), Data([0xFF, 0xFE]), Data(count: 5000)] {
            try wrong.write(to: file)
            #expect(throws: InvalidSetting.self) { try settings(["REDIS_URL_FILE": file.path]) }
        }
        #expect { try settings(["REDIS_URL_FILE": "/nowhere/url"]) } throws: {
            "\($0)".contains("REDIS_URL_FILE names /nowhere/url")
        }
    }
}
