// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

extension Target.Dependency {
    static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let asyncHTTPClient = product(name: "AsyncHTTPClient", package: "async-http-client")
    static let configuration = product(name: "Configuration", package: "swift-configuration")
    static let coreMetrics = product(name: "CoreMetrics", package: "swift-metrics")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let cryptoExtras = product(name: "CryptoExtras", package: "swift-crypto")
    static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
    static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdTLS = product(name: "HummingbirdTLS", package: "hummingbird")
    static let jwtKit = product(name: "JWTKit", package: "jwt-kit")
    static let logging = product(name: "Logging", package: "swift-log")
    static let mustache = product(name: "Mustache", package: "swift-mustache")
    static let metrics = product(name: "Metrics", package: "swift-metrics")
    static let nioCore = product(name: "NIOCore", package: "swift-nio")
    static let nioEmbedded = product(name: "NIOEmbedded", package: "swift-nio")
    static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioHTTPCompression = product(name: "NIOHTTPCompression", package: "swift-nio-extras")
    static let nioHTTPTypes = product(name: "NIOHTTPTypes", package: "swift-nio-extras")
    static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let nioTLS = product(name: "NIOTLS", package: "swift-nio")
    static let serviceLifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let tracing = product(name: "Tracing", package: "swift-distributed-tracing")
    static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let subprocess = product(name: "Subprocess", package: "swift-subprocess")
}

/// What every process needs, whatever it serves.
let infrastructure: [Target.Dependency] = ["Contracts", "HTTPServer", "Messaging", "Platform", "Redis", "Scripts"]

/// One service of the museum. It imports the contracts and the infrastructure, and no other service.
func service(_ name: String, _ extra: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .target(
        name: name,
        dependencies: infrastructure + [.hummingbird, .logging, .httpTypes, .serviceLifecycle] + extra,
        resources: resources,
        swiftSettings: strict
    )
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: ["TestSupport"] + dependencies, swiftSettings: strict)
}

