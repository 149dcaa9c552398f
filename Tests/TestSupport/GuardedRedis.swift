public import Foundation

/// A redis-server with the project's users; the default user may everything, for the test's own reads.
public struct GuardedRedis: Sendable {
    public let server: RedisServer
    private let folder: TemporaryFolder

    /// The project's file of users.
    public static let users = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../redis/users.acl").standardized

    public static func start(_ options: [String] = []) async throws -> GuardedRedis {
        let text = try String(contentsOf: users, encoding: .utf8)
        guard text.contains("user default off ") else { throw Failed("the default user is not off") }
        let folder = try TemporaryFolder()
        let acl = folder.url.appendingPathComponent("users.acl")
        try Data(text.replacing("user default off ", with: "user default on nopass ").utf8).write(to: acl)
        return GuardedRedis(server: try await RedisServer.start(["--aclfile", acl.path] + options), folder: folder)
    }

    /// The URL for one of the users, whose passwords are their names.
    public func url(of user: String) -> String { "redis://\(user):\(user)@127.0.0.1:\(server.port)" }
}
