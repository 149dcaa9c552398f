import Testing

@testable import HTTPServer

/// The counters of the HTTP server's limits.
struct HTTPServerLimitsTests {
    private static func enter(_ limiter: ConnectionLimiter, _ count: Int, from address: String) -> Int {
        (0..<count).count { _ in
            if case .admitted = limiter.enter(address) { true } else { false }
        }
    }

    @Test func addressesAndPorts() {
        let budget = ConnectionBudget(openFiles: 100_000)
        let limiter = ConnectionLimiter(role: "tests", budget: budget)
        #expect(Self.enter(limiter, 5000, from: "10.0.0.1") == 4096)
        #expect(Self.enter(limiter, 4000, from: "10.0.0.2") == 4000)
        #expect(Self.enter(limiter, 200, from: "10.0.0.3") == 96)
        limiter.leave("10.0.0.1")
        #expect(Self.enter(limiter, 2, from: "10.0.0.3") == 1)
        // Another port of the process has its own count.
        #expect(Self.enter(ConnectionLimiter(role: "others", budget: budget), 1, from: "10.0.0.1") == 1)
    }

    @Test func openFilesAreShared() {
        let budget = ConnectionBudget(openFiles: 1024)
        let (one, two) = (ConnectionLimiter(role: "one", budget: budget), ConnectionLimiter(role: "two", budget: budget))
        #expect(Self.enter(one, 500, from: "10.0.0.1") == 500)
        #expect(Self.enter(two, 500, from: "10.0.0.1") == 12)
        for _ in 0..<500 { one.leave("10.0.0.1") }
        #expect(Self.enter(two, 600, from: "10.0.0.1") == 500)
    }

    @Test func onlyALimitedNumberOfRefusalsIsAnswered() {
        let limiter = ConnectionLimiter(role: "tests", budget: ConnectionBudget(openFiles: 0))
        func told(_ count: Int) -> Int {
            (0..<count).count { _ in
                if case .refused(isTold: true) = limiter.enter("10.0.0.1") { true } else { false }
            }
        }
        #expect(told(300) == 256)
        limiter.turnedAway()
        #expect(told(2) == 1)
    }

    @Test func pendingBodiesDoNotCountAsLoad() {
        let load = ConcurrencyLimiter(role: "tests")
        for _ in 0..<2048 {
            load.bodyIsDue()
            #expect(load.begin())
        }
        // All of those only send; as many can be worked at.
        for _ in 0..<2048 { #expect(load.begin()) }
        #expect(!load.begin())
        load.end()
        #expect(load.begin())
        // A body that has come makes its request count.
        load.bodyIsRead()
        load.end()
        #expect(!load.begin())
    }
}
