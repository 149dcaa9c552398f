import Foundation

/// A redis-server with the project's users; the default user may everything, for the test's own reads.
public struct GuardedRedis: Sendable {
    public let server: RedisServer
    private let folder: TemporaryFolder

    public static func start(_ options: [String] = []) async throws -> GuardedRedis {
        let users = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../redis/users.acl")
        let text = try String(contentsOf: users.standardized, encoding: .utf8)
        guard text.contains("user default off\n") else { throw Failed("the default user is not off") }
        let folder = try TemporaryFolder()
        let acl = folder.url.appendingPathComponent("users.acl")
        try Data(text.replacing("user default off", with: "user default on nopass ~* &* +@all").utf8).write(to: acl)
        return GuardedRedis(server: try await RedisServer.start(["--aclfile", acl.path] + options), folder: folder)
    }

    /// The URL for one of the users, whose passwords are their names.
    public func url(of user: String) -> String { "redis://\(user):\(user)@127.0.0.1:\(server.port)" }
}
