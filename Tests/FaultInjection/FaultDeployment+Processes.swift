import Foundation
import Redis
import TestSupport

/// Faults of processes and of the disk. Each says how often it demonstrably injected.
extension FaultDeployment {
    func killService(_ random: inout SeededRandom) async throws -> Int {
        let service = services.randomElement(using: &random)!
        let pause = random.milliseconds(0...800)
        note("SIGKILL of \(service.name), back after \(pause)")
        return try await troubling(if: service.entrance === gateway.entrance) {
            let injected = service.process.isRunning
            service.process.kill()
            try await Task.sleep(for: pause)
            try service.process.begin()
            return injected ? 1 : 0
        }
    }

    func stopService(_ random: inout SeededRandom) async throws -> Int {
        let service = services.randomElement(using: &random)!
        let pause = random.milliseconds(200...3000)
        note("SIGSTOP of \(service.name) for \(pause)")
        return try await troubling(if: service.entrance === gateway.entrance) {
            service.process.signal(SIGSTOP)
            try await Task.sleep(for: pause)
            let injected = Self.isStopped(service.process.pid)
            service.process.signal(SIGCONT)
            return injected ? 1 : 0
        }
    }

    /// The one redis-server.
    private var server: RedisServer { redis.servers[0] }

    func killRedis() async throws -> Int {
        let injected = server.isRunning
        server.kill()
        try await server.launch()
        return injected ? 1 : 0
    }

    func restartRedis() async throws -> Int {
        server.signal(SIGTERM)
        try await eventually("redis-server has ended") { !server.isRunning }
        try await server.launch()
        return 1
    }

    func stopRedis(_ random: inout SeededRandom) async throws -> Int {
        let pause = random.milliseconds(100...2500)
        server.signal(SIGSTOP)
        try await Task.sleep(for: pause)
        let injected = Self.isStopped(server.pid)
        server.signal(SIGCONT)
        return injected ? 1 : 0
    }

    /// SIGKILL of everything at once; then something may be done to the files, and all is started again.
    func killAll(then change: () throws -> Int = { 1 }) async throws -> Int {
        try await troubling {
            for service in services { service.process.signal(SIGKILL) }
            redis.signal(SIGKILL)
            for service in services { service.process.kill() }
            redis.kill()
            let injected = try change()
            try await redis.launch()
            if let group = redis as? any RedisGroup { try await group.waitUntilHealthy(within: .seconds(60)) }
            for service in services { try service.process.begin() }
            // Until its port is there, visitors are refused; that is no hanging.
            try await gateway.process.waitUntilReady(within: .seconds(60))
            return injected
        }
    }

    /// What a power failure leaves: all that was synced, and perhaps a part of what was not.
    func powerLoss(_ random: inout SeededRandom) async throws -> Int {
        var chance = random.split()
        return try await killAll { try files.cutBackToSynced(&chance).synced > 0 ? 1 : 0 }
    }

    func cutLog(_ random: inout SeededRandom) async throws -> Int {
        let bytes = Int.random(in: 1...[40, 400, 4000, 40_000].randomElement(using: &random)!, using: &random)
        return try await killAll {
            defer { forgotten.value = .now }
            return try files.cutLog(by: bytes) > 0 ? 1 : 0
        }
    }

    func diskFull() async throws -> Int {
        try files.shrinkDisk()
        let injected = await happens(within: .seconds(5)) { !server.isRunning }
        try files.growDisk()
        if !server.isRunning { try await server.launch() }
        return injected ? 1 : 0
    }

    func clockJump(_ random: inout SeededRandom) async throws -> Int {
        let seconds = Int.random(in: 1...[3, 60, 3600, 86_400].randomElement(using: &random)!, using: &random)
        let jump = random.once(in: 2) ? seconds : -seconds
        try files.jump(to: jump)
        let injected = await happens(within: .seconds(2)) {
            let time = try await client.send("TIME").asTexts()
            return abs((Double(time[0]) ?? 0) - Date().timeIntervalSince1970 - Double(jump)) < 1
        }
        return injected ? 1 : 0
    }

    /// Notes down that visitors have no way in meanwhile.
    func troubling<Value>(if isTrouble: Bool = true, _ body: () async throws -> Value) async rethrows -> Value {
        let start = ContinuousClock.now
        defer { if isTrouble { troubles.update { $0.append((start, .now)) } } }
        return try await body()
    }

    /// Polls for what a fault should bring about.
    public func happens(within limit: Duration, _ condition: () async throws -> Bool) async -> Bool {
        do {
            try await eventually("it has injected", within: limit) { (try? await condition()) ?? false }
            return true
        } catch {
            return false
        }
    }

    private static func isStopped(_ pid: pid_t) -> Bool {
        let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        return stat?.split(separator: ")").last?.hasPrefix(" T") ?? false
    }
}
