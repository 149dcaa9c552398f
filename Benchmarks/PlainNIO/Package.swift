// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that building the museum does not build it.
let package = Package(
    name: "PlainNIO",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "plain-nio", targets: ["plain-nio"])],
    dependencies: [.package(url: "https://github.com/apple/swift-nio", exact: "2.101.2")],
    targets: [
        .executableTarget(
            name: "plain-nio",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ])
    ]
)
