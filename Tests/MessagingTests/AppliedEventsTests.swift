import Contracts
import Testing

@testable import Messaging

/// What a process remembers of the streams that it has applied.
struct AppliedEventsTests {
    private func entry(_ id: String) -> Entry { Entry(source: .book, id: id, words: [], content: .irrelevant) }

    @Test func aLossIsToldOnceAndKeptUntilThen() {
        let applied = AppliedEvents()
        applied.note([entry("5-1"), entry("4-9")])
        #expect(applied.last(of: .book) == StreamID("5-1") && applied.last(of: .museum) == .zero)
        #expect(!applied.takeLoss())
        applied.lower(to: StreamID(milliseconds: 3, sequence: 0), of: .book)
        #expect(applied.last(of: .book) == StreamID("3-0"))
        #expect(applied.takeLoss() && !applied.takeLoss())
    }
}
