import Contracts
import Redis
import TestSupport
import Testing

@testable import Messaging

/// Progress is read at one moment: a group that is destroyed and made anew further back never counts as having applied what
/// it has yet to read.
@Suite(.timeLimit(.minutes(2)))
struct ProgressWindowTests {
    private let stream = "book:{a}:events"

    /// The group is by turns "all delivered, nothing applied" and "nothing delivered", each change in one transaction. At
    /// every moment nothing has been applied.
    @Test func aRecreatedGroupHasAppliedNothing() async throws {
        let server = try await RedisServer.start()
        let client = try server.client()
        for id in 1...9 { _ = try await client.send("XADD", stream, "\(id)-0", "eventType", "Requested") }
        _ = try await client.send("XGROUP", "CREATE", stream, "confirm", "0")
        let changes = LockedBox(0)
        let otherSide = try await server.client().dedicatedConnection(for: "key")
        let connection = try await server.client().dedicatedConnection(for: "key")
        let group = ConsumerGroup(
            service: .confirm, partition: "a", consumer: "confirm-test", connection: connection, store: connection,
            hasOwnStore: false)
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { [stream] in
                while !Task.isCancelled {
                    for reading in [true, false] {
                        var commands = [
                            Command("MULTI"), Command("XGROUP", "DESTROY", stream, "confirm"),
                            Command("XGROUP", "CREATE", stream, "confirm", "0"),
                        ]
                        if reading { commands.append(Command("XREADGROUP", "GROUP", "confirm", "other", "STREAMS", stream, ">")) }
                        for result in await otherSide.send(commands + [Command("EXEC")]) { _ = try result.get() }
                        changes.update { $0 += 1 }
                    }
                }
            }
            var rounds = 0
            while rounds < 500 || changes.value < 500 {
                rounds += 1
                try await group.recordProgress()
                let progress = try await client.send("GET", "confirm:{a}:progress:book").asOptionalText()
                let applied = progress.flatMap(StreamID.init) ?? .zero
                guard applied < StreamID(milliseconds: 1, sequence: 0) else {
                    Issue.record("progress \(applied.text) after \(rounds) rounds, and nothing was applied")
                    break
                }
            }
            tasks.cancelAll()
            try await tasks.waitForAll()
        }
    }
}
