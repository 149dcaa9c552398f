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
        if try await presence(client) == .ours { return endpoint }
        let deadline = ContinuousClock.now + Self.startWithin
        try prepareFolder()
        // Of several that start at once one mends and launches; the others find its server.
        let lock = try await FolderLock.take(directory, before: deadline)
        defer { lock.release() }
        var isLaunched = false
        if try await presence(client) == .absent {
            try await mendLog()
            try await launch()
            isLaunched = true
        }
        while try await presence(client, isLaunched: isLaunched) != .ours {
            guard .now < deadline else {
                throw Complaint("redis-server did not start within \(Self.startWithin); see \(directory.path)/redis.log")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        return endpoint
    }

    private enum Presence {
        case absent, ours
        /// Perhaps ours, and loading its data.
        case loading
    }

    /// Who is on the port. Anything else than ours is a complaint.
    private func presence(_ client: RedisClient, isLaunched: Bool = false) async throws -> Presence {
        let taken = Complaint("port \(port) is taken by something else; stop it, or set REDIS_URL to the Redis to use")
        do throws(RedisError) {
            let answer = try await client.send("CONFIG", "GET", "dir").asTexts()
            guard answer.last == directory.path else { throw RedisError.server("another folder") }
            return .ours
        } catch {
            switch error {
            case .unreachable: return .absent
            case .busy: return .loading
            case .inDoubt where isLaunched: return .loading
            case .server, .refused, .unexpected, .inDoubt: throw taken
            default: throw error
            }
        }
    }

    private func prepareFolder() throws {
        do {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            try Data(Scripts.redisConf.utf8).write(to: conf)
        } catch {
            throw Complaint("\(directory.path) can't be written; start where it can be, or set REDIS_URL to a Redis elsewhere")
        }
    }

    private var conf: URL { directory.appendingPathComponent("redis.conf") }

    /// Cuts a log that ends in half a write back to the last whole one, as a power failure may leave it. Nobody may be writing to it.
    private func mendLog() async throws {
        let manifest = directory.appendingPathComponent("appendonlydir/appendonly.aof.manifest").path
        guard FileManager.default.fileExists(atPath: manifest) else { return }
        let isMended: Bool
        do {
            let result = try await run(
                .name("redis-check-aof"), arguments: ["--fix", manifest], input: .string("y\n"), output: .discarded)
            isMended = result.terminationStatus.isSuccess
        } catch let error as SubprocessError {
            throw Complaint("redis-check-aof can't be run (\(error)); install it (apt-get install redis-tools), or set REDIS_URL")
        }
        guard isMended else {
            throw Complaint("\(directory.path)/appendonlydir is damaged; see docs/operations.md, \"After a power failure\"")
        }
    }

    private func launch() async throws {
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
