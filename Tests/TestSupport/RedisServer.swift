public import Foundation
import NIOCore
public import Redis
import Scripts
import Synchronization

/// A redis-server of the test's own, set up by the project's redis.conf, on a unix socket and a free port in a temporary
/// folder.
public final class RedisServer: RedisTopology {
    public let folder: TemporaryFolder
    /// A loopback address.
    public let address: String
    public let port: Int
    private let options: [String]
    /// What a sentinel begins with. It keeps its state in the file, so the file is written once.
    private let sentinelConf: String?
    private let environment: [String: String]
    private let process: LockedBox<ChildProcess?>
    private let stopped = LockedBox(false)
    /// For operators' commands to this very server, over the unix socket.
    public let admin: RedisClient

    /// - Parameters:
    ///   - options: further redis-server options, such as `["--maxmemory", "10mb"]`.
    ///   - environment: such as a library to preload.
    ///   - prepare: what is to be done to its folder first.
    public static func start(
        _ options: [String] = [], environment: [String: String] = [:], prepare: (URL) throws -> Void = { _ in }
    ) async throws -> RedisServer {
        let server = try RedisServer(options, environment: environment)
        try prepare(server.folder.url)
        try await server.launch()
        return server
    }

    /// One that has not been started yet.
    init(
        _ options: [String], environment: [String: String], address: String = "127.0.0.1", port: Int? = nil,
        sentinelConf: String? = nil
    ) throws {
        self.options = options
        self.environment = environment
        self.address = address
        self.sentinelConf = sentinelConf
        folder = try TemporaryFolder()
        self.port = try port ?? FreePorts.take(1)[0]
        process = LockedBox(nil)
        var waiting = RedisOptions()
        waiting.commandTimeout = .seconds(2)
        let socket = folder.url.appendingPathComponent("redis.sock").path
        admin = RedisClient(try RedisEndpoint(url: "unix://\(socket)"), options: waiting)
    }

    deinit { admin.close() }

    /// The project's redis.conf, or the one that MUSEUM_REDIS_CONF names.
    private static let conf: String =
        ProcessInfo.processInfo.environment["MUSEUM_REDIS_CONF"].flatMap { try? String(contentsOfFile: $0, encoding: .utf8) }
        ?? Scripts.redisConf

    /// The line of INFO server that every server must have, such as `redis_version:7.0.15`; `nil`: any version may run.
    private static let requiredVersion = ProcessInfo.processInfo.environment["MUSEUM_REDIS_VERSION"]

    public var servers: [RedisServer] { [self] }
    public func url(of user: String?) -> String { "redis://\(Self.credentials(of: user))\(host)" }
    public var socketURL: String { "unix://\(folder.url.path)/redis.sock" }
    /// `address:port`
    public var host: String { "\(address):\(port)" }
    public var pid: pid_t { process.value!.pid }

    /// A client of its own over the unix socket.
    public func client(_ options: RedisOptions) throws -> RedisClient {
        RedisClient(try RedisEndpoint(url: socketURL), options: options)
    }

    /// Sends an operator's command to this very server, as the default user.
    public func send(_ arguments: String...) async throws -> Reply { try await send(arguments) }

    /// Sends an operator's command to this very server, as the default user.
    public func send(_ arguments: [String]) async throws -> Reply { try await admin.send(Command(arguments)) }

    /// A line of INFO, such as `role` or `master_link_status`; `nil` where there is none.
    public func info(_ name: String) async throws -> String? {
        let lines = try await send("INFO").asText().split(whereSeparator: \.isNewline)
        return lines.first { $0.hasPrefix(name + ":") }.map { String($0.dropFirst(name.utf8.count + 1)) }
    }

    public func launch() async throws { try await launch(adding: []) }

