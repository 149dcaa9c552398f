/// The whole museum in one process, and its Redis.
public struct SingleProcess: Sendable {
    public let redis: RedisServer
    public let process: MuseumProcess

    public static func start(environment: [String: String] = [:]) async throws -> SingleProcess {
        let redis = try await RedisServer.start()
        let process = try await MuseumProcess.start(
            ports: try MuseumProcess.freePorts(), redis: redis, environment: environment)
        return SingleProcess(redis: redis, process: process)
    }

    /// One whose read model is on a Redis of its own.
    public static func start(myPage own: RedisServer) async throws -> SingleProcess {
        try await start(environment: ["MYPAGE_REDIS_URL": own.url])
    }

    /// A client of the gateway.
    public var visitor: Visitor { Visitor(process.url("gateway")) }
}
