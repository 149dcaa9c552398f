import Contracts
import Testing

@Suite struct NewestTests {
    private struct Update: Equatable {
        let name: String
        let version: Int
        let order: Int
    }

    @Test func onlyTheHighestVersionOfEachIsLeft() {
        let updates = [
            Update(name: "b", version: 1, order: 0), Update(name: "a", version: 3, order: 1),
            Update(name: "a", version: 2, order: 2),
            Update(name: "b", version: 2, order: 3), Update(name: "c", version: 1, order: 4),
            Update(name: "c", version: 1, order: 5),
        ]
        #expect(updates.newest(of: \.name, version: \.version).map(\.order) == [3, 1, 4])
        #expect([Update]().newest(of: \.name, version: \.version).isEmpty)
    }
}
