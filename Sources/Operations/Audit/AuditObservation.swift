package import Contracts
import Redis

/// What the audit observes at once.
package enum AuditSubject: Hashable {
    case exhibition(ExhibitionID)
    case booking(BookingID)
    /// An entry on a visitor's list: a booking, or some other text.
    case listed(String, visitor: String, partition: String)
    /// A visitor whom MyPage lists.
    case visitor(String, partition: String)
}

/// A subject at one moment, and its violations.
struct AuditObservation {
    /// All that the violations depend on. Two equal observations, with all events applied in between, are final: versions only
    /// go up, so nothing can have changed and changed back.
    let seen: [[String: String]]
    let violations: [Audit.Violation]
}

extension OperatorSession {
    /// One observation of each subject, in order.
    func observe(_ subjects: [AuditSubject]) async throws -> [AuditObservation] {
        var observations: [AuditSubject: AuditObservation] = [:]
        let bookings = subjects.compactMap { subject in if case .booking(let id) = subject { id } else { nil } }
        for start in stride(from: 0, to: bookings.count, by: 200) {
            let part = Array(bookings[start..<min(start + 200, bookings.count)])
            for (id, observation) in zip(part, try await observeBookings(part)) { observations[.booking(id)] = observation }
        }
        for subject in subjects {
            switch subject {
            case .booking: break
            case .exhibition(let id): observations[subject] = try await observeExhibition(id)
            case .listed(let member, let visitor, let partition):
                observations[subject] = try await observeList(member, visitor: visitor, in: partition)
            case .visitor(let visitor, let partition): observations[subject] = try await observeVisitor(visitor, in: partition)
            }
        }
        return subjects.compactMap { observations[$0] }
    }
}

extension Reply {
    /// Names and values as text, whatever bytes they are.
    var shownFields: [String: String] {
        guard case .array(let elements) = self else { return [:] }
        var fields: [String: String] = [:]
        for index in stride(from: 0, to: elements.count - 1, by: 2) { fields[elements[index].shown] = elements[index + 1].shown }
        return fields
    }

    /// As text; `nil` for a null.
    var shownIfAny: String? { if case .null = self { nil } else { shown } }
}
