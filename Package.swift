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
    static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
    static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
    static let logging = product(name: "Logging", package: "swift-log")
    static let metrics = product(name: "Metrics", package: "swift-metrics")
    static let nioCore = product(name: "NIOCore", package: "swift-nio")
    static let nioEmbedded = product(name: "NIOEmbedded", package: "swift-nio")
    static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioHTTPTypes = product(name: "NIOHTTPTypes", package: "swift-nio-extras")
    static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let nioTLS = product(name: "NIOTLS", package: "swift-nio")
    static let serviceLifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let subprocess = product(name: "Subprocess", package: "swift-subprocess")
}

/// A room: it knows what rooms say to each other and the chassis it stands on, and no other room.
func room(_ name: String, _ extra: [Target.Dependency] = []) -> Target {
    .target(
        name: name,
        dependencies: ["Contracts", "Chassis", "Redis", "Scripts", .hummingbird, .logging, .httpTypes, .serviceLifecycle] + extra,
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
        .package(url: "https://github.com/apple/swift-nio", .upToNextMinor(from: "2.101.2")),
        .package(url: "https://github.com/apple/swift-nio-extras", .upToNextMinor(from: "1.35.2")),
        .package(url: "https://github.com/apple/swift-nio-ssl", .upToNextMinor(from: "2.37.6")),
        .package(url: "https://github.com/apple/swift-http-types", .upToNextMinor(from: "1.8.0")),
        .package(url: "https://github.com/apple/swift-log", .upToNextMinor(from: "1.16.2")),
        .package(url: "https://github.com/apple/swift-metrics", .upToNextMinor(from: "2.13.0")),
        .package(url: "https://github.com/apple/swift-configuration", .upToNextMinor(from: "1.4.0")),
        .package(url: "https://github.com/apple/swift-argument-parser", .upToNextMinor(from: "1.8.2")),
        .package(url: "https://github.com/apple/swift-crypto", .upToNextMinor(from: "4.5.2")),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", .upToNextMinor(from: "2.13.0")),
        .package(url: "https://github.com/swift-server/async-http-client", .upToNextMinor(from: "1.37.0")),
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
            sources: ["Scripts.swift", "Keys.swift"],
            resources: [.embedInCode("scripts"), .embedInCode("redis.conf")],
            swiftSettings: strict
        ),
        .target(name: "Contracts", swiftSettings: strict),
        .target(
            name: "Chassis",
            dependencies: [
                "Contracts", "Redis", "Scripts", .asyncHTTPClient, .configuration, .coreMetrics, .httpTypes, .hummingbird,
                .logging, .metrics, .nioCore, .nioHTTP1, .nioHTTPTypes, .nioPosix, .serviceLifecycle,
            ],
            swiftSettings: strict
        ),
        room("Museum", [.crypto]),
        room("Book", [.crypto, .metrics, .nioCore, .nioHTTP1]),
        room("Confirm"),
        room("MyPage"),
        room("Gateway", [.nioCore, .nioHTTP1]),
        .executableTarget(
            name: "skmuseum",
            dependencies: [
                "Museum", "Book", "Confirm", "MyPage", "Gateway", "Chassis", "Contracts", "Redis", "Scripts", .argumentParser,
                .asyncHTTPClient, .configuration, .crypto, .hummingbird, .logging, .metrics, .nioCore, .serviceLifecycle,
                .subprocess,
                .unixSignals,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "TestSupport",
            dependencies: ["Chassis", "Contracts", "Redis", "Scripts", .asyncHTTPClient, .nioCore, .nioHTTP1, .nioPosix],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        .target(name: "Preload", path: "Tests/Preload"),
        .executableTarget(
            name: "faults", dependencies: ["TestSupport", "Preload", .argumentParser], path: "Tests/Faults",
            swiftSettings: strict),
        tests("RedisTests", ["Redis", .nioCore, .nioEmbedded, .nioSSL]),
        tests("ScriptsTests", ["Scripts", "Redis", "Contracts", .nioCore]),
        tests("ContractsTests", ["Contracts"]),
        tests(
            "ChassisTests",
            [
                "Chassis", "Contracts", "Redis", "Scripts", .configuration, .coreMetrics, .httpTypes, .hummingbird, .logging,
                .nioCore, .nioEmbedded, .nioHTTP1,
            ]),
        tests(
            "RoomTests",
            ["Museum", "Book", "Confirm", "MyPage", "Gateway", "Chassis", "Contracts", "Redis", "Scripts", .crypto]),
        tests("FaultTests", ["skmuseum", "Preload", "Chassis", "Redis", "Scripts", "Contracts", .nioCore]),
        tests("SystemTests", ["skmuseum", "Chassis", "Contracts", "Redis", "Scripts", .crypto, .nioCore]),
    ],
    swiftLanguageModes: [.v6]
)
