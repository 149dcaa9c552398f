import Foundation
import TestSupport

/// The files of a museum that faults befall: its users, its clock, its disk.
final class FaultFiles: Sendable {
    let folder: TemporaryFolder
    /// For redis-server and every process: what is preloaded and what that goes by.
    let environment: [String: String]
    private let users: URL
    private let disk: URL
    private let isMounted: Bool

    private static let diskSize = 512 << 20

    init(_ setup: FaultSetup) throws {
        folder = try TemporaryFolder()
        disk = folder.url.appendingPathComponent("disk")
        try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: true)
        isMounted = setup.hasSmallDisk
        if isMounted { try Self.mount(["-t", "tmpfs", "-o", "size=\(Self.diskSize)", "tmpfs", disk.path]) }

        let preloaded = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("libPreload.so").path
        let clock = folder.url.appendingPathComponent("clock").path
        environment = ["LD_PRELOAD": preloaded, "SHIFTED_CLOCK": clock]
        users = try GuardedRedis.writeUsers(in: folder)
        try jump(to: 0)
    }

    /// Starts the Redis of a museum, with the project's users.
    func startRedis(_ setup: FaultSetup) async throws -> any RedisTopology {
        let users = ["--aclfile", users.path]
        return switch setup.topology {
        case .single: try await RedisServer.start(["--dir", disk.path] + users, environment: environment)
        case .sentinel: try await SentinelServers.start(users)
        // Where a replica must confirm, one must be left after a failover.
        case .cluster: try await ClusterServers.start(users, replicas: setup.durability == .replicated ? 2 : 1)
        }
    }

    /// What users.acl says of one user, as ACL SETUSER takes it.
    func rules(of user: String) throws -> [String] {
        let text = try String(contentsOf: users, encoding: .utf8)
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("user \(user) ") }) else {
            throw Failed("users.acl has no user \(user)")
        }
        return line.split(separator: " ").dropFirst(2).map(String.init)
    }

    /// Sets every wall clock so many seconds ahead of the right time, or behind it.
    func jump(to seconds: Int) throws {
        try Data("\(seconds < 0 ? "" : "+")\(seconds)".utf8).write(to: folder.url.appendingPathComponent("clock"))
    }

    /// Leaves next to nothing of the disk: as little as it can be made smaller to while it is written to.
    func shrinkDisk() throws {
        for rest in [64, 256, 1024, 4096] {
            var system = statvfs()
            guard statvfs(disk.path, &system) == 0 else { throw Failed("statvfs \(disk.path): errno \(errno)") }
            let used = Int(system.f_blocks - system.f_bfree) * Int(system.f_frsize)
            do {
                return try Self.mount(["-o", "remount,size=\(used + rest * 1024)", disk.path])
            } catch {
                if rest == 4096 { throw error }
            }
        }
    }

    func growDisk() throws {
        if isMounted { try Self.mount(["-o", "remount,size=\(Self.diskSize)", disk.path]) }
    }

    private static func mount(_ arguments: [String]) throws {
        let output = FileManager.default.temporaryDirectory.appendingPathComponent("skm-mount-\(UInt32.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: output) }
        let child = try ChildProcess("mount", arguments, folder: FileManager.default.temporaryDirectory, output: output)
        let status = child.waitForEnd()
        guard status == 0 else { throw Failed("mount \(arguments.joined(separator: " ")): \(child.printed()); it needs root") }
    }

    /// Cuts each append-only file back to somewhere between what was synced to the disk and what was written. The server must
    /// be dead.
    /// - Returns: how many bytes of how many files were known to be synced.
    func cutBackToSynced(_ random: inout SeededRandom) throws -> (synced: Int, cut: Int) {
        var (synced, cut) = (0, 0)
        for file in try appendOnlyFiles() {
            let note = try? String(contentsOfFile: file.path + ".synced", encoding: .utf8)
            let length = note.flatMap { Int($0) } ?? 0
            synced += length
            // Of what was written and not synced a disk may have any part.
            let written = try max(length, size(of: file))
            cut += try truncate(file, to: random.once(in: 2) ? length : Int.random(in: length...written, using: &random))
        }
        return (synced, cut)
    }

    /// Cuts so many bytes off the newest append-only file.
    /// - Returns: how many are gone.
    func cutLog(by bytes: Int) throws -> Int {
        guard let file = try appendOnlyFiles().last else { return 0 }
        return try truncate(file, to: max(0, try size(of: file) - bytes))
    }

    private func appendOnlyFiles() throws -> [URL] {
        let folder = disk.appendingPathComponent("appendonlydir")
        let all = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return all.filter { $0.lastPathComponent.hasSuffix(".incr.aof") }.sorted { $0.path < $1.path }
    }

    private func size(of file: URL) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int ?? 0
    }

    private func truncate(_ file: URL, to length: Int) throws -> Int {
        let before = try size(of: file)
        guard length < before else { return 0 }
        let handle = try FileHandle(forWritingTo: file)
        defer { try? handle.close() }
        try handle.truncate(atOffset: UInt64(length))
        return before - length
    }

    func remove() {
        guard isMounted else { return }
        umount2(disk.path, 2)
    }
}
