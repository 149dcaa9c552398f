import Redis
import TestSupport
import Testing

@testable import Platform

/// The warning before Redis is full.
@Suite(.timeLimit(.minutes(2)))
struct RedisMemoryMonitorTests {
    @Test func nearlyFullRedisIsLoggedOnce() async throws {
        let server = try await RedisServer.start(["--maxmemory", "40mb"])
        let client = try server.client()
        let book = CapturedLogs()
        let metrics = TestMetrics.shared
        let watch = RedisMemoryMonitor(try server.client(), server: "tried", every: .milliseconds(20), logger: book.logger)
        try await running([watch]) {
            try await eventually("figures are shown") {
                let used = metrics.value("skmuseum_redis_memory_used_bytes{server=\"tried\"}") ?? 0
                return used > 500_000 && metrics.value("skmuseum_redis_memory_limit_bytes{server=\"tried\"}") == 40 * 1_048_576
            }
            #expect(book.lines.value.isEmpty)
            let keys = (0..<37).map { "key \($0)" }
            for key in keys { _ = try await client.send("SET", key, String(repeating: "x", count: 900_000)) }
            try await eventually("it is nearly full") { book.times("redis is nearly full") == 1 }
            _ = try await client.send(Command(["DEL"] + keys.prefix(20)))
            try await eventually("memory is sufficient again") { book.times("redis memory is sufficient again") == 1 }
        }
        #expect(book.lines.value.count == 2, "\(book.lines.value)")
    }

    @Test func withoutMaxmemoryTheMachinesMemoryIsTheLimit() throws {
        let info = "# Memory\r\nused_memory:100\r\nused_memory_human:100B\r\ntotal_system_memory:4000\r\nmaxmemory:0\r\n"
        #expect(try RedisMemory(info: info) == RedisMemory(info: info.replacing("maxmemory:0", with: "maxmemory:4000")))
        #expect(try RedisMemory(info: info).limit == 4000)
        #expect(throws: RedisError.self) { try RedisMemory(info: "# Memory\r\n") }
    }
}
