package import Contracts
import Redis

/// One thing the audit looks at by itself.
package enum AuditSubject: Hashable {
    case exhibition(ExhibitionID)
    case booking(BookingID)
    /// An entry on a visitor's list: a booking, or what passes for one.
    case listed(String, visitor: String, partition: String)
    /// A visitor who is said to have bookings.
    case visitor(String, partition: String)
}

/// What one look at a subject saw, and what of it is wrong.
struct AuditObservation {
    /// All that the judgement rests on. Two looks that saw the same, with everything applied in between, saw the truth:
    /// versions only go up, so nothing can have changed and changed back.
    let seen: [[String: String]]
    let violations: [Audit.Violation]
}

extension OperatorSession {
    /// One look for each subject, in order.
    func look(at subjects: [AuditSubject]) async throws -> [AuditObservation] {
        var looks: [AuditSubject: AuditObservation] = [:]
        let bookings = subjects.compactMap { subject in if case .booking(let id) = subject { id } else { nil } }
        for start in stride(from: 0, to: bookings.count, by: 200) {
            let part = Array(bookings[start..<min(start + 200, bookings.count)])
            for (id, look) in zip(part, try await lookAtBookings(part)) { looks[.booking(id)] = look }
        }
        for subject in subjects {
            switch subject {
            case .booking: break
            case .exhibition(let id): looks[subject] = try await lookAtExhibition(id)
            case .listed(let member, let visitor, let partition):
                looks[subject] = try await lookAtList(member, visitor: visitor, in: partition)
            case .visitor(let visitor, let partition): looks[subject] = try await lookAtVisitor(visitor, in: partition)
            }
        }
        return subjects.compactMap { looks[$0] }
    }
}

extension Reply {
    /// Names and values as people see them, whatever bytes they are.
    var shownFields: [String: String] {
        guard case .array(let elements) = self else { return [:] }
        var fields: [String: String] = [:]
        for index in stride(from: 0, to: elements.count - 1, by: 2) { fields[elements[index].shown] = elements[index + 1].shown }
        return fields
    }

    /// As text, `nil` where there is nothing.
    var shownIfAny: String? { if case .null = self { nil } else { shown } }
}
