import Foundation
import Platform
import Redis
import Scripts
import Subprocess
import Synchronization

/// A private redis-server on 127.0.0.1, its data below the current folder.
///
/// It runs in a session of its own: a killed `skmuseum` leaves it running, and the next start uses it. Starts and
/// stops take turns by the folder's lock.
final class EmbeddedRedis: Sendable {
    let port: Int
    private let path: String
    private let clientName: String
    private let report: @Sendable (String) -> Void
    /// Shows other processes of skmuseum that the server is in use.
    private let connection = Mutex<RedisConnection?>(nil)

    /// - Parameters:
    ///   - clientName: what the connections of this process are called; starts with `skmuseum-`.
    ///   - report: takes what a slow start is waiting for.
    init(
        port: Int = Settings.embeddedRedisPort, directory: String = "data/redis", clientName: String = "skmuseum-embedded",
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.port = port
        self.path = directory
        self.clientName = clientName
        self.report = report
    }

    deinit { connection.withLock { $0?.close() } }

    static func endpoint(port: Int = Settings.embeddedRedisPort) throws -> RedisEndpoint {
        try RedisEndpoint(url: "redis://127.0.0.1:\(port)")
    }

    /// How long another program on the port may be silent.
    private static let otherRepliesWithin = Duration.milliseconds(2500)
    /// How long a server that was started here may be silent. It is alive, perhaps on a machine that is busy.
    private static let ownRepliesWithin = Duration.seconds(60)
    /// How long another process may take to start or stop a server here.
    private static let lockWithin = Duration.seconds(120)
    /// How often a long wait is reported.
    private static let reportEvery = Duration.seconds(3)
    /// How long others' connections may take to close once their processes have ended.
    private static let closesWithin = Duration.milliseconds(200)

    /// Uses the server that is running, or starts one; returns when it replies.
    /// - Throws: ``CommandError``; then no server is left behind that was started here.
    func start() async throws -> RedisEndpoint {
        let probe = try PortProbe(port: port, clientName: clientName)
        try await refuseOthers(probe)
        let folder = try DataFolder(path)
        let lock = try await FolderLock.take(
            folder.path, before: .now + Self.lockWithin, reportEvery: Self.reportEvery, report: report)
        defer { lock.release() }
        var server: RedisServerProcess?
        do {
            let connection = try await ready(probe, folder, &server)
            self.connection.withLock { $0 = connection }
            return probe.endpoint
        } catch {
            server?.end()
            throw error
        }
    }

    /// Finds another program on the port before a folder is made.
    private func refuseOthers(_ probe: PortProbe) async throws {
        switch await probe.occupant() {
        case .other(let what): throw taken(by: what)
        case .redis(let directory, let connection, _):
            connection.close()
            if (try? DataFolder(existing: path))?.path != directory { throw taken(by: Self.server(with: directory)) }
        case .nobody, .silent: return
        }
    }

    private static func server(with directory: String) -> String { "a redis-server with its data in \(directory)" }

    /// Waits for the server, and starts it if there is none.
    private func ready(
        _ probe: PortProbe, _ folder: DataFolder, _ server: inout RedisServerProcess?
    ) async throws -> RedisConnection {
        var lastReply = ContinuousClock.now
        var nextReport = lastReply + Self.reportEvery
        while true {
            if let reason = await server?.ending() { throw CommandError("\(reason); see \(folder.log)") }
            var waitsFor = "redis-server has been started and doesn't answer yet"
            switch await probe.occupant() {
            case .redis(let directory, let connection, let isLoading):
                guard directory == folder.path else {
                    connection.close()
                    throw taken(by: Self.server(with: directory))
                }
                if !isLoading { return connection }
                connection.close()
                lastReply = .now
                waitsFor = "redis-server is loading its data from \(folder.path)"
            case .other(let what): throw taken(by: what)
            case .silent:
                if server == nil { waitsFor = "port \(port) is in use by a program that hasn't answered yet" }
            case .nobody:
                if server == nil {
                    try await repair(folder)
                    server = try RedisServerProcess(port: port, folder: folder)
                    lastReply = .now
                }
            }
            let limit = server == nil ? Self.otherRepliesWithin : Self.ownRepliesWithin
            guard .now - lastReply < limit else { throw taken(by: "a program that doesn't answer as a Redis does") }
            if .now >= nextReport {
                report(waitsFor)
                nextReport = .now + Self.reportEvery
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func taken(by what: String) -> CommandError {
        CommandError("port \(port) is in use by \(what); stop it, or set REDIS_URL to the Redis to use")
    }

    /// Truncates an append-only file that ends in an incomplete write, as a power failure may leave it. No process may be
    /// writing to it.
    private func repair(_ folder: DataFolder) async throws {
        // Not the manifest: the tool of Valkey 9.1 takes the base file, which begins with VALKEY there, for a damaged one.
        guard let newest = folder.newestLog else { return }
        try await reporting("redis-check-aof is reading \(folder.path)/appendonlydir") {
            // A shell answers the tool's question: Subprocess ends this process if a program ends before it has read its input.
            let script = "exec redis-check-aof --fix \"$0\" <<END\ny\nEND\n"
            let ending: TerminationStatus
            do {
                ending = try await Subprocess.run(.name("sh"), arguments: ["-c", script, newest], output: .discarded)
                    .terminationStatus
            } catch let error as SubprocessError {
                throw CommandError("sh can't be run (\(error)); install it, or set REDIS_URL")
            }
            guard ending != .exited(127) else {
                throw CommandError("redis-check-aof can't be run; install it (apt-get install redis-tools), or set REDIS_URL")
            }
            guard ending.isSuccess else {
                throw CommandError("\(folder.path)/appendonlydir is damaged; see docs/operations.md, \"After a power failure\"")
            }
        }
    }

    /// Does the work, and reports every few seconds that it is still running.
    private func reporting(_ text: String, _ work: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await work() }
            group.addTask { [report] in
                while true {
                    try await Task.sleep(for: Self.reportEvery)
                    report(text)
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Stops the server, unless another process of skmuseum uses it, or its data is in another folder.
    func stop() async {
        guard let folder = try? DataFolder(existing: path), let probe = try? PortProbe(port: port, clientName: clientName),
            let lock = try? await FolderLock.take(folder.path, before: .now + .seconds(2))
        else { return }
        defer { lock.release() }
        connection.withLock { connection in
            connection?.close()
            connection = nil
        }
        guard case .redis(let directory, let connection, _) = await probe.occupant() else { return }
        defer { connection.close() }
        guard directory == folder.path else { return }
        let deadline = ContinuousClock.now + Self.closesWithin
        while await isUsedByOthers(connection) {
            guard .now < deadline else { return }
            try? await Task.sleep(for: .milliseconds(20))
        }
        // Redis closes the connection instead of a reply.
        _ = await connection.send([Command("SHUTDOWN")])
        // The next start finds the port free.
        let freeBy = ContinuousClock.now + .seconds(2)
        while !probe.isPortFree, .now < freeBy { try? await Task.sleep(for: .milliseconds(10)) }
    }

    private func isUsedByOthers(_ connection: RedisConnection) async -> Bool {
        guard let list = try? await connection.send("CLIENT", "LIST").asText() else { return true }
        return list.split(separator: "\n").contains { $0.contains(" name=skmuseum-") && !$0.contains(" name=\(clientName) ") }
    }
}
