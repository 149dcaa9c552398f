import Testing

@testable import Redis

/// Which slot a key has, and by which key a command goes.
struct HashSlotTests {
    /// As CLUSTER KEYSLOT of Redis 7.0 answers.
    @Test(arguments: [
        ("123456789", 12739), ("foo", 12182), ("{user1000}.following", 3443), ("user1000", 3443), ("foo{}{bar}", 8363),
        ("foo{{bar}}zap", 4015), ("{bar", 4015), ("foo{bar}{zap}", 5061), ("bar", 5061), ("museum:{a}:a1", 15495), ("a", 15495),
        ("", 0), ("예약", 14527), ("a}{b}", 3300), ("b", 3300),
    ])
    func slot(key: String, slot: Int) {
        #expect(HashSlot.of(key) == slot)
    }

    @Test func commandsGoByTheirKey() {
        #expect(Command("GET", "a").key == "a")
        #expect(Command("XGROUP", "CREATE", "s", "g", "0").key == "s" && Command("XINFO", "STREAM", "s").key == "s")
        #expect(Command("XREADGROUP", "GROUP", "STREAMS2", "c", "COUNT", "1", "STREAMS", "s", "t", ">", ">").key == "s")
        #expect(Command("SCAN", "0", "MATCH", "mypage:{a}:*", "COUNT", "5").key == "mypage:{a}:*")
        #expect(Command("TIME").key == nil && Command("INFO", "memory").key == nil && Command("CLIENT", "LIST").key == nil)
        #expect(Command("TIME").near("k").key == "k")
        let script = Script(name: "s", source: "#!lua\nreturn 1")
        #expect(Command(script, keys: ["k", "l"], arguments: []).key == "k")
        #expect(Command(script, keys: ["k"], arguments: []).evalFallback?.key == "k")
        #expect(Command(script, keys: [], arguments: []).key == nil)
        #expect(Command(script, keys: [], arguments: []).near("m").evalFallback?.key == "m")
        #expect(Command(arguments: ["XADD", "s", "*", "f", .bytes([0xFF])]).key == "s")
    }

    @Test func theMapNamesEachSlotsPrimary() throws {
        let asked = RedisEndpoint.Address.tcp(host: "10.0.0.1", port: 7000)
        func range(_ first: Int64, _ last: Int64, _ host: Reply, _ port: Int64) -> Reply {
            .array([.integer(first), .integer(last), .array([host, .integer(port), .text("id")])])
        }
        var map = try SlotMap(
            .array([range(0, 99, .text("10.0.0.2"), 7001), range(100, 200, .text(""), 7000), range(300, 300, .null, 7002)]),
            of: asked)
        #expect(map.owner(of: 0) == .tcp(host: "10.0.0.2", port: 7001) && map.owner(of: 99) == map.owner(of: 0))
        #expect(map.owner(of: 100) == asked && map.owner(of: 201) == nil)
        #expect(map.owner(of: 300) == .tcp(host: "10.0.0.1", port: 7002) && map.primaries.count == 3)
        map.move(201, to: .tcp(host: "10.0.0.9", port: 1))
        #expect(map.owner(of: 201) == .tcp(host: "10.0.0.9", port: 1) && map.primaries.count == 4)
        #expect(throws: RedisError.self) { try SlotMap(.array([]), of: asked) }
        #expect(throws: RedisError.self) { try SlotMap(.array([range(0, 16_384, .text("h"), 1)]), of: asked) }
        #expect(throws: RedisError.self) { try SlotMap(.array([range(-1, 1, .text("h"), 1)]), of: asked) }
        // A node that knows no address of another says "?".
        #expect(throws: RedisError.self) { try SlotMap(.array([range(0, 1, .text("?"), 1)]), of: asked) }
    }

    @Test func addressesAreReadAsRedisWritesThem() {
        let asked = RedisEndpoint.Address.tcp(host: "::1", port: 7000)
        #expect(RedisEndpoint.Address("10.0.0.2:7001", of: asked) == .tcp(host: "10.0.0.2", port: 7001))
        #expect(RedisEndpoint.Address("::2:7001", of: asked) == .tcp(host: "::2", port: 7001))
        #expect(RedisEndpoint.Address(":7001", of: asked) == .tcp(host: "::1", port: 7001))
        for text in ["?:7001", "host", "host:", "host:0", "host:70000", ""] {
            #expect(RedisEndpoint.Address(text, of: asked) == nil)
        }
    }
}
