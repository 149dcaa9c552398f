package import Contracts
import Scripts

/// One booking as the services have it, once all is settled.
package struct BookingComparison {
    package let id: BookingID
    /// Its seats at Museum: 0 released, `nil` never reserved.
    package var seats: Int?
    package var booking: [String: String] = [:]
    package var admission: [String: String] = [:]
    package var page: [String: String] = [:]
    /// Whether its exhibition is being purged: what there is of it goes step by step.
    package var isBeingPurged = false
    /// Its place in the indexes; `nil` where it is in none.
    package var places = Places()

    package struct Places {
        package var booking: String?
        package var admission: String?
        /// On its visitor's list.
        package var page: String?
        /// Whether that visitor is among those who have bookings.
        package var isVisitorKnown = false
    }

    package init(id: BookingID) { self.id = id }

    /// A booking as one service has it.
    private struct Record: Equatable {
        let visitor: String?
        let seats: String?
        let status: BookingStatus?
        let version: String?
    }

    private var keys: Keys { Keys(partition: id.partition) }

    /// Names only the key that is wrong: if all other services agree, it is the booking.
    package var violations: [Audit.Violation] {
        if isBeingPurged { return [] }
        if let others = commonRecordOfOthers, others != bookingRecord {
            let has = bookingRecord.status?.rawValue ?? "missing"
            return [
                Audit.Violation(
                    key: keys.booking(id.text),
                    what: "is \(has) at version \(booking["version"] ?? "none"); Museum, Confirm and MyPage know it as "
                        + "\(others.status?.rawValue ?? "?") at version \(others.version ?? "none")")
            ]
        }
        guard let status = bookingRecord.status else { return withoutBooking }
        return seatsViolations(status) + admissionViolations(status) + pageViolations(status) + listViolations(status)
    }

    private var bookingRecord: Record {
        Record(
            visitor: booking["visitor"], seats: booking["seats"],
            status: booking["status"].flatMap { BookingStatus(rawValue: $0) }, version: booking["version"])
    }

    /// What page, admission and seats have in common; `nil` where they differ.
    private var commonRecordOfOthers: Record? {
        guard let status = page["status"].flatMap({ BookingStatus(rawValue: $0) }), let seats else { return nil }
        let record = Record(visitor: page["visitor"], seats: page["seats"], status: status, version: page["bookVersion"])
        let holds = status == .completed || status == .requested ? page["seats"] : "0"
        guard String(seats) == holds else { return nil }
        guard let due = AdmissionStatus(following: status) else { return admission.isEmpty ? record : nil }
        let confirmed = Record(
            visitor: admission["visitor"], seats: admission["seats"],
            status: admission["status"] == due.rawValue ? status : nil, version: admission["bookVersion"])
        return confirmed == record ? record : nil
    }

    private var withoutBooking: [Audit.Violation] {
        var found = Findings()
        found.expect((seats ?? 0) == 0, keys.seats(id.exhibition.text), "holds \(seats ?? 0) seats for \(id.text), no booking")
        found.expect(admission.isEmpty, keys.admission(id.text), "is there without a booking")
        found.expect(page.isEmpty, keys.page(id.text), "is there without a booking")
        found.expect(places.booking == nil, keys.bookings(of: id.exhibition.text), "lists \(id.text), which is no booking")
        found.expect(
            places.admission == nil || !admission.isEmpty, keys.admissions(to: id.exhibition.text),
            "lists \(id.text), which is no admission")
        return found.violations
    }

    private func seatsViolations(_ status: BookingStatus) -> [Audit.Violation] {
        var found = Findings()
        let key = keys.seats(id.exhibition.text)
        switch status {
        case .completed, .requested:
            found.expect(
                seats.map(String.init) == booking["seats"], key,
                "holds \(seats ?? 0) seats for \(id.text), the booking has \(booking["seats"] ?? "none")")
        case .canceled, .forceCanceled, .aborted:
            found.expect((seats ?? 0) == 0, key, "holds \(seats ?? 0) seats for \(id.text), which is \(status.rawValue)")
        }
        found.expect(status != .requested, keys.booking(id.text), "is still REQUESTED though all events are applied")
        return found.violations
    }

    private func admissionViolations(_ status: BookingStatus) -> [Audit.Violation] {
        var found = Findings()
        let key = keys.admission(id.text)
        let due = AdmissionStatus(following: status)
        found.expect(
            admission["status"] == due?.rawValue, key, "is \(admission["status"] ?? "missing"), the booking is \(status.rawValue)"
        )
        if due != nil, !admission.isEmpty {
            found.expect(
                admission["bookVersion"] == booking["version"], key,
                "has seen version \(admission["bookVersion"] ?? "none") of the booking, not \(booking["version"] ?? "none")")
            for name in ["visitor", "seats", "museumId"] {
                expectSame(name, in: admission, name, of: booking, "booking", key, &found)
            }
        }
        return found.violations
    }

    private func pageViolations(_ status: BookingStatus) -> [Audit.Violation] {
        var found = Findings()
        let key = keys.page(id.text)
        let due = AdmissionStatus(following: status)?.rawValue
        if page.isEmpty { return [Audit.Violation(key: key, what: "is missing, the booking is \(status.rawValue)")] }
        found.expect(
            page["status"] == status.rawValue, key, "shows \(page["status"] ?? "nothing"), the booking is \(status.rawValue)")
        found.expect(
            page["bookVersion"] == booking["version"], key,
            "shows version \(page["bookVersion"] ?? "none") of the booking, not \(booking["version"] ?? "none")")
        for name in ["visitor", "seats", "museumId", "createdAt", "updatedAt"] {
            expectSame(name, in: page, name, of: booking, "booking", key, &found)
        }
        found.expect(page["admission"] == due, key, "shows admission \(page["admission"] ?? "none"), it is \(due ?? "none")")
        if admissionViolations(status).isEmpty {
            for (shown, name) in [("admissionVersion", "version"), ("admissionUpdatedAt", "updatedAt")] {
                expectSame(shown, in: page, name, of: admission, "admission", key, &found)
            }
        }
        return found.violations
    }

    private func expectSame(
        _ shown: String, in row: [String: String], _ name: String, of source: [String: String], _ what: String, _ key: String,
        _ found: inout Findings
    ) {
        found.expect(
            row[shown] == source[name], key,
            "has \(shown) \(row[shown] ?? "none"), the \(what) has \(name) \(source[name] ?? "none")")
    }

    /// An aborted attempt is on no list.
    private func listViolations(_ status: BookingStatus) -> [Audit.Violation] {
        var found = Findings()
        func expect(_ place: String?, isListed: Bool, _ key: String) {
            let due = isListed ? booking["createdAt"] : nil
            found.expect(place == due, key, "has \(id.text) at \(place ?? "no place"), not at \(due ?? "none")")
        }
        let isListed = status != .aborted
        expect(places.booking, isListed: isListed, keys.bookings(of: id.exhibition.text))
        expect(places.admission, isListed: AdmissionStatus(following: status) != nil, keys.admissions(to: id.exhibition.text))
        let visitor = booking["visitor"] ?? ""
        expect(places.page, isListed: isListed, keys.pages(of: visitor))
        if places.page != nil { found.expect(places.isVisitorKnown, keys.visitors, "does not list \(visitor)") }
        return found.violations
    }
}
