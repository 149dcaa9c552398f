import Foundation
import Messaging
import NIOCore
import Redis
import TestSupport
import Testing

@testable import skmuseum

/// The redis-server that is started where REDIS_URL is not set.
@Suite(.timeLimit(.minutes(5)))
struct EmbeddedRedisTests {
    @Test func embeddedRedisOutlivesItsParentAndIsReused() async throws {
        let folder = try TemporaryFolder()
        let port = try FreePorts.take(1)[0]
        let directory = folder.url.appendingPathComponent("data/redis").path
        let endpoint = try await EmbeddedRedis(port: port, directory: directory).start()
        let client = RedisClient(endpoint)
        _ = try await client.send("SET", "kept", "yes")
        // Nobody has stopped it: a second start finds it and its data.
        let again = EmbeddedRedis(port: port, directory: directory)
        #expect(try await again.start() == endpoint)
        #expect(try await client.send("GET", "kept") == .text("yes"))
        #expect(try await client.send("CONFIG", "GET", "appendfsync") == .array([.text("appendfsync"), .text("always")]))
        // Another process of ours still uses it: it stays.
        var options = RedisOptions()
        options.clientName = "skmuseum-other"
        let other = RedisClient(endpoint, options: options)
        _ = try await other.send("PING")
        client.close()
        await again.stop()
        #expect(try await other.send("PING") == .text("PONG"))
        other.close()
        let folderOfOther = try TemporaryFolder()
        await #expect(throws: CommandError.self) {
            try await EmbeddedRedis(port: port, directory: folderOfOther.url.appendingPathComponent("redis").path).start()
        }
        try await eventually("it stops with its last user") {
            await again.stop()
            if case .failure(.unreachable) = await RedisClient(endpoint).send([Command("PING")])[0] {
                return true
            } else {
                return false
            }
        }
        #expect(try await EmbeddedRedis(port: port, directory: directory).start() == endpoint)
        #expect(try await RedisClient(endpoint).send("GET", "kept") == .text("yes"))
        await again.stop()
    }

    /// A power failure in the middle of a write. Loaded as it is, the first half would stay at the log's end, come back at
    /// the start after next, and swallow what was written behind it.
    @Test(arguments: [1, 20, 60])
    func aLogThatIsCutShort(by bytes: Int) async throws {
        let folder = try TemporaryFolder()
        let port = try FreePorts.take(1)[0]
        let directory = folder.url.appendingPathComponent("redis").path
        let embedded = EmbeddedRedis(port: port, directory: directory)
        let both = Script(name: "both", source: "#!lua\nfor i = 1, 2 do redis.call('SET', KEYS[i], ARGV[1]) end return 1")
        var client = RedisClient(try await embedded.start())
        _ = try await client.send(Command(both, keys: ["{x}a", "{x}b"], arguments: ["1"]))
        _ = try await client.send(Command(both, keys: ["{x}a", "{x}b"], arguments: ["2"]))
        client.close()
        await embedded.stop()
        let log = directory + "/appendonlydir/appendonly.aof.1.incr.aof"
        try await eventually("it has stopped") { !FileManager.default.fileExists(atPath: directory + "/redis.pid") }
        let size = try #require(try FileManager.default.attributesOfItem(atPath: log)[.size] as? Int)
        #expect(truncate(log, off_t(size - bytes)) == 0)

        client = RedisClient(try await embedded.start())
        #expect(try await client.send("MGET", "{x}a", "{x}b").asTexts() == ["1", "1"])
        _ = try await client.send("SET", "{x}c", "3")
        client.close()
        await embedded.stop()
        try await eventually("it has stopped") { !FileManager.default.fileExists(atPath: directory + "/redis.pid") }
        client = RedisClient(try await embedded.start())
        #expect(try await client.send("MGET", "{x}a", "{x}b", "{x}c").asTexts() == ["1", "1", "3"])
        client.close()
        await embedded.stop()
    }

    /// Several processes that start at the same moment have one server.
    @Test func oneOfManyLaunches() async throws {
        let folder = try TemporaryFolder()
        let embedded = EmbeddedRedis(port: try FreePorts.take(1)[0], directory: folder.url.appendingPathComponent("redis").path)
        let endpoints = try await withThrowingTaskGroup { group in
            for _ in 0..<8 { group.addTask { try await embedded.start() } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(endpoints.map(\.description)).count == 1)
        await embedded.stop()
    }

    @Test func withoutTheProgram() async throws {
        let folder = try TemporaryFolder()
        let output = folder.url.appendingPathComponent("log")
        // Perhaps another program has the port on this machine; then that is the complaint. Both say what to do.
        let ports = try MuseumProcess.freePorts().map { "\($0.key.uppercased())_PORT=\($0.value)" }
        let child = try ChildProcess(
            "env", ports + ["PATH=/nowhere", MuseumProcess.program, "serve"], folder: folder.url, output: output)
        #expect(try await child.waitForExit() == 1)
        #expect(child.printed().contains("REDIS_URL") && child.printed().split(separator: "\n").count == 1, "\(child.printed())")
    }
}
