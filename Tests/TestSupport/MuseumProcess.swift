public import Foundation

/// `skmuseum serve` as a process: one or several roles on free ports, against a test's own Redis.
public final class MuseumProcess: Sendable {
    public let roles: [String]
    public let ports: [String: Int]
    public let environment: [String: String]
    private let folder: TemporaryFolder
    private let process: LockedBox<ChildProcess?>

    /// The program that the tests were built with, or the one that MUSEUM_PROGRAM names.
    public static let program =
        ProcessInfo.processInfo.environment["MUSEUM_PROGRAM"]
        ?? URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("skmuseum").path

    public static let allRoles = ["book", "museum", "confirm", "mypage", "gateway"]

    /// Free ports for all roles, by role.
    public static func freePorts() throws -> [String: Int] {
        Dictionary(uniqueKeysWithValues: zip(allRoles, try FreePorts.take(allRoles.count)))
    }

    /// Starts the roles and waits until all their ports are ready.
    /// - Parameter ports: of all roles, so that those in other processes are found.
    public static func start(
        _ roles: [String] = allRoles, ports: [String: Int], redis: any RedisTopology, environment: [String: String] = [:]
    ) async throws -> MuseumProcess {
        let process = try prepared(roles, ports: ports, redis: redis, environment: environment)
        try await process.launch()
        return process
    }

    /// The same, not started yet.
    public static func prepared(
        _ roles: [String] = allRoles, ports: [String: Int], redis: any RedisTopology, environment: [String: String] = [:]
    ) throws -> MuseumProcess {
        var environment = environment
        environment["REDIS_URL"] = environment["REDIS_URL"] ?? redis.url
        for (role, port) in ports { environment["\(role.uppercased())_PORT"] = String(port) }
        return try MuseumProcess(roles: roles, ports: ports, environment: environment)
    }

    /// One that has not been started yet.
    public init(roles: [String], ports: [String: Int], environment: [String: String]) throws {
        self.roles = roles
        self.ports = ports
        self.environment = environment
        folder = try TemporaryFolder()
        process = LockedBox(nil)
    }

    public var pid: pid_t { process.value?.pid ?? 0 }
    public func printed() -> String {
        (try? String(contentsOf: folder.url.appendingPathComponent("output.log"), encoding: .utf8)) ?? ""
    }

    /// The address of one of its roles.
    public func url(_ role: String) -> String { "http://127.0.0.1:\(ports[role] ?? 0)" }

    /// Starts it (again), and waits until it is ready.
    public func launch() async throws {
        try begin()
        try await waitUntilReady()
    }

    /// Starts it (again), and waits for nothing.
    public func begin() throws {
        process.value = try ChildProcess(
            Self.program, ["serve", "--role", roles.joined(separator: ",")], environment: environment, folder: folder.url,
            output: folder.url.appendingPathComponent("output.log"))
    }

    public func waitUntilReady(within limit: Duration = .seconds(20)) async throws {
        for role in roles {
            try await eventually("\(role) is ready", within: limit) {
                if let code = process.value?.exitCode() { throw Failed("\(role) ended with \(code): \(printed())") }
                return (try? await Visitor(url(role)).get("/readyz").status) == 200
            }
        }
    }

    /// Whether it has been started and has not ended by itself.
    public var isRunning: Bool { process.value.map { $0.exitCode() == nil } ?? false }

    public func signal(_ number: Int32) { process.value?.signal(number) }

    /// SIGTERM, and wait for its end.
    /// - Returns: its exit code.
    @discardableResult
    public func stop() async throws -> Int32 {
        signal(SIGTERM)
        return try await waitForExit()
    }

    /// Waits for its end after a signal.
    /// - Returns: its exit code.
    public func waitForExit(within limit: Duration = .seconds(15)) async throws -> Int32 {
        guard let running = process.value else { return 0 }
        let code = try await running.waitForExit(within: limit)
        process.value = nil
        return code
    }

    /// SIGKILL.
    public func kill() {
        process.value?.end()
        process.value = nil
    }

    /// Runs a command of the program to its end against the same Redis.
    public func run(_ arguments: String..., within limit: Duration = .seconds(60)) async throws -> (code: Int32, output: String) {
        try await run(arguments[0], Array(arguments.dropFirst()), within: limit)
    }

    /// Runs a command of the program to its end against the same Redis.
    public func run(
        _ command: String, _ arguments: [String], within limit: Duration = .seconds(60)
    ) async throws -> (code: Int32, output: String) {
        let output = folder.url.appendingPathComponent("command-\(UInt32.random(in: 0 ... .max)).log")
        let child = try ChildProcess(
            Self.program, [command] + arguments, environment: environment, folder: folder.url, output: output)
        let code = try await child.waitForExit(within: limit)
        return (code, child.printed())
    }
}
