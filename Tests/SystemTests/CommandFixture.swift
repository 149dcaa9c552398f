import Foundation
import Redis
import TestSupport

/// A Redis server and a folder for the output of operators' commands.
struct CommandFixture {
    let redis: RedisServer
    let client: RedisClient
    private let folder: TemporaryFolder

    init() async throws {
        redis = try await RedisServer.start()
        client = try redis.client()
        folder = try TemporaryFolder()
    }

    /// Starts a command.
    /// - Parameter program: `skmuseum`, or what starts it.
    func begin(
        _ arguments: [String], by program: String = MuseumProcess.program, environment: [String: String] = [:]
    ) throws -> ChildProcess {
        try ChildProcess(
            program, arguments, environment: ["REDIS_URL": redis.url].merging(environment) { $1 },
            folder: folder.url, output: folder.url.appendingPathComponent("\(UInt32.random(in: 0 ... .max))"))
    }
}
