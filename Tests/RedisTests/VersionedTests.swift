import NIOCore
import Synchronization
import Testing

@testable import Redis

/// Which answer counts where nodes disagree, and that something is asked for once at a time.
struct VersionedTests {
    private typealias Answer = Result<Versioned<String>, RedisError>

    private func newest(_ answers: [Answer], since known: Int = 0) async -> Result<String, RedisError> {
        await Versioned.newest(of: Array(answers.indices), since: known) { answers[$0] }.map(\.value)
    }

    private func said(_ value: String, _ epoch: Int) -> Answer { .success(Versioned(value: value, epoch: epoch)) }
    private let silent = Answer.failure(.unreachable("silent"))

    @Test func theLatestOfMostCounts() async {
        #expect(await newest([said("old", 1), said("new", 2)]) == .success("new"))
        #expect(await newest([silent, said("new", 2), silent]) == .success("new"))
        #expect(await newest([silent, silent]) == .failure(.unreachable("silent")))
    }

    /// One that is cut off from the others has an earlier answer.
    @Test func fewerThanMostCantTakeBackWhatIsKnown() async {
        #expect(
            await newest([said("old", 1), silent, silent], since: 2)
                == .failure(.unreachable("only nodes that are behind answer")))
        #expect(await newest([said("same", 2), silent, silent], since: 2) == .success("same"))
        // The Sentinels were set up anew.
        #expect(await newest([said("reset", 0), said("reset", 0), silent], since: 2) == .success("reset"))
    }

    @Test(.timeLimit(.minutes(1))) func oneThatHangsIsNotWaitedFor() async {
        let (gate, opening) = AsyncStream<Void>.makeStream()
        defer { opening.finish() }
        let result = await Versioned<String>.newest(of: [0, 1, 2], since: 0) { node in
            if node == 0 { for await _ in gate {} }
            return said("new", 1)
        }
        #expect(result.map(\.value) == .success("new"))
    }

    @Test func itIsAskedForOnceAtATime() async throws {
        let flight = SingleFlight<Int>()
        let asked = Mutex(0)
        let (gate, opening) = AsyncStream<Void>.makeStream()
        let ask: @Sendable () async -> Result<Int, RedisError> = {
            let number = asked.withLock { asked in
                asked += 1
                return asked
            }
            for await _ in gate {}
            return .success(number)
        }
        async let first = flight.value(ask)
        while asked.withLock({ $0 }) == 0 { await Task.yield() }
        flight.begin(unlessWithin: .zero, ask)
        opening.finish()
        #expect(try await first == 1 && asked.withLock { $0 } == 1)
        flight.begin(unlessWithin: .hours(1), ask)
        #expect(asked.withLock { $0 } == 1)
        #expect(try await flight.value(ask) == 2)
    }
}
