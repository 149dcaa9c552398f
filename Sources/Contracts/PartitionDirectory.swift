/// Which partitions are in use.
public protocol PartitionDirectory: Sendable {
    /// Whether the partition is in use.
    func contains(_ partition: String) async throws(Failure) -> Bool
    /// Those in use, in order: `a`, `b`, … `aa`.
    func inUse() async throws(Failure) -> [String]
    /// Adds a partition that has just come into use.
    func note(_ partition: String)
}
