import Contracts
import Crypto
import Testing

@testable import Book

/// Ids that a key names.
struct BookingIDGeneratorTests {
    private let request = BookingRequest(exhibition: ExhibitionID(partition: "a", number: 1), visitor: "kim", seats: 2)

    private func id(_ request: BookingRequest, secret: [UInt8] = [1], key: String = "key", attempt: Int = 0) async throws
        -> BookingID
    {
        try await HMACBookingIDGenerator.fixed(secret: secret).id(request, key: key, attempt: attempt)
    }

    @Test func theSameSecretVisitorKeyAndAttemptNameTheSameId() async throws {
        let id = try await id(request)
        #expect(try await self.id(request) == id)
        #expect(try await self.id(BookingRequest(exhibition: request.exhibition, visitor: "kim", seats: 3)) == id)
        let others = [
            try await self.id(request, secret: [2]), try await self.id(request, key: "key2"),
            try await self.id(request, attempt: 1),
            try await self.id(BookingRequest(exhibition: request.exhibition, visitor: "ki", seats: 2), key: "mkey"),
            try await self.id(BookingRequest(exhibition: request.exhibition, visitor: "lee", seats: 2)),
        ]
        #expect(Set(others + [id]).count == 6)
    }

    /// Whoever has a list of names and knows the keys can't find the names by trying them.
    @Test func aPlainDigestOfTheNameIsNotTheId() async throws {
        let named = Array("kim\u{0}key\u{0}0".utf8)
        let bits = SHA256.hash(data: named).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        #expect(try await id(request) != BookingID(exhibition: request.exhibition, bits: bits))
    }

    @Test func withoutASecretThereIsNoIdUnderAKey() async throws {
        let names = HMACBookingIDGenerator(
            secret: { () async throws(Failure) in throw .storageUnavailable("away") }, random: { 7 })
        await #expect(throws: Failure.storageUnavailable("away")) { try await names.id(request, key: "key", attempt: 0) }
        #expect(try await names.id(request, key: nil, attempt: 0) == BookingID(exhibition: request.exhibition, bits: 7))
    }
}
