public import Foundation
import Synchronization

/// A program that a test has started, stopped by its process id at the latest when the test lets go of it.
public final class ChildProcess: Sendable {
    public let pid: pid_t
    /// What it printed, stdout and stderr together.
    public let output: URL

    /// - Parameter environment: the whole of it, but for PATH and HOME, which are handed on.
    public init(_ program: String, _ arguments: [String], environment: [String: String] = [:], folder: URL, output: URL) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output.path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // The threads that tests run on block signals, and a program would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var variables = environment
        for name in ["PATH", "HOME", "LD_LIBRARY_PATH"] { variables[name] = ProcessInfo.processInfo.environment[name] }
        // The shell becomes the program, which so keeps the process id. It closes what it has inherited first: a program that
        // kept a test's sockets open would keep alive what the test has closed.
        let becoming = #"for file in /proc/$$/fd/*; do n=${file##*/}; ((n < 3)) || exec {n}>&-; done; cd "$0" && exec "$@""#
        let argv = (["bash", "-c", becoming, folder.path, program] + arguments).map { strdup($0) } + [nil]
        let envp = variables.map { strdup("\($0)=\($1)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, "bash", &actions, &attributes, argv, envp)
        guard code == 0 else { throw Failed("\(program): \(String(cString: strerror(code)))") }
        self.pid = pid
        self.output = output
    }

    deinit { _ = end() }

    public func signal(_ number: Int32) { kill(pid, number) }

    /// The exit code, or minus the signal that ended it; `nil` while it runs.
    public func exitCode() -> Int32? {
        var status: Int32 = 0
        let found = waitpid(pid, &status, WNOHANG)
        if found == 0 { return nil }
        // Reaped before: it has ended, with what is not known any more.
        guard found == pid else { return 0 }
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
    }

    /// Waits for its end.
    public func waitForExit(within limit: Duration = .seconds(20)) async throws -> Int32 {
        var code: Int32?
        try await eventually("process \(pid) ends", within: limit) {
            code = exitCode()
            return code != nil
        }
        return code!
    }

    /// Blocks until it has ended: only for what ends at once.
    /// - Returns: the exit code, or minus the signal that ended it.
    public func waitForEnd() -> Int32 {
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
    }

    /// SIGKILL, and wait until it is gone.
    @discardableResult
    public func end() -> Int32 {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return status
    }

    public func printed() -> String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }
}

/// A failure of the test harness itself.
public struct Failed: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// Polls until the condition holds. The only way tests wait.
/// - Throws: ``Failed`` naming what did not come about.
public func eventually(
    _ what: String, within limit: Duration = .seconds(10), every pause: Duration = .milliseconds(10),
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while true {
        if try await condition() { return }
        guard ContinuousClock.now < deadline else { throw Failed("not within \(limit): \(what)") }
        try await Task.sleep(for: pause)
    }
}

/// A folder that is removed together with the value.
public final class TemporaryFolder: Sendable {
    public let url: URL

    public init() throws {
        // Short: the path of a unix socket has 100 bytes at most.
        url = URL(fileURLWithPath: "/tmp/skm-\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }
}

/// Ports that nobody listens on at the moment, from below those that the kernel gives to outgoing connections.
/// Each is handed out once in this process.
public enum FreePorts {
    private static let taken = Mutex<Set<Int>>([])

    /// - Parameter distance: whether the port so far above each is to be free, too: 10,000 for a node of a Redis cluster.
    public static func take(_ count: Int, andAbove distance: Int = 0) throws -> [Int] {
        var ports: [Int] = []
        for _ in 0..<10_000 where ports.count < count {
            let port = Int.random(in: 10_000..<32_000 - distance)
            let isNew = taken.withLock { taken in
                defer { taken.formUnion([port, port + distance]) }
                return taken.isDisjoint(with: [port, port + distance])
            }
            if isNew, isFree(port), isFree(port + distance) { ports.append(port) }
        }
        guard ports.count == count else { throw Failed("no free port") }
        return ports
    }

    private static func isFree(_ port: Int) -> Bool {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
