import Chassis
import Foundation
import Redis
import Scripts
import Subprocess

/// A private redis-server on 127.0.0.1, its data below the current folder.
///
/// It runs as a daemon of its own: a killed `skmuseum` leaves it behind unharmed, and the next start takes it over.
struct EmbeddedRedis {
    let port: Int
    let directory: URL

    init(port: Int = Settings.embeddedRedisPort, directory: String = "data/redis") {
        self.port = port
        self.directory = URL(fileURLWithPath: directory).resolvingSymlinksInPath()
    }

    /// How long a server may take to load its data.
    private static let startWithin = Duration.seconds(120)

    static func endpoint(port: Int = Settings.embeddedRedisPort) throws -> RedisEndpoint {
        try RedisEndpoint(url: "redis://127.0.0.1:\(port)")
    }

    /// Takes over the server that is there, or starts one; returns when it answers.
    func start() async throws -> RedisEndpoint {
        let endpoint = try Self.endpoint(port: port)
        let client = RedisClient(endpoint)
        defer { client.close() }
        if try await isOurs(client) { return endpoint }
        try await launch()
        let deadline = ContinuousClock.now + Self.startWithin
        while try await !isOurs(client, isLaunched: true) {
            guard .now < deadline else {
                throw Complaint("redis-server did not start within \(Self.startWithin); see \(directory.path)/redis.log")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        return endpoint
    }

    /// Whether our server answers. Anything else on the port is a complaint; ours may be busy loading once it is launched.
    private func isOurs(_ client: RedisClient, isLaunched: Bool = false) async throws -> Bool {
        let taken = Complaint("port \(port) is taken by something else; stop it, or set REDIS_URL to the Redis to use")
        do throws(RedisError) {
            let answer = try await client.send("CONFIG", "GET", "dir").asTexts()
            guard answer.last == directory.path else { throw RedisError.server("another folder") }
            return true
        } catch {
            switch error {
            case .unreachable, .busy: return false
            case .inDoubt where isLaunched: return false
            case .server, .refused, .unexpected, .inDoubt: throw taken
            default: throw error
            }
        }
    }

    private func launch() async throws {
        let conf = directory.appendingPathComponent("redis.conf")
        do {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            try Data(Scripts.redisConf.utf8).write(to: conf)
        } catch {
            throw Complaint("\(directory.path) can't be written; start where it can be, or set REDIS_URL to a Redis elsewhere")
        }
        do {
            let result = try await run(
                .name("redis-server"),
                arguments: [
                    conf.path, "--port", String(port), "--bind", "127.0.0.1", "--dir", directory.path, "--daemonize", "yes",
                    "--logfile", "redis.log", "--pidfile", directory.appendingPathComponent("redis.pid").path,
                ],
                output: .discarded)
            guard result.terminationStatus.isSuccess else {
                throw Complaint("redis-server would not start; see \(directory.path)/redis.log")
            }
        } catch let error as SubprocessError {
            throw Complaint(
                "redis-server can't be run (\(error)); install it (apt-get install redis-server), or set REDIS_URL")
        }
    }

    /// Stops the server, unless another process of ours still uses it.
    func stop() async {
        guard let endpoint = try? Self.endpoint(port: port) else { return }
        let client = RedisClient(endpoint)
        defer { client.close() }
        guard let list = try? await client.send("CLIENT", "LIST").asText(), !list.contains(" name=skmuseum-") else { return }
        // It answers by closing the connection.
        _ = await client.send([Command("SHUTDOWN")])
    }
}
