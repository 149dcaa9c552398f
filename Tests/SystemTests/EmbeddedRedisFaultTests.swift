import Foundation
import HTTPServer
import NIOCore
import Platform
import Redis
import TestSupport
import Testing

@testable import skmuseum

/// What is in the way of the embedded redis-server, and what a failed start leaves behind: nothing.
@Suite(.timeLimit(.minutes(5)))
struct EmbeddedRedisFaultTests {
    private let folder: TemporaryFolder
    private let port: Int
    private var path: String { folder.url.appendingPathComponent("data/redis").path }

    init() throws {
        folder = try TemporaryFolder()
        port = try FreePorts.take(1)[0]
    }

    /// Starts, which has to fail.
    /// - Returns: the complaint, and how long it took.
    private func complaint(port: Int? = nil, path: String? = nil) async throws -> (line: String, time: Duration) {
        let start = ContinuousClock.now
        do {
            _ = try await EmbeddedRedis(port: port ?? self.port, directory: path ?? self.path).start()
        } catch let complaint as CommandError {
            let saysWhatToDo = complaint.line.contains("REDIS_URL") || complaint.line.contains("; see ")
            #expect(!complaint.line.contains("\n") && saysWhatToDo, "\(complaint.line)")
            return (complaint.line, ContinuousClock.now - start)
        }
        throw Failed("it has started")
    }

