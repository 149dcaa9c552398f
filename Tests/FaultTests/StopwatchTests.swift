import Foundation
import Synchronization
import TestSupport
import Testing

struct StopwatchTests {
    /// The counters of a thread that ends disappear. They must not count as elapsed time.
    @Test func threadsThatEndAddNothing() async throws {
        let threads = 4 * ProcessInfo.processInfo.processorCount
        let ending = DispatchSemaphore(value: 0)
        let spun = Mutex(0)
        for _ in 0..<threads {
            Thread {
                // More threads than cores: each is ready to run for longer than it runs.
                let clock = ContinuousClock.now
                while ContinuousClock.now - clock < .milliseconds(200) {}
                spun.withLock { $0 += 1 }
                ending.wait()
            }.start()
        }
        try await eventually("all have run") { spun.withLock { $0 == threads } }
        let alive = try threadsAlive()
        let start = ContinuousClock.now
        let watch = Stopwatch()
        for _ in 0..<threads { ending.signal() }
        try await eventually("they have ended") { try threadsAlive() <= alive - threads }
        #expect(watch.elapsed <= ContinuousClock.now - start)
    }

    private func threadsAlive() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
    }
}
