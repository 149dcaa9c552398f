import FaultInjection
import Foundation
import NIOCore
import TestSupport
import Testing

/// The fault proxy in front of a redis-server that answers PING.
@Suite(.timeLimit(.minutes(1)))
struct FaultProxyTests {
    private static func ping(_ port: Int, within limit: Duration = .seconds(2)) async throws -> Bool {
        do {
            return try await Visitor("http://127.0.0.1:\(port)").send("GET", "/", within: limit).status > 0
        } catch {
            return false
        }
    }

    @Test func nobodyIsThere() async throws {
        let proxy = try await FaultProxy.open(to: try FreePorts.take(1)[0], seed: 1)
        // Whoever connects is closed; one who were kept waiting would wait this long.
        let limit = Duration.seconds(30)
        let start = ContinuousClock.now
        for _ in 0..<5 { #expect(try await Self.ping(proxy.port, within: limit) == false) }
        #expect(ContinuousClock.now - start < limit)
        await proxy.close()
    }
}
