import HTTPServer
import TestSupport

/// A client that books, lowers seats and cancels for one visitor after another, and records every response.
struct ClientWorkload: Sendable {
    let number: Int
    let deployment: FaultDeployment
    let state: FaultState
    var random: SeededRandom
    let statistics: RunStatistics
    var operations: [BookingOperation] = []

    /// Longer than any deadline of the museum's own.
    static let timeout = Duration.seconds(8)

    mutating func run(until end: ContinuousClock.Instant) async {
        while .now < end {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<50: await book(isKeyed: true, times: 1)
            case 50..<60: await book(isKeyed: false, times: 1)
            case 60..<68: await book(isKeyed: true, times: Int.random(in: 2...6, using: &random))
            case 68..<79: await cancel(times: random.once(in: 5) ? 4 : 1)
            case 79..<83: await lower(times: random.once(in: 5) ? 4 : 1)
            case 83..<91: await askAgain()
            default: await look()
            }
        }
    }

    /// - Parameter times: how many requests go out at the same moment.
    private mutating func book(isKeyed: Bool, times: Int) async {
        guard let tracked = state.pick(&random) else { return await pause() }
        let name = "v\(number)-\(operations.count)"
        let operation = BookingOperation(
            visitor: name, key: isKeyed ? "key-\(name)" : nil, exhibition: tracked.id,
            seats: Int.random(in: 1...3, using: &random))
        operations.append(operation)
        await ask(operations.count - 1, times: times)
    }

    private mutating func ask(_ index: Int, times: Int) async {
        let operation = operations[index]
        let start = ContinuousClock.now
        let results = await withTaskGroup { group in
            for _ in 0..<times {
                group.addTask { [deployment] in
                    await Self.answer(deployment) {
                        try await deployment.visitor.send(
                            "POST", "/books",
                            #"{"museumId":"\#(operation.exhibition)","visitor":"\#(operation.visitor)","seats":\#(operation.seats)}"#,
                            headers: operation.key.map { ["Idempotency-Key": $0] } ?? [:], within: Self.timeout)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let isMade = results.contains { if case .booking(_, _, isReplayed: false) = $0.answer { true } else { false } }
        if isMade, operation.bookingId != nil { operations[index].beginAnew() }
        for result in results {
            operations[index].answers.append(result.answer)
            operations[index].violations += result.violations
            statistics.count(result.answer, took: .now - start)
            if case .booking(_, _, isReplayed: false) = result.answer {
                deployment.gaps.acknowledged(operation.exhibition, asked: start)
            }
        }
        note(results.map(\.answer), index, start)
    }

    private mutating func note(_ answers: [BookingOperation.Answer], _ index: Int, _ start: ContinuousClock.Instant) {
        if answers.contains(where: \.isBooking) { operations[index].confirmedAt = start }
        if answers.contains(where: \.isRefusal) { operations[index].refusedAt = start }
    }

    private mutating func cancel(times: Int) async {
        guard let index = someBooking() else { return await pause() }
        await cancel(index, times: times)
    }

    private mutating func cancel(_ index: Int, times: Int) async {
        operations[index].cancels += await change(index, "DELETE", nil, times: times)
    }

    /// Asks for fewer seats, or for as many as before, once more. Of a booking that nobody cancels.
    private mutating func lower(times: Int) async {
        guard let index = someBooking(), operations[index].cancels.isEmpty, operations[index].seats > 1 else {
            return await pause()
        }
        let seats = Int.random(in: 1...operations[index].fewestSeats, using: &random)
        for answer in await change(index, "PATCH", #"{"seats":\#(seats)}"#, times: times) {
            operations[index].lowerings.append((seats, answer))
        }
    }

    private mutating func change(_ index: Int, _ method: String, _ body: String?, times: Int) async
        -> [BookingOperation.Answer]
    {
        let id = operations[index].bookingId ?? ""
        let start = ContinuousClock.now
        let results = await withTaskGroup { group in
            for _ in 0..<times {
                group.addTask { [deployment] in
                    await Self.answer(deployment) {
                        try await deployment.visitor.send(method, "/books/\(id)", body, within: Self.timeout)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        for result in results {
            operations[index].violations += result.violations
            statistics.countOther()
        }
        note(results.map(\.answer), index, start)
        if results.contains(where: \.answer.isBooking) { operations[index].changedAt.append(start) }
        return results.map(\.answer)
    }

    /// Sends a key once more: one whose outcome is open, or one that has booked long ago.
    private mutating func askAgain() async {
        let recent = operations.indices.suffix(50)
        let open = recent.filter {
            operations[$0].isUnsettled || operations[$0].cancels.isEmpty && operations[$0].bookingId == nil
        }
        guard let index = (open.isEmpty ? Array(recent) : open).randomElement(using: &random), operations[index].key != nil else {
            return await pause()
        }
        await ask(index, times: 1)
    }

    private mutating func look() async {
        guard let index = someBooking(), let id = operations[index].bookingId else { return await pause() }
        statistics.countOther()
        let start = ContinuousClock.now
        guard let answer = try? await deployment.visitor.send("GET", "/books/\(id)", within: Self.timeout) else { return }
        switch answer.status {
        case 200:
            let version = answer.json["version"]?.integer ?? 0
            if version < operations[index].seenVersion {
                doubt(index, "went back from version \(operations[index].seenVersion) to \(version)")
            }
            (operations[index].seenVersion, operations[index].seenAt) = (version, start)
        case 502, 503, 504: break
        default:
            let mayBePurged = answer.status == 404 && state.isPurgeAsked(operations[index].exhibition)
            if !mayBePurged { doubt(index, "GET was answered \(answer.status) \(answer.problem ?? "")") }
        }
    }

    /// A failover is noticed a moment after it has happened, so whether something may be lost is decided at the end.
    private mutating func doubt(_ index: Int, _ what: String) {
        operations[index].doubts.append((what, [operations[index].confirmedAt, operations[index].seenAt]))
    }

    private mutating func someBooking() -> Int? {
        for _ in 0..<8 {
            guard let index = operations.indices.suffix(200).randomElement(using: &random) else { return nil }
            if operations[index].bookingId != nil { return index }
        }
        return nil
    }

    private func pause() async { try? await Task.sleep(for: .milliseconds(5)) }

    /// Sends again whatever is still open, until each answer is definite. Nothing that was sent before may be under way any
    /// more.
    mutating func settle(before end: ContinuousClock.Instant) async {
        for index in operations.indices where operations[index].key != nil && operations[index].isUnsettled {
            repeat { await ask(index, times: 1) } while operations[index].answers.last?.leavesOpen == true && .now < end
        }
        for index in operations.indices where operations[index].isCancelUnsettled {
            repeat { await cancel(index, times: 1) } while operations[index].cancels.last?.isDefinite == false && .now < end
        }
    }

    private static func answer(_ deployment: FaultDeployment, _ send: () async throws -> Visitor.Answer) async
        -> (answer: BookingOperation.Answer, violations: [String])
    {
        let start = ContinuousClock.now
        var violations: [String] = []
        do {
            let answer = try await send()
            return (BookingOperation.Answer(answer) { violations.append($0) }, violations)
        } catch {
            if .now - start >= timeout, deployment.entranceWasOpen(since: start) {
                deployment.note("a client timed out")
                violations.append("had no answer within \(timeout)")
            }
            return (.open("no answer"), violations)
        }
    }
}
