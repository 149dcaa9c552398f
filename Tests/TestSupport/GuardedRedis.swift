public import Foundation

/// A redis-server with the project's users; the default user may everything, for the test's own reads.
public struct GuardedRedis: Sendable {
    public let server: RedisServer
    private let folder: TemporaryFolder

    /// The project's file of users.
    public static let users = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../redis/users.acl").standardized

    public static func start(_ options: [String] = []) async throws -> GuardedRedis {
        let folder = try TemporaryFolder()
        let acl = try writeUsers(in: folder)
        return GuardedRedis(server: try await RedisServer.start(["--aclfile", acl.path] + options), folder: folder)
    }

    /// Writes the project's users, with a default user for the test's own reads.
    /// - Returns: the file, for `--aclfile`.
    public static func writeUsers(in folder: TemporaryFolder) throws -> URL {
        let text = try String(contentsOf: users, encoding: .utf8)
        guard text.contains("user default off ") else { throw Failed("the default user is not off") }
        let file = folder.url.appendingPathComponent("users.acl")
        try Data(text.replacing("user default off ", with: "user default on nopass ").utf8).write(to: file)
        return file
    }

    /// The URL for one of the users, whose passwords are their names.
    public func url(of user: String) -> String { server.url(of: user) }
}
