import Contracts
import Testing

/// The names of partitions go on as columns of a sheet do.
struct PartitionTests {
    @Test(arguments: [
        (0, "a"), (1, "b"), (25, "z"), (26, "aa"), (27, "ab"), (51, "az"), (52, "ba"), (701, "zz"), (702, "aaa"), (18_277, "zzz"),
    ])
    func named(_ index: Int, _ name: String) {
        #expect(Partition.name(at: index) == name)
    }

    @Test func partitionNamesAreUniqueAndFitAnId() {
        let names = (0...18_277).map { Partition.name(at: $0) }
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { ExhibitionID($0 + "1")?.partition == $0 })
        #expect(names.sorted { ($0.count, $0) < ($1.count, $1) } == names)
    }
}
