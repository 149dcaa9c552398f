import Contracts
import TestSupport

extension Checker {
    /// Everything there is about one booking, shortest first: what its visitor was told, its events, what the services have
    /// of it.
    func trace(of booking: String) -> [String] {
        var lines: [String] = []
        for operation in operations
        where operation.bookingId == booking || model.bookings[booking]?.visitor == operation.visitor
            || operation.visitor == booking
        {
            lines.append(
                "  \(operation.visitor) wants \(operation.seats) seats of \(operation.exhibition), key \(operation.key ?? "none")"
            )
            lines += operation.answers.map { "    booking: \($0)" } + operation.cancels.map { "    cancel: \($0)" }
            lines += operation.lowerings.map { "    \($0.seats) seats: \($0.answer)" }
        }
        for logged in records.events {
            let isAbout =
                switch logged.event.subject {
                case .exhibition(let payload): payload.id.text == booking
                case .seats(let payload): payload.booking.text == booking
                case .booking(let payload): payload.id.text == booking
                case .admission(let payload): payload.booking.text == booking
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
