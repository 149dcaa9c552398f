import Contracts
import Crypto
import Testing

@testable import Book

/// Ids that a key names.
struct BookingNamesTests {
    private let order = Order(exhibition: ExhibitionID(partition: "a", number: 1), visitor: "kim", seats: 2)

    private func id(_ order: Order, secret: [UInt8] = [1], key: String = "key", attempt: Int = 0) async throws -> BookingID {
        try await HashedBookingNames.fixed(secret: secret).id(order, key: key, attempt: attempt)
    }

    @Test func theSameSecretVisitorKeyAndAttemptNameTheSameId() async throws {
        let id = try await id(order)
        #expect(try await self.id(order) == id)
        #expect(try await self.id(Order(exhibition: order.exhibition, visitor: "kim", seats: 3)) == id)
        let others = [
            try await self.id(order, secret: [2]), try await self.id(order, key: "key2"), try await self.id(order, attempt: 1),
            try await self.id(Order(exhibition: order.exhibition, visitor: "ki", seats: 2), key: "mkey"),
            try await self.id(Order(exhibition: order.exhibition, visitor: "lee", seats: 2)),
        ]
        #expect(Set(others + [id]).count == 6)
    }

    /// Whoever has a list of names and knows the keys can't find the names by trying them.
    @Test func aPlainDigestOfTheNameIsNotTheId() async throws {
        let named = Array("kim\u{0}key\u{0}0".utf8)
        let bits = SHA256.hash(data: named).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        #expect(try await id(order) != BookingID(exhibition: order.exhibition, bits: bits))
    }

    @Test func withoutASecretThereIsNoIdUnderAKey() async throws {
        let names = HashedBookingNames(
            secret: { () async throws(Failure) in throw .storageUnavailable("away") }, random: { 7 })
        await #expect(throws: Failure.storageUnavailable("away")) { try await names.id(order, key: "key", attempt: 0) }
        #expect(try await names.id(order, key: nil, attempt: 0) == BookingID(exhibition: order.exhibition, bits: 7))
    }
}
