import Contracts
import Crypto

/// With a key, ids from HMAC-SHA-256 of visitor, key and attempt under the deployment's secret: a retry names the same
/// booking, with no table of keys, and an id tells nothing about who booked. Random ids without a key.
struct HMACBookingIDGenerator: BookingIDGenerator {
    let secret: @Sendable () async throws(Failure) -> [UInt8]
    let random: @Sendable () -> UInt64

    func id(_ request: BookingRequest, key: String?, attempt: Int) async throws(Failure) -> BookingID {
        guard let key else { return BookingID(exhibition: request.exhibition, bits: random()) }
        let named = Array(request.visitor.utf8) + [0] + Array(key.utf8) + [0] + Array(String(attempt).utf8)
        let code = HMAC<SHA256>.authenticationCode(for: named, using: SymmetricKey(data: try await secret()))
        let bits = code.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return BookingID(exhibition: request.exhibition, bits: bits)
    }
}