    /// Starts it (again) on the same port and data, and waits until it replies, if only that it wants a password.
    /// - Parameter more: redis-server options besides those that it was made with.
    public func launch(adding more: [String]) async throws {
        let options = options + more
        let conf = folder.url.appendingPathComponent("redis.conf")
        if sentinelConf == nil || !FileManager.default.fileExists(atPath: conf.path) {
            try Data((sentinelConf ?? Self.conf).utf8).write(to: conf)
        }
        try mendLog(options)
        process.value = try ChildProcess(
            "redis-server",
            [conf.path] + (sentinelConf == nil ? [] : ["--sentinel"]) + [
                "--port", String(port), "--bind", address, "--dir", folder.url.path, "--unixsocket",
                folder.url.appendingPathComponent("redis.sock").path,
            ] + options,
            environment: environment, folder: folder.url, output: folder.url.appendingPathComponent("redis.log"))
        try await waitForReply()
    }

    private func waitForReply() async throws {
        let client = try client()
        defer { client.close() }
        let log = folder.url.appendingPathComponent("redis.log")
        var last: Result<Reply, RedisError>?
        do {
            try await eventually("redis-server answers", within: .seconds(20)) {
                if process.value?.exitCode() != nil { throw Failed("redis-server has ended") }
                let replies = await client.send([Command("PING"), Command("INFO", "server")])
                last = replies[0]
                if case .failure(.refused(let message)) = last { return message.hasPrefix("NOAUTH") }
                guard last == .success(.text("PONG")), case .success(let info) = replies[1] else { return false }
                try Self.requireVersion(try info.asText())
                return true
            }
        } catch {
            let printed = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
            throw Failed("\(error), last \(String(describing: last)); its log: \(printed)")
        }
    }

    private static func requireVersion(_ info: String) throws {
        guard let requiredVersion else { return }
        guard info.split(whereSeparator: \.isNewline).contains(requiredVersion[...]) else {
            throw Failed("redis-server is not \(requiredVersion): \(info)")
        }
    }

    /// What whoever starts a server does first (docs/operations.md): cuts a log that ends in half a write back to the last
    /// whole one. It is the newest file that the manifest lists.
    private func mendLog(_ options: [String]) throws {
        let place = options.firstIndex(of: "--dir").map { URL(fileURLWithPath: options[$0 + 1]) } ?? folder.url
        let manifest = place.appendingPathComponent("appendonlydir/appendonly.aof.manifest").path
        guard FileManager.default.fileExists(atPath: manifest) else { return }
        let script =
            #"name=$(sed -nE 's/^file (\S+) .*type i.*/\1/p' "$0" | tail -n 1); echo y | redis-check-aof --fix "${0%/*}/$name""#
        let mending = try ChildProcess(
            "bash", ["-c", script, manifest], folder: folder.url,
            output: folder.url.appendingPathComponent("redis-check-aof.log"))
        guard mending.waitForEnd() == 0 else { throw Failed("the log is damaged: \(mending.printed())") }
    }

    /// Puts the server before everything else on the machine, so that a command's time is its own work and not the wait for a
    /// core. Needs root; without it nothing changes.
    public func runFirst() { _ = setpriority(.init(PRIO_PROCESS.rawValue), id_t(pid), -20) }

    public func signal(_ number: Int32) {
        if number == SIGSTOP { stopped.value = true }
        if number == SIGCONT { stopped.value = false }
        process.value?.signal(number)
    }

    /// Whether it has been started and has not ended by itself.
    public var isRunning: Bool { process.value.map { $0.exitCode() == nil } ?? false }

    /// Whether it runs and is not stopped by a signal of the test's own.
    public var isResponding: Bool { isRunning && !stopped.value }

    /// SIGKILL: as when the power fails, but for what the kernel has written.
    public func kill() {
        process.value?.end()
        process.value = nil
        stopped.value = false
    }
}

/// A value behind a lock, for the machinery of tests.
public final class LockedBox<Value: Sendable>: Sendable {
    private let box: Mutex<Value>
    public init(_ value: Value) { box = Mutex(value) }
    public var value: Value {
        get { box.withLock { $0 } }
        set { box.withLock { $0 = newValue } }
    }

    /// Changes the value and returns a result in one step.
    public func update<Result: Sendable>(_ change: (inout sending Value) -> sending Result) -> Result { box.withLock(change) }
}
