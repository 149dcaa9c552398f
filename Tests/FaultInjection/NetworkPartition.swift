import Foundation
import TestSupport

/// Cuts a Redis process off from the others of its group with iptables. Each has a loopback address of its own, so that clients
/// still reach it.
enum NetworkPartition {
    /// Whether the rules concern this run alone: it has a network of its own (`unshare --net`) and may change it.
    static let isPossible: Bool = {
        func network(_ process: String) -> String? {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/ns/net")
        }
        guard geteuid() == 0, ProcessInfo.processInfo.environment["FAULTS_NETWORK"] == "own", let own = network("self") else {
            return false
        }
        return own != network("1")
    }()

    /// Drops everything between it and each of the others, in both directions.
    static func isolate(_ node: RedisServer, from others: [RedisServer]) throws {
        for other in others where other !== node {
            try iptables(["--append", "INPUT", "--source", node.address, "--destination", other.address, "--jump", "DROP"])
            try iptables(["--append", "INPUT", "--source", other.address, "--destination", node.address, "--jump", "DROP"])
        }
    }

    static func heal() throws { try iptables(["--flush", "INPUT"]) }

    private static func iptables(_ arguments: [String]) throws {
        guard isPossible else { throw Failed("a partition needs root and a network of its own; scripts/faults has one") }
        let folder = FileManager.default.temporaryDirectory
        let output = folder.appendingPathComponent("skm-iptables-\(UInt32.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: output) }
        let child = try ChildProcess("iptables", ["--wait"] + arguments, folder: folder, output: output)
        guard child.waitForEnd() == 0 else { throw Failed("iptables \(arguments.joined(separator: " ")): \(child.printed())") }
    }
}
