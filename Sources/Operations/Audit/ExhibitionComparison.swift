package import Contracts
import Scripts

/// One exhibition as Museum has it, as MyPage shows it, and its places in the indexes. Its seats are another matter: `SeatSum`.
package struct ExhibitionComparison {
    package let id: ExhibitionID
    package var exhibition: [String: String] = [:]
    package var page: [String: String] = [:]
    package var places = Places()

    package struct Places {
        /// Its score among the exhibitions; empty where it is not listed.
        package var listed = ""
        /// Its score among the deleted ones.
        package var deleted = ""
        package var isRevoking = false
        package var hasBookings = false
        /// Whether the list of exhibitions with bookings has it.
        package var isListedWithBookings = false
        package var hasAdmissions = false
        package var isListedWithAdmissions = false
        package var hasSeats = false

        package init() {}

        /// - Parameter replies: eight, in the order of the properties.
        init(_ replies: [String]) {
            guard replies.count == 8 else { return }
            (listed, deleted) = (replies[0], replies[1])
            isRevoking = replies[2] == "1"
            (hasBookings, isListedWithBookings) = (replies[3] == "1", replies[4] != "")
            (hasAdmissions, isListedWithAdmissions) = (replies[5] == "1", replies[6] != "")
            hasSeats = replies[7] == "1"
        }
    }

    package init(id: ExhibitionID) { self.id = id }

    private var keys: Keys { Keys(partition: id.partition) }
    private var holdsSeats: Bool { exhibition["held"] != "0" }

    /// All that the violations rest on; what every sale changes is left out.
    var seen: [[String: String]] {
        let own = exhibition.filter { !["available", "held", "revokeCursor"].contains($0.key) }
        return [own, page, ["places": "\(places)", "holds": "\(holdsSeats)"]]
    }

    package var violations: [Audit.Violation] {
        if exhibition.allSatisfy({ ["available", "held", "revokeCursor"].contains($0.key) }) { return withoutExhibition }
        var found = Findings()
        let isDeleted = exhibition["status"] == ExhibitionStatus.deleted.rawValue
        let slot = ((exhibition["date"] ?? "") + (exhibition["startTime"] ?? "00:00")).filter(\.isNumber)
        for (key, place, due) in [
            (keys.exhibitions, places.listed, isDeleted ? "" : slot),
            (keys.deletedExhibitions, places.deleted, isDeleted ? slot : ""),
        ] {
            found.expect(place == due, key, "has \(id.text) at \(place.isEmpty ? "no place" : place), not at \(due)")
        }
        // A purge removes the rest step by step.
        if exhibition["purging"] != nil {
            found.expect(isDeleted, keys.exhibition(id.text), "is being purged, and not deleted")
            return found.violations
        }
        found.expect(
            !isDeleted || !holdsSeats || places.isRevoking, keys.revoking,
            "does not list \(id.text), which is deleted and holds seats")
        for (key, hasSome, isListed) in [
            (keys.exhibitionsWithBookings, places.hasBookings, places.isListedWithBookings),
            (keys.exhibitionsWithAdmissions, places.hasAdmissions, places.isListedWithAdmissions),
        ] {
            found.expect(
                hasSome == isListed, key,
                hasSome ? "does not list \(id.text), which has some" : "lists \(id.text), which has none")
        }
        return found.violations + pageViolations
    }

    private var withoutExhibition: [Audit.Violation] {
        var found = Findings()
        let isMissed = places.listed != "" || places.deleted != "" || places.hasSeats
        found.expect(!isMissed, keys.exhibition(id.text), "is missing, though it is listed or has seats")
        found.expect(page.isEmpty || isMissed, keys.pageExhibition(id.text), "shows an exhibition that is not there")
        return found.violations
    }

    private var pageViolations: [Audit.Violation] {
        var found = Findings()
        let told = ["version", "title", "hall", "date", "startTime", "endTime", "status"]
        let due = exhibition.filter { told.contains($0.key) }
        for name in Set(due.keys).union(page.keys).sorted() {
            found.expect(
                due[name] == page[name], keys.pageExhibition(id.text),
                "shows \(name) \(page[name] ?? "none"), it is \(due[name] ?? "none")")
        }
        return found.violations
    }
}
