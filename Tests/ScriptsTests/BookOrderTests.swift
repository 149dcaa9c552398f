import Redis
import Testing

extension AllScriptsTests {
    /// Every order and repetition of what can happen to a booking: the first end stands, and each change is one event.
    struct BookOrderTests {
        /// The states of 6-protocol.md, said once more in Swift.
        private struct Model {
            var status: String?
            var version = 0
            var seats = 2
            var events: [String] = []

            mutating func step(_ step: ScriptFixture.BookStep) -> String {
                let isOpen = status == "REQUESTED" || status == "REQUEST_COMPLETED"
                switch (step, status) {
                case (.record, nil): return move("REQUESTED", "Requested", "RECORDED")
                case (.record, "ABORTED"), (.abort, "ABORTED"): return "ABORTED"
                case (.record, _), (.abort, .some): return "EXISTS"
                case (.abort, nil): return move("ABORTED", "Aborted", "ABORTED")
                case (_, nil): return "ABSENT"
                case (.complete, "REQUESTED"): return move("REQUEST_COMPLETED", "RequestCompleted", "APPLIED")
                case (.cancel, _) where isOpen: return move("CANCELED", "Canceled", "APPLIED")
                case (.forceCancel, _) where isOpen: return move("FORCE_CANCELED", "ForceCanceled", "APPLIED")
                case (.lower, let status?) where isOpen && seats == 2:
                    seats = 1
                    return move(status, "BookingChanged", "APPLIED")
                default: return "SKIPPED"
                }
            }

            private mutating func move(_ status: String, _ event: String, _ word: String) -> String {
                self.status = status
                version += 1
                events.append("\(event) \(status) \(version) \(seats)")
                return word
            }
        }

        @Test(arguments: [6, 7])
        func theFirstEndStands(length: Int) async throws {
            let fixture = try await ScriptFixture()
            let all = sequences(of: ScriptFixture.BookStep.allCases, length: length)
            #expect(all.count == (length == 6 ? 720 : 15120))
            // With repetitions there are many; one in eleven is tried.
            let orders = length == 6 ? all : stride(from: 0, to: all.count, by: 11).map { all[$0] }

            var models: [Model] = []
            var words: [String] = []
            var calls: [Command] = []
            for (number, order) in orders.enumerated() {
                var model = Model()
                for step in order {
                    words.append(model.step(step))
                    calls.append(fixture.call(step, number))
                }
                models.append(model)
            }
            let answers = try await fixture.run(calls)
            let wrong = zip(answers.map(\.word), words).enumerated().filter { $1.0 != $1.1 }.map { orders[$0.offset / length] }
            #expect(wrong.isEmpty, "\(wrong.prefix(3))")

            var events: [String: [String]] = [:]
            for event in try await fixture.events(of: "book") {
                let said =
                    "\(event["eventType"] ?? "") \(event["status"] ?? "") \(event["version"] ?? "") \(event["seats"] ?? "")"
                events[event["bookId"] ?? "", default: []].append(said)
            }
            for (number, model) in models.enumerated() {
                let fields = try await fixture.bookingFields(number)
                #expect(fields["status"] == model.status, "\(orders[number])")
                #expect(fields["version"] == String(model.version), "\(orders[number])")
                #expect(fields["seats"] == String(model.seats), "\(orders[number])")
                #expect(fields["bookedSeats"] == (model.seats == 2 ? nil : "2"), "\(orders[number])")
                #expect(events[ScriptFixture.booking(number)] == model.events, "\(orders[number])")
            }
        }
    }
}
