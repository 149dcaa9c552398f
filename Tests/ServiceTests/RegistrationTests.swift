import Contracts
import Redis
import TestSupport
import Testing

@testable import Museum

struct RegistrationTests {
    /// Remembers which partitions it was told of.
    private struct NotedPartitions: PartitionDirectory {
        let noted = LockedBox<[String]>([])

        func contains(_ partition: String) async throws(Failure) -> Bool { true }
        func inUse() async throws(Failure) -> [String] { noted.value }
        func note(_ partition: String) { noted.update { $0.append(partition) } }
    }

    /// The replay may come to a process that has not read the partition yet, which another process brought into use.
    @Test func newAndReplayedRegistrationsNoteTheirPartition() async throws {
        let server = try await RedisServer.start()
        let store = RedisExhibitionStore(client: try server.client())
        let plan = try ExhibitionPlan(title: nil, hall: "A", date: "2099-12-24", startTime: nil, endTime: nil, capacity: 5)
        for isReplayed in [false, true] {
            let partitions = NotedPartitions()
            let service = ExhibitionService(
                store: store, partitions: partitions, choice: PartitionChoice(names: ["c"]) { _ in 0 },
                revocation: RevocationSignal())
            let registered = try await service.register(
                [plan], key: "key", metadata: RequestMetadata(requestId: nil, moment: 1))
            #expect(registered.isReplayed == isReplayed)
            #expect(partitions.noted.value == ["c"])
        }
    }
}
