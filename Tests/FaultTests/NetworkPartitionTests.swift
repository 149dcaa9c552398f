import Foundation
import TestSupport
import Testing

/// D2: a primary loses its replicas while clients still reach it, and another one takes its place. The harness runs in a network of
/// its own, whose rules concern nobody else; that needs root.
@Suite(.serialized, .timeLimit(.minutes(4)), .enabled(if: geteuid() == 0))
struct NetworkPartitionTests {
    @Test(arguments: ["sentinel", "cluster"])
    func whatIsReplicatedIsNotLost(_ topology: String) async throws {
        let folder = try TemporaryFolder()
        let programs = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        var environment = ["FAULTS_NETWORK": "own", "MUSEUM_PROGRAM": MuseumProcess.program]
        environment["MUSEUM_REDIS_CONF"] = ProcessInfo.processInfo.environment["MUSEUM_REDIS_CONF"]
        let faults = try ChildProcess(
            "unshare",
            [
                "--net", "bash", "-c", #"ip link set lo up && exec "$@""#, "faults",
                programs.appendingPathComponent("faults").path,
                "--topology", topology, "--durability", "replicated", "--only", "partitionPrimary", "--seconds", "8",
                "--minutes", "0.1", "--clients", "12", "--seed", "1",
            ], environment: environment, folder: folder.url, output: folder.url.appendingPathComponent("faults.log"))
        let code = try await faults.waitForExit(within: .seconds(110))
        let printed = faults.printed()
        #expect(code == 0, "\(printed)")
        #expect(printed.contains(/partitionPrimary +injected [1-9]/), "\(printed)")
        #expect(printed.contains("acknowledged bookings lost: 0"), "\(printed)")
    }
}
