import Foundation
import NIOCore
import Redis
import TestSupport
import Testing

extension AllServerTests {
    /// A server that hangs under load must not fill our memory: beyond a limit nothing more is sent.
    struct FloodTests {
        private static let slots = ProcessInfo.processInfo.processorCount
        /// 16 MiB wait on each slot, and some go back before the limit is seen.
        private static let most = 17 * slots

        @Test func aServerStoppedUnderLoadTimesOut() async throws {
            let server = try await RedisServer.start()
            let client = RedisClient(try RedisEndpoint(url: server.url), options: options(commandTimeout: .seconds(2)))
            for _ in 0..<2 * Self.slots { #expect(try await client.send("PING") == .text("PONG")) }
            let load = String(repeating: "x", count: 1 << 20)
            server.signal(SIGSTOP)
            let watch = Stopwatch()
            let results = await withTaskGroup { group in
                for number in 0..<10 * Self.most {
                    group.addTask { await client.send([Command("SET", "k\(number)", load)])[0] }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let time = watch.elapsed
            server.signal(SIGCONT)
            let sent = results.count { if case .failure(.outcomeUnknown) = $0 { true } else { false } }
            let refused = results.count { if case .failure(let error) = $0 { error.isCertainlyNotApplied } else { false } }
            #expect(sent + refused == results.count)
            #expect(sent >= 15 && sent <= Self.most, "\(sent)")
            #expect(time < .milliseconds(2600), "\(time)")
            // What was refused has not been done, and all goes on.
            try await eventually("it works again") { (try? await client.send("PING")) == .text("PONG") }
            #expect(try await server.client(patient).send("DBSIZE").asInteger() <= sent)
        }

        /// One batch alone is never too large.
        @Test func oneLargeBatch() async throws {
            let server = try await RedisServer.start()
            let client = try server.client(patient)
            let load = String(repeating: "x", count: 20 << 20)
            #expect(try await client.send("SET", "k", load) == .text("OK"))
            #expect(try await client.send("STRLEN", "k") == .integer(20 << 20))
        }
    }
}
