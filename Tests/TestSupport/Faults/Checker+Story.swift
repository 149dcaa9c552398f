import Contracts

extension Checker {
    /// Everything there is about one booking, shortest first: what its visitor was told, its events, what the rooms have of it.
    func story(of booking: String) -> [String] {
        var lines: [String] = []
        for order in orders
        where order.bookingId == booking || ledger.bookings[booking]?.visitor == order.visitor || order.visitor == booking {
            lines.append("  \(order.visitor) wants \(order.seats) seats of \(order.exhibition), key \(order.key ?? "none")")
            lines += order.answers.map { "    booking: \($0)" } + order.cancels.map { "    cancel: \($0)" }
        }
        for logged in records.events {
            let isAbout =
                switch logged.event.subject {
                case .exhibition(let facts): facts.id.text == booking
                case .seats(let facts): facts.booking.text == booking
                case .booking(let facts): facts.id.text == booking
                case .admission(let facts): facts.booking.text == booking
                }
            if isAbout {
                lines.append("  \(logged.stream) \(logged.id) \(logged.event.type.rawValue) \(logged.event.requestId ?? "")")
            }
        }
        let partition = String(booking.prefix { $0.isLetter })
        for key in records.hashes.keys.sorted() where key.hasSuffix("{\(partition)}:\(booking)") {
            lines.append(
                "  \(key) \((records.hashes[key] ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " "))"
            )
        }
        return Array(lines.prefix(60))
    }
}
