/// Which primary has which slot, as one node of a cluster has told.
struct SlotMap: Sendable {
    /// At least one.
    private(set) var primaries: [RedisEndpoint.Address]
    /// By slot, an index of the primaries; −1: none has it.
    private var owners: [Int16]

    /// Reads the reply of CLUSTER SLOTS.
    /// - Parameter asked: the node that replied.
    init(_ reply: Reply, of asked: RedisEndpoint.Address) throws(RedisError) {
        var primaries: [RedisEndpoint.Address] = []
        owners = Array(repeating: -1, count: HashSlot.count)
        for range in try reply.asArray() {
            let parts = try range.asArray()
            guard parts.count >= 3 else { throw .unexpected("a range of slots names no primary") }
            let (first, last) = (try parts[0].asInteger(), try parts[1].asInteger())
            let node = try parts[2].asArray()
            guard node.count >= 2, first >= 0, first <= last, last < HashSlot.count else {
                throw .unexpected("expected a range of slots")
            }
            let port = try node[1].asInteger()
            guard let address = RedisEndpoint.Address(host: try node[0].asOptionalText() ?? "", port: port, of: asked) else {
                continue
            }
            let index = primaries.firstIndex(of: address) ?? primaries.count
            if index == primaries.count { primaries.append(address) }
            for slot in first...last { owners[slot] = Int16(index) }
        }
        guard !primaries.isEmpty else { throw .busy("CLUSTERDOWN no primary has slots") }
        self.primaries = primaries
    }

    func owner(of slot: Int) -> RedisEndpoint.Address? {
        owners[slot] < 0 ? nil : primaries[Int(owners[slot])]
    }

    /// A redirection tells of one slot before the whole map is read again.
    mutating func move(_ slot: Int, to address: RedisEndpoint.Address) {
        let index = primaries.firstIndex(of: address) ?? primaries.count
        if index == primaries.count { primaries.append(address) }
        owners[slot] = Int16(index)
    }
}