    /// Whether a redis-server runs that has the test's folder.
    private var isServerLeft: Bool {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.filter { Int($0) != nil }.contains { pid in
            guard let name = try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8), name == "redis-server\n",
                let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd")
            else { return false }
            return place.hasPrefix(folder.url.path) || place.contains(folder.url.lastPathComponent)
        }
    }

    /// A web server, one that takes connections and never answers, and one that doesn't even take them.
    @Test(arguments: ["web server", "silent", "full"])
    func anotherProgram(kind: String) async throws {
        let answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        let listener = try StubServer(kind == "web server" ? .saysFirst(answer) : .saysThenHangs(""), accepts: kind != "full")
        let (line, time) = try await complaint(port: listener.port)
        #expect(line.contains("port \(listener.port) is in use by a program that"), "\(line)")
        #expect(time < .seconds(30), "said within five seconds, and not after two minutes: \(time)")
        #expect(!isServerLeft)
    }

    @Test func anotherRedis() async throws {
        let redis = try await RedisServer.start()
        let (line, _) = try await complaint(port: redis.port)
        #expect(
            line.contains("a redis-server with its data in /") && line.contains(redis.folder.url.lastPathComponent), "\(line)")
        _ = try await redis.client().send("CONFIG", "SET", "requirepass", "hunter2")
        #expect(try await complaint(port: redis.port).line.contains("wants a user and password"))
        #expect(redis.isRunning && !isServerLeft)
    }

    /// `data` on another disk, before and after its folder is there.
    @Test(arguments: ["data", "data/redis"])
    func symlinks(link: String) async throws {
        let files = FileManager.default
        let disk = folder.url.appendingPathComponent("disk")
        try files.createDirectory(at: disk, withIntermediateDirectories: true)
        let place = folder.url.appendingPathComponent(link)
        try files.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try files.createSymbolicLink(at: place, withDestinationURL: disk)
        for round: Int64 in 1...2 {
            let embedded = EmbeddedRedis(port: port, directory: path)
            let client = RedisClient(try await embedded.start())
            #expect(try await client.send("INCR", "round") == .integer(round))
            client.close()
            await embedded.stop()
            #expect(!isServerLeft)
        }
        #expect(files.fileExists(atPath: disk.path + (link == "data" ? "/redis" : "") + "/appendonlydir"))
    }

    @Test(arguments: ["data", "data/redis"])
    func symlinksToNowhere(link: String) async throws {
        let place = folder.url.appendingPathComponent(link)
        try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: place.path, withDestinationPath: "/nowhere/at/all")
        #expect(try await complaint().line.contains("\(link) is a symlink to a folder that isn't there"))
        #expect(!isServerLeft)
    }

    @Test func aFileInPlaceOfTheFolderIsReported() async throws {
        try Data().write(to: folder.url.appendingPathComponent("data"))
        #expect(try await complaint().line.contains("data is no folder"))
        // What the server writes can't be written.
        for name in ["redis.conf", "lock", "redis.log"] {
            let other = folder.url.appendingPathComponent("without " + name).path
            try FileManager.default.createDirectory(atPath: other + "/" + name, withIntermediateDirectories: true)
            #expect(try await complaint(path: other).line.contains(other))
        }
        #expect(!isServerLeft)
    }

    /// Redis ends at its start: what it says last is in the complaint.
    @Test func aFolderThatRedisCanNotUse() async throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: path + "/appendonlydir"))
        let (line, _) = try await complaint()
        #expect(line.contains("redis-server ended at its start: ") && line.contains("appendonlydir"), "\(line)")
        #expect(!isServerLeft)
    }

    /// Programs of these names are found first.
    @Test(arguments: [
        ("echo 'Redis server v=6.0.16 sha=0'; [[ $* == --version ]] || exit 1", "redis-server is 6.0.16"),
        ("echo 'out of luck' >&2; exit 3", "ended at its start: out of luck"), ("kill -KILL $$", "ended at its start"),
    ])
    func programsThatFail(script: String, said: String) async throws {
        // The port is fixed: where somebody else has it, that is the complaint.
        guard PortCheck.isFree(address: "127.0.0.1", port: Settings.embeddedRedisPort) else { return }
        let child = try serve(redisServer: script)
        #expect(try await child.waitForExit() == 1)
        #expect(child.printed().contains(said) && child.printed().split(separator: "\n").count == 1, "\(child.printed())")
    }

    /// Runs `serve` where `redis-server` is a script.
    private func serve(redisServer script: String) throws -> ChildProcess {
        let programs = folder.url.appendingPathComponent("bin")
        try FileManager.default.createDirectory(at: programs, withIntermediateDirectories: true)
        let program = programs.appendingPathComponent("redis-server").path
        try Data("#!/bin/bash\n\(script)\n".utf8).write(to: URL(fileURLWithPath: program))
        chmod(program, 0o755)
        let variables = try MuseumProcess.freePorts().map { "\($0.key.uppercased())_PORT=\($0.value)" }
        return try ChildProcess(
            "env", variables + ["PATH=\(programs.path):/usr/bin:/bin", MuseumProcess.program, "serve"], folder: folder.url,
            output: folder.url.appendingPathComponent("log"))
    }

    /// A signal while it waits for a server that has not answered yet.
    @Test(.enabled(if: PortCheck.isFree(address: "127.0.0.1", port: Settings.embeddedRedisPort)), arguments: [SIGTERM, SIGHUP])
    func stoppedWhileStarting(signal: Int32) async throws {
        let file = folder.url.appendingPathComponent("pid")
        let child = try serve(redisServer: "echo $$ >\(file.path).new; mv \(file.path).new \(file.path); exec sleep 300")
        try await eventually("the server is started") { FileManager.default.fileExists(atPath: file.path) }
        let text = try String(contentsOf: file, encoding: .utf8)
        let pid = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        child.signal(signal)
        #expect(try await child.waitForExit() == 0, "\(child.printed())")
        #expect(kill(pid, 0) != 0, "it has been ended, too")
    }

    /// A start that fails after the server was started stops it.
    @Test(.enabled(if: PortCheck.isFree(address: "127.0.0.1", port: Settings.embeddedRedisPort)))
    func aLaterFailure() async throws {
        let evicting = try await RedisServer.start(["--maxmemory-policy", "allkeys-lru"])
        var environment = ["MYPAGE_REDIS_URL": evicting.url]
        for (role, port) in try MuseumProcess.freePorts() { environment["\(role.uppercased())_PORT"] = String(port) }
        let child = try ChildProcess(
            MuseumProcess.program, ["serve"], environment: environment, folder: folder.url,
            output: folder.url.appendingPathComponent("log"))
        #expect(try await child.waitForExit() == 78)
        #expect(child.printed().contains("MYPAGE_REDIS_URL"), "\(child.printed())")
        #expect(FileManager.default.fileExists(atPath: path + "/redis.log"), "a server was started")
        #expect(!isServerLeft)
    }

    /// Processes start and stop at the same time: whoever has started has a server until it stops itself.
    @Test func startsAndStopsTakeTurns() async throws {
        let failures = LockedBox<[String]>([])
        await withTaskGroup { group in
            for number in 0..<6 {
                group.addTask { [port, path] in
                    do {
                        for _ in 0..<5 {
                            let embedded = EmbeddedRedis(port: port, directory: path, clientName: "skmuseum-\(number)")
                            let client = RedisClient(try await embedded.start(), options: patient)
                            for _ in 0..<5 { _ = try await client.send("INCR", "count") }
                            client.close()
                            await embedded.stop()
                        }
                    } catch {
                        failures.update { $0.append("\(error)") }
                    }
                }
            }
        }
        #expect(failures.value.isEmpty, "\(failures.value)")
        let last = EmbeddedRedis(port: port, directory: path)
        let client = RedisClient(try await last.start(), options: patient)
        #expect(try await client.send("GET", "count") == .text("150"))
        client.close()
        try await eventually("the last one stops it") {
            await last.stop()
            return !isServerLeft
        }
    }

    /// As long as it says that it is loading, it is waited for, and that is told.
    @Test func loadingTakesLong() async throws {
        let said = LockedBox<[String]>([])
        let embedded = EmbeddedRedis(port: port, directory: path) { text in said.update { $0.append(text) } }
        var client = RedisClient(try await embedded.start(), options: patient)
        _ = try await client.send("SET", "kept", "yes")
        _ = await client.send((0..<20_000).map { Command("SET", "key \($0)", "value") })
        client.close()
        await embedded.stop()
        // 300 µs a key, six seconds in all. The server is started by hand, and the start takes it over.
        let server = try ChildProcess(
            "redis-server",
            ["--port", String(port), "--bind", "127.0.0.1", "--dir", path, "--appendonly", "yes", "--key-load-delay", "300"],
            folder: folder.url, output: folder.url.appendingPathComponent("log"))
        defer { server.signal(SIGKILL) }
        try await eventually("it listens") { !PortCheck.isFree(address: "127.0.0.1", port: port) }
        client = RedisClient(try await embedded.start(), options: patient)
        #expect(try await client.send("GET", "kept") == .text("yes"))
        #expect(said.value.contains { $0.contains("is loading its data") }, "\(said.value)")
        client.close()
    }
}

/// For what is not about time, on a machine that is busy with others.
private let patient: RedisOptions = {
    var options = RedisOptions()
    options.commandTimeout = .seconds(10)
    return options
}()