let package = Package(
    name: "skmuseum",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "skmuseum", targets: ["skmuseum"]),
        // Preloaded by tests, so a library that the loader finds.
        .library(name: "Preload", type: .dynamic, targets: ["Preload"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", .upToNextMinor(from: "2.28.1")),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", .upToNextMinor(from: "2.1.1")),
        .package(url: "https://github.com/apple/swift-nio", .upToNextMinor(from: "2.101.2")),
        .package(url: "https://github.com/apple/swift-nio-extras", .upToNextMinor(from: "1.35.2")),
        .package(url: "https://github.com/apple/swift-nio-ssl", .upToNextMinor(from: "2.37.6")),
        .package(url: "https://github.com/apple/swift-http-types", .upToNextMinor(from: "1.8.0")),
        .package(url: "https://github.com/apple/swift-log", .upToNextMinor(from: "1.16.2")),
        .package(url: "https://github.com/apple/swift-metrics", .upToNextMinor(from: "2.13.0")),
        .package(url: "https://github.com/apple/swift-configuration", .upToNextMinor(from: "1.4.0")),
        .package(url: "https://github.com/apple/swift-argument-parser", .upToNextMinor(from: "1.8.2")),
        .package(url: "https://github.com/apple/swift-crypto", .upToNextMinor(from: "4.5.2")),
        .package(url: "https://github.com/apple/swift-distributed-tracing", .upToNextMinor(from: "1.7.3")),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", .upToNextMinor(from: "2.13.0")),
        .package(url: "https://github.com/swift-server/async-http-client", .upToNextMinor(from: "1.37.0")),
        .package(url: "https://github.com/vapor/jwt-kit", .upToNextMinor(from: "5.7.1")),
        .package(url: "https://github.com/swiftlang/swift-subprocess", .upToNextMinor(from: "1.0.2")),
    ],
    targets: [
        .systemLibrary(name: "CHiredis", pkgConfig: "hiredis", providers: [.apt(["libhiredis-dev"])]),
        .target(
            name: "Redis",
            dependencies: ["CHiredis", .crypto, .nioCore, .nioPosix, .nioSSL, .nioTLS, .logging],
            swiftSettings: strict
        ),
        .target(
            name: "Scripts",
            dependencies: ["Redis"],
            path: "redis",
            exclude: ["README.md", "users.acl"],
            sources: ["Scripts.swift", "ScriptCall.swift", "Keys.swift", "Calls"],
            resources: [.embedInCode("scripts"), .embedInCode("redis.conf")],
            swiftSettings: strict
        ),
        .target(name: "Contracts", swiftSettings: strict),
        .target(
            name: "HTTPServer",
            dependencies: [
                "Contracts", .httpTypes, .hummingbird, .hummingbirdTLS, .logging, .metrics, .nioCore, .nioHTTP1, .nioHTTPTypes,
                .nioPosix, .nioSSL, .serviceLifecycle, .tracing,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Messaging",
            dependencies: ["Contracts", "Redis", "Scripts", .logging, .metrics, .serviceLifecycle, .tracing],
            swiftSettings: strict
        ),
        .target(
            name: "Platform",
            dependencies: [
                "Redis", .asyncHTTPClient, .configuration, .coreMetrics, .logging, .metrics, .nioCore, .nioHTTP1, .nioPosix,
                .serviceLifecycle, .tracing,
            ],
            swiftSettings: strict
        ),
        // Who sends a request: tokens and sessions.
        .target(
            name: "Authentication",
            dependencies: [
                "Contracts", "HTTPServer", "Messaging", "Redis", "Scripts", .asyncHTTPClient, .crypto, .httpTypes, .jwtKit,
                .logging, .nioCore, .nioHTTP1,
                .serviceLifecycle,
            ],
            swiftSettings: strict
        ),
        service("Museum", [.crypto, .metrics]),
        service("Book", [.crypto, .metrics, .nioCore, .nioHTTP1, .tracing]),
        service("Confirm"),
        service("MyPage"),
        service(
            "Gateway", [.nioCore, .nioHTTP1],
            resources: [.embedInCode("Resources/openapi.json"), .embedInCode("Resources/docs.css")]),
        // What people see. It asks the services as any client does.
        .target(
            name: "Pages",
            dependencies: [
                "Contracts", "HTTPServer", .crypto, .httpTypes, .logging, .mustache, .nioCore, .nioEmbedded, .nioHTTP1,
                .nioHTTPCompression,
            ],
            resources: [
                .embedInCode("Resources/assets"), .embedInCode("Resources/templates"), .embedInCode("Resources/texts"),
            ],
            swiftSettings: strict
        ),
        // What operators do to a running deployment: audit, purge, rebuild, anonymize, replay, trace.
        .target(
            name: "Operations",
            dependencies: ["MyPage", "Contracts", "HTTPServer", "Messaging", "Platform", "Redis", "Scripts", .crypto, .logging],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "skmuseum",
            dependencies: [
                "Museum", "Book", "Confirm", "MyPage", "Gateway", "Pages", "Operations", "Authentication", "Contracts",
                "HTTPServer",
                "Messaging", "Platform", "Redis", "Scripts", .argumentParser, .asyncHTTPClient, .configuration, .crypto,
                .hummingbird, .nioSSL,
                .logging, .metrics, .nioCore, .nioHTTP1,
                .serviceLifecycle,
                .subprocess, .tracing,
                .unixSignals,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "TestSupport",
            dependencies: [
                "HTTPServer", "Platform", "Contracts", "Redis", "Scripts", .asyncHTTPClient, .coreMetrics, .logging, .nioCore,
                .nioHTTP1, .nioPosix,
            ],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        .target(
            name: "FaultInjection",
            dependencies: ["TestSupport", "HTTPServer", "Messaging", "Contracts", "Redis", "Scripts", .nioCore, .nioPosix],
            path: "Tests/FaultInjection",
            swiftSettings: strict
        ),
        .target(name: "Preload", path: "Tests/Preload"),
        .executableTarget(
            name: "faults", dependencies: ["FaultInjection", "TestSupport", "Preload", .argumentParser],
            path: "Tests/FaultRunner",
            swiftSettings: strict),
        .executableTarget(
            name: "instruction-counts",
            dependencies: ["Book", "Contracts", "HTTPServer", "Messaging", "Redis", "Scripts", .nioCore],
            path: "Tests/InstructionCounts",
            swiftSettings: strict),
        // Unit tests, most of them without Redis.
        tests("ContractsTests", ["Contracts"]),
        tests("RedisTests", ["Redis", .nioCore, .nioEmbedded, .nioSSL]),
        tests(
            "HTTPServerTests",
            ["HTTPServer", "Contracts", .httpTypes, .hummingbird, .logging, .nioCore, .nioEmbedded, .nioHTTP1]),
        tests(
            "AuthenticationTests",
            ["Authentication", "Contracts", "HTTPServer", "Redis", .cryptoExtras, .httpTypes, .jwtKit, .logging]),
        tests("MessagingTests", ["Messaging", "Platform", "Contracts", "Redis", "Scripts", .coreMetrics, .logging, .nioCore]),
        tests(
            "PlatformTests",
            [
                "Platform", "Redis", .configuration, .coreMetrics, .logging, .nioCore, .nioHTTP1, .serviceLifecycle, .tracing,
            ]),
        tests("ServiceTests", infrastructure + ["Museum", "Book", "Confirm", "MyPage", "Gateway", .crypto]),
        tests("PagesTests", ["Pages", "HTTPServer", "Contracts", .httpTypes, .logging, .mustache, .nioCore]),
        tests("OperationsTests", ["Operations", "Messaging", "Contracts", "Scripts"]),
        // Scripts and stores on a real redis-server.
        tests("ScriptsTests", ["Scripts", "Redis", "Contracts", .nioCore]),
        // Whole processes.
        tests(
            "SystemTests",
            [
                "skmuseum", "instruction-counts", .argumentParser, "Authentication", "Museum", "FaultInjection", .crypto,
                .httpTypes, .nioCore,
            ] + infrastructure),
        tests("FaultTests", ["skmuseum", "FaultInjection", "Preload", .nioCore] + infrastructure),
    ],
    swiftLanguageModes: [.v6]
)
