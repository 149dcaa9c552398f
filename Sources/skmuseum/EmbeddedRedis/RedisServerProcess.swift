import Foundation
import Subprocess
import Synchronization

/// A redis-server that was started here. It has a session of its own, so that neither Ctrl-C nor the end of this process ends
/// it.
final class RedisServerProcess: Sendable {
    private let pid: pid_t
    private let folder: DataFolder
    /// How long the log was before.
    private let logStart: Int
    private let hasEnded = Mutex(false)

    /// glibc's and musl's value; Swift does not import it.
    private static let newSession: Int16 = 0x80

    /// - Throws: ``CommandError`` where it can't be run.
    init(port: Int, folder: DataFolder) throws {
        self.folder = folder
        logStart = (try? FileManager.default.attributesOfItem(atPath: folder.log)[.size] as? Int) ?? 0
        let arguments = [
            "redis-server", try folder.writeConfiguration(), "--port", String(port), "--bind", "127.0.0.1", "--dir", folder.path,
            "--daemonize", "no", "--logfile", folder.log, "--pidfile", folder.path + "/redis.pid",
        ]
        let log = try folder.openLog()
        defer { close(log) }
        var (pid, code) = (pid_t(0), Int32(0))
        Self.withSpawnOptions(log: log) { actions, attributes in
            let argv = arguments.map { strdup($0) } + [nil]
            let variables = ProcessInfo.processInfo.environment.map { strdup("\($0)=\($1)") } + [nil]
            defer { (argv + variables).forEach { free($0) } }
            code = posix_spawnp(&pid, "redis-server", &actions, &attributes, argv, variables)
        }
        guard code == 0 else {
            let reason = String(cString: strerror(code))
            throw CommandError(
                "redis-server can't be run (\(reason)); install it (apt-get install redis-server), or set REDIS_URL")
        }
        self.pid = pid
    }

    /// Errors before it opens its log itself are in the log, too.
    private static func withSpawnOptions(
        log: Int32, _ spawn: (inout posix_spawn_file_actions_t, inout posix_spawnattr_t) -> Void
    ) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, log, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, log, STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Signals that this process blocks or ignores are not the server's concern.
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        let flags = Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF) | newSession
        posix_spawnattr_setflags(&attributes, flags)
        spawn(&actions, &attributes)
    }

    /// Why it has ended; `nil` while it runs.
    func ending() async -> String? {
        guard isReaped() else { return nil }
        if let version = await Self.versionTooOld() {
            return "redis-server is \(version), and 7.0 or newer is needed; install that, or set REDIS_URL"
        }
        return "redis-server ended at its start" + (lastLogLine.map { ": \($0)" } ?? "")
    }

    /// Ends it, and waits until it has ended. Also works in a cancelled task.
    func end() {
        if isReaped() { return }
        kill(pid, SIGTERM)
        let deadline = ContinuousClock.now + .seconds(2)
        while !isReaped() {
            if .now >= deadline { kill(pid, SIGKILL) }
            usleep(10_000)
        }
    }

    /// Whether it has ended. From then on its number may be another's.
    private func isReaped() -> Bool {
        hasEnded.withLock { hasEnded in
            var status: Int32 = 0
            if !hasEnded { hasEnded = waitpid(pid, &status, WNOHANG) != 0 }
            return hasEnded
        }
    }

    /// The last line that it wrote to its log, without number and time.
    private var lastLogLine: String? {
        guard let log = try? Data(contentsOf: URL(fileURLWithPath: folder.log)), log.count > logStart else { return nil }
        let lines = String(decoding: log.dropFirst(logStart), as: UTF8.self).split(whereSeparator: \.isNewline)
        guard let last = lines.last(where: { !$0.allSatisfy(\.isWhitespace) }) else { return nil }
        return String(last.firstMatch(of: #/^\d+:[A-Z] .*? [*#.-] (.*)$/#)?.1 ?? last)
    }

    private static func versionTooOld() async -> String? {
        guard
            let output = try? await Subprocess.run(.name("redis-server"), arguments: ["--version"], output: .string(limit: 1000)),
            let version = output.standardOutput.firstMatch(of: #/v=(\d+)([0-9.]*)/#), let major = Int(version.1), major < 7
        else { return nil }
        return "\(version.1)\(version.2)"
    }
}
