import Contracts
import Crypto

/// Ids from SHA-256 of visitor, key and attempt: a retry names the same booking, with no table of keys. At random without a key.
struct HashedBookingNames: BookingNames {
    let random: @Sendable () -> UInt64

    func id(_ order: Order, key: String?, attempt: Int) -> BookingID {
        guard let key else { return BookingID(exhibition: order.exhibition, bits: random()) }
        let named = Array(order.visitor.utf8) + [0] + Array(key.utf8) + [0] + Array(String(attempt).utf8)
        let bits = SHA256.hash(data: named).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return BookingID(exhibition: order.exhibition, bits: bits)
    }
}
