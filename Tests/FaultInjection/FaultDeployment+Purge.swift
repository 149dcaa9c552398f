import Foundation
import HTTPServer
import Redis
import Scripts
import TestSupport

/// `skmuseum purge` against staff who postpone, and against a Book process that sleeps between reserve and record.
extension FaultDeployment {
    /// `purge` removes what ended before this day. The exhibitions of these runs are in 2099, or years before it.
    static let purgeBefore = "2020-01-01"
    private static let pastDate = "2001-02-03"

    func postponedPurge(_ random: inout SeededRandom) async throws -> Int {
        var ids: [String] = []
        for _ in 0..<4 {
            if let id = await registerPast() { ids.append(id) }
        }
        let killAfter = random.once(in: 3) ? random.milliseconds(50...3000) : nil
        let book = setup.layout == .services ? services.filter { $0.role == "book" }.randomElement(using: &random) : nil
        guard await happens(within: .seconds(5), { try await areBooked(ids) }) else { return 0 }

        // Museum goes on reserving for this Book, which can record nothing; then it sleeps until the purge is over.
        defer {
            book?.process.signal(SIGCONT)
            book?.toRedis?.set(.forwarding)
        }
        book?.toRedis?.set(.halfOpen)
        if book != nil { try await Task.sleep(for: .milliseconds(200)) }
        book?.process.signal(SIGSTOP)
        var past: [String] = []
        for id in ids where await edit(id, date: Self.pastDate) == 200 { past.append(id) }
        note("\(past.joined(separator: ", ")) are over; \(book?.name ?? "nobody") sleeps")

        async let purging: Void = purge(killAfter: killAfter)
        for id in past.shuffled(using: &random).dropFirst((past.count + 1) / 2) {
            try await Task.sleep(for: random.milliseconds(0...700))
            await postpone(id)
        }
        try await purging
        return try await countPurged(past)
    }

    private func registerPast() async -> String? {
        let body = #"{"title":"past","hall":"A hall","date":"2099-12-24","capacity":300}"#
        guard let answer = await ask("POST", "/museums", body), answer.status == 201, let id = answer.json["id"]?.text else {
            return nil
        }
        state.add(FaultState.TrackedExhibition(id: id, kind: .past, capacity: 300))
        return id
    }

    private func areBooked(_ ids: [String]) async throws -> Bool {
        for id in ids {
            let held = try await client.send("HGET", Keys(partition: String(id.prefix { $0.isLetter })).exhibition(id), "held")
            if held == .text("0") { return false }
        }
        return !ids.isEmpty
    }

    private func postpone(_ id: String) async {
        let start = ContinuousClock.now
        let status = await edit(id, date: "2099-12-25")
        note("postponing \(id) was answered \(status.map(String.init) ?? "nothing")")
        if status == 200 { state.update(id) { $0.postponedAt = start } }
    }

    private func edit(_ id: String, date: String) async -> Int? {
        state.update(id) { $0.isPurgeAsked = true }
        return await ask("PATCH", "/museums/\(id)", #"{"date":"\#(date)"}"#)?.status
    }

    private func ask(_ method: String, _ path: String, _ body: String) async -> Visitor.Answer? {
        try? await visitor.send(method, path, body, within: ClientWorkload.timeout)
    }

    /// Runs `purge`; where told so it is killed on the way and run again.
    private func purge(killAfter pause: Duration?) async throws {
        if let pause {
            let killed = try startPurge()
            try await Task.sleep(for: pause)
            note("purge is killed after \(pause)")
            killed.end()
        }
        let result = try await finish(try startPurge())
        note("purge ended with \(result.code): \(result.output)")
    }

    private func startPurge() throws -> ChildProcess {
        try ChildProcess(
            MuseumProcess.program, ["purge", "--before", Self.purgeBefore, "--yes"], environment: ["REDIS_URL": redis.url],
            folder: files.folder.url,
            output: files.folder.url.appendingPathComponent("purge-\(UInt32.random(in: 0 ... .max)).log"))
    }

    private func finish(_ purge: ChildProcess) async throws -> (code: Int32, output: String) {
        (try await purge.waitForExit(within: .seconds(120)), purge.printed())
    }

    /// How many are gone. None has injected where all of them were postponed in time.
    private func countPurged(_ ids: [String]) async throws -> Int {
        var count = 0
        for id in ids {
            let key = Keys(partition: String(id.prefix { $0.isLetter })).exhibition(id)
            guard try await client.send("EXISTS", key) == .integer(0) else { continue }
            state.update(id) { $0.isPurged = true }
            count += 1
        }
        return count
    }

    /// Everything works again: what an interrupted or refused `purge` has left is removed now, or it never will be.
    func finishPurge() async throws {
        guard state.all.contains(where: \.isPurgeAsked) else { return }
        let result = try await finish(try startPurge())
        if result.code != 0 {
            find("purge", "ended with \(result.code): \(result.output)")
        }
    }
}
