import HTTPServer

/// Visitors who book one after another while something else happens, and when each booking was acknowledged.
public struct BookingFlow: Sendable {
    public struct Booking: Sendable {
        public let id: String
        public let asked: ContinuousClock.Instant
        public let acknowledged: ContinuousClock.Instant
    }

    /// What became of the requests.
    public struct Result: Sendable {
        public var booked: [Booking] = []
        /// Every other response, as `status problem`, and when it was asked for.
        public var failed: [(asked: ContinuousClock.Instant, what: String)] = []

        /// The time from this moment to the first booking that was asked for and acknowledged after it.
        public func gap(after moment: ContinuousClock.Instant) -> Duration? {
            booked.filter { $0.asked >= moment }.map { $0.acknowledged - moment }.min()
        }
    }

    private let visitor: Visitor
    private let exhibition: String
    private let lanes: Int
    private let pause: Duration

    /// - Parameters:
    ///   - lanes: how many visitors ask at the same time.
    ///   - pause: how long each waits between two requests.
    public init(_ visitor: Visitor, _ exhibition: String, lanes: Int = 6, pause: Duration = .milliseconds(10)) {
        self.visitor = visitor
        self.exhibition = exhibition
        self.lanes = lanes
        self.pause = pause
    }

    /// Lets bookings flow until the body has ended.
    public func during(_ body: @escaping @Sendable () async throws -> Void) async throws -> Result {
        let isOver = LockedBox(false)
        let result = LockedBox(Result())
        try await withThrowingTaskGroup { group in
            for lane in 0..<lanes {
                group.addTask {
                    var number = 0
                    while !isOver.value {
                        await ask("flow \(lane)-\(number)", result)
                        number += 1
                        try await Task.sleep(for: pause)
                    }
                }
            }
            group.addTask {
                defer { isOver.value = true }
                try await body()
            }
            try await group.waitForAll()
        }
        return result.value
    }

    private func ask(_ name: String, _ result: LockedBox<Result>) async {
        let asked = ContinuousClock.now
        guard let answer = try? await visitor.book(exhibition, visitor: name) else {
            return result.update { $0.failed.append((asked, "no answer")) }
        }
        if answer.status == 201, let id = answer.json["id"]?.text {
            result.update { $0.booked.append(Booking(id: id, asked: asked, acknowledged: .now)) }
        } else {
            result.update { $0.failed.append((asked, "\(answer.status) \(answer.problem ?? "")")) }
        }
    }
}
