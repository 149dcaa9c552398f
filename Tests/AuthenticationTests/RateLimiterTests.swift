import Contracts
import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

@testable import Authentication

/// As many requests as the limit says, however many come at once and however many replicas count.
@Suite struct RateLimiterTests {
    private static let now: UnixMilliseconds = 1_800_000_000_000

    private func allowed(_ limiters: [RateLimiter], requests: Int) async -> Int {
        await withTaskGroup { group in
            for number in 0..<requests {
                group.addTask { (try? await limiters[number % limiters.count].check(subject: "kim", role: .visitor)) != nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
    }

    @Test(arguments: [1, 7, 31, 300]) func requestsAtOnceUseAllOfTheLimit(limit: Int) async throws {
        let redis = try await RedisServer.start()
        let client = try redis.client()
        for _ in 1...5 {
            _ = try await client.send("FLUSHALL")
            let limiter = RateLimiter(redis: client, perSubject: limit, perAddress: nil, now: { Self.now })
            #expect(await allowed([limiter], requests: limit) == limit, "none is refused below the limit")
            #expect(await allowed([limiter], requests: 50) == 0, "none is allowed above it")
        }
    }

    @Test func replicasTogetherAllowNoMore() async throws {
        let redis = try await RedisServer.start()
        let client = try redis.client()
        let limiters = (1...3).map { _ in RateLimiter(redis: client, perSubject: 300, perAddress: nil, now: { Self.now }) }
        let count = await allowed(limiters, requests: 1000)
        // Each may keep back what is left of one lot.
        #expect((300 - 3 * 18...300).contains(count))
    }

    @Test func theNextMinuteBeginsAnew() async throws {
        let redis = try await RedisServer.start()
        let moment = LockedBox(Self.now)
        let limiter = RateLimiter(redis: try redis.client(), perSubject: 5, perAddress: nil, now: { moment.value })
        #expect(await allowed([limiter], requests: 10) == 5)
        await #expect(throws: RequestError.tooManyRequests(retryAfter: 60)) {
            try await limiter.check(subject: "kim", role: .visitor)
        }
        try await limiter.check(subject: "lee", role: .visitor)
        moment.value += 60_000
        #expect(await allowed([limiter], requests: 10) == 5)
    }

    @Test func withoutRedisEachReplicaCountsForItself() async throws {
        let redis = try await RedisServer.start()
        let client = try redis.client()
        redis.signal(SIGKILL)
        let limiter = RateLimiter(redis: client, perSubject: 20, perAddress: nil, now: { Self.now })
        #expect(await allowed([limiter], requests: 40) == 20)
    }
}
