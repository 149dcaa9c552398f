import Contracts
import Crypto

/// With a key, ids from HMAC-SHA-256 of visitor, key and attempt under the deployment's secret: a retry names the same booking, with
/// no table of keys, and an id tells nothing about who booked. Random ids without a key.
struct HashedBookingNames: BookingNames {
    let secret: @Sendable () async throws(Failure) -> [UInt8]
    let random: @Sendable () -> UInt64

    func id(_ order: Order, key: String?, attempt: Int) async throws(Failure) -> BookingID {
        guard let key else { return BookingID(exhibition: order.exhibition, bits: random()) }
        let named = Array(order.visitor.utf8) + [0] + Array(key.utf8) + [0] + Array(String(attempt).utf8)
        let code = HMAC<SHA256>.authenticationCode(for: named, using: SymmetricKey(data: try await secret()))
        let bits = code.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return BookingID(exhibition: order.exhibition, bits: bits)
    }
}
