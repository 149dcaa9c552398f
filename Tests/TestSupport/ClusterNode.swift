import Redis

/// What a node of a cluster knows of one of them: a line of CLUSTER NODES.
struct ClusterNode {
    let id: String
    /// `address:port`
    let host: String
    let flags: Set<String>
    /// The id of the primary that it is a replica of.
    let primary: String?
    let slots: [ClosedRange<Int>]

    /// All nodes, as one of them sees it.
    static func all(_ server: RedisServer) async throws -> [ClusterNode] {
        try await server.send("CLUSTER", "NODES").asText().split(separator: "\n").map { try ClusterNode(String($0)) }
    }

    private init(_ line: String) throws {
        let words = line.split(separator: " ").map(String.init)
        guard words.count >= 8 else { throw Failed("CLUSTER NODES said \(line)") }
        id = words[0]
        host = String(words[1].prefix { $0 != "@" })
        flags = Set(words[2].split(separator: ",").map(String.init))
        primary = words[3] == "-" ? nil : words[3]
        // A slot on its way is in brackets, besides.
        slots = words[8...].filter { !$0.hasPrefix("[") }.compactMap { word in
            let ends = word.split(separator: "-").compactMap { Int($0) }
            return ends.isEmpty ? nil : ends[0]...ends[ends.count - 1]
        }
    }

    var isFine: Bool { flags.isDisjoint(with: ["fail", "fail?", "handshake", "noaddr"]) }

    func serves(_ slot: Int) -> Bool { isFine && slots.contains { $0.contains(slot) } }
}
