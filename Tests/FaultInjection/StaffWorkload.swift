import HTTPServer
import TestSupport

/// The museum's staff: registers exhibitions, and edits, closes, reopens and deletes those that change.
struct StaffWorkload: Sendable {
    let deployment: FaultDeployment
    let state: FaultState
    var random: SeededRandom
    let statistics: RunStatistics
    var violations: [String] = []

    /// Registers the initial exhibitions. All registrations must succeed.
    mutating func open() async throws {
        for kind in [FaultState.Kind.ample, .ample, .scarce, .scarce, .scarce, .changing, .changing] {
            try await eventually("exhibitions are registered", within: .seconds(20)) { await register(kind) }
        }
    }

    private mutating func register(_ kind: FaultState.Kind) async -> Bool {
        let capacity =
            switch kind {
            case .ample: 1_000_000
            case .scarce: Int.random(in: 5...60, using: &random)
            case .changing: Int.random(in: 20...400, using: &random)
            case .past: 300
            }
        let body = #"{"title":"\#(kind)","hall":"A hall","date":"2099-12-24","capacity":\#(capacity)}"#
        guard let answer = await send("POST", "/museums", body), answer.status == 201, let id = answer.json["id"]?.text else {
            return false
        }
        state.add(FaultState.TrackedExhibition(id: id, kind: kind, capacity: capacity))
        return true
    }

    mutating func run(until end: ContinuousClock.Instant) async {
        while .now < end {
            await act()
            try? await Task.sleep(for: random.milliseconds(50...300))
        }
    }

    private mutating func act() async {
        let open = state.all.filter { !$0.isDeletionAsked }
        if open.count(where: { $0.kind == .scarce }) < 3 || random.once(in: 12) { _ = await register(.scarce) }
        guard open.count(where: { $0.kind == .changing }) >= 2, let tracked = open.last(where: { $0.kind == .changing }) else {
            _ = await register(.changing)
            return
        }
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<5:
            _ = await send("PATCH", "/museums/\(tracked.id)", #"{"capacity":\#(Int.random(in: 1...500, using: &random))}"#)
        case 5..<7: _ = await send("PATCH", "/museums/\(tracked.id)", #"{"status":"CLOSED","title":null}"#)
        case 7..<9: _ = await send("PATCH", "/museums/\(tracked.id)", #"{"status":"OPEN","startTime":"14:00"}"#)
        default: await delete(tracked.id)
        }
        // These must stay open: a fault between the two requests would leave them closed.
        for tracked in open where tracked.kind == .changing && random.once(in: 4) {
            _ = await send("PATCH", "/museums/\(tracked.id)", #"{"status":"OPEN"}"#)
        }
    }

    private mutating func delete(_ id: String) async {
        state.update(id) { $0.isDeletionAsked = true }
        let start = ContinuousClock.now
        if await send("DELETE", "/museums/\(id)", nil)?.status == 202 { state.update(id) { $0.deletedAt = start } }
    }

    /// Deletions whose outcome is open are sent again until it is not.
    mutating func settle(before end: ContinuousClock.Instant) async {
        for tracked in state.all where tracked.isDeletionAsked && tracked.deletedAt == nil {
            while .now < end, state.all.contains(where: { $0.id == tracked.id && $0.deletedAt == nil }) {
                await delete(tracked.id)
            }
        }
    }

    private mutating func send(_ method: String, _ path: String, _ body: String?) async -> Visitor.Answer? {
        statistics.countOther()
        guard let answer = try? await deployment.visitor.send(method, path, body, within: ClientWorkload.timeout) else {
            return nil
        }
        let isForgotten = answer.status == 404 && deployment.mayForget
        if !isForgotten, ![200, 201, 202, 409, 502, 503, 504].contains(answer.status) {
            violations.append("\(method) \(path) was answered \(answer.status): \(answer.text)")
        }
        return answer
    }
}
