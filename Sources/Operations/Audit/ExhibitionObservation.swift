import Messaging
import Contracts
import Redis
import Scripts

extension OperatorSession {
    /// An exhibition as Museum has it, as MyPage shows it, and its places in the indexes. Seats are another matter.
    func lookAtExhibition(_ id: ExhibitionID) async throws -> AuditObservation {
        let keys = Keys(partition: id.partition)
        let replies = try await redis.sendAll([
            Command("HGETALL", keys.exhibition(id.text)), Command("ZSCORE", keys.exhibitions, id.text),
            Command("ZSCORE", keys.deletedExhibitions, id.text), Command("SISMEMBER", keys.revoking, id.text),
            Command("EXISTS", keys.bookings(of: id.text)), Command("ZSCORE", keys.exhibitionsWithBookings, id.text),
            Command("EXISTS", keys.admissions(to: id.text)), Command("ZSCORE", keys.exhibitionsWithAdmissions, id.text),
            Command("EXISTS", keys.seats(id.text)),
        ])
        let shown = try await myPageStore.send("HGETALL", keys.pageExhibition(id.text)).shownFields
        var exhibition = replies[0].shownFields
        let holds = exhibition["held"] != "0"
        for name in ["available", "held", "revokeCursor"] { exhibition[name] = nil }
        let places = replies[1...].map(\.shown)
        let seen = [exhibition, shown, ["places": places.joined(separator: " "), "holds": "\(holds)"]]

        var found = Findings()
        guard !exhibition.isEmpty else {
            let isMissed = places[0] != "" || places[1] != "" || places[7] == "1"
            found.expect(!isMissed, keys.exhibition(id.text), "is missing, though it is listed or has seats")
            found.expect(shown.isEmpty || isMissed, keys.pageExhibition(id.text), "shows an exhibition that is not there")
            return AuditObservation(seen: seen, violations: found.violations)
        }
        let slot = ((exhibition["date"] ?? "") + (exhibition["startTime"] ?? "00:00")).filter(\.isNumber)
        let isDeleted = exhibition["status"] == ExhibitionStatus.deleted.rawValue
        for (key, place, due) in [
            (keys.exhibitions, places[0], isDeleted ? "" : slot), (keys.deletedExhibitions, places[1], isDeleted ? slot : ""),
        ] {
            found.expect(place == due, key, "has \(id.text) at \(place.isEmpty ? "no place" : place), not at \(due)")
        }
        // Being purged, it is in parts already.
        if exhibition["purging"] != nil {
            found.expect(isDeleted, keys.exhibition(id.text), "is being purged, and not deleted")
            return AuditObservation(seen: seen, violations: found.violations)
        }
        found.expect(
            !isDeleted || !holds || places[2] == "1", keys.revoking, "does not list \(id.text), which is deleted and holds seats")
        for (key, isThere, place) in [
            (keys.exhibitionsWithBookings, places[3], places[4]), (keys.exhibitionsWithAdmissions, places[5], places[6]),
        ] {
            found.expect(
                (isThere == "1") == (place != ""), key,
                isThere == "1" ? "does not list \(id.text), which has some" : "lists \(id.text), which has none")
        }
        let told = ["version", "title", "hall", "date", "startTime", "endTime", "status"]
        let due = exhibition.filter { told.contains($0.key) }
        for name in Set(due.keys).union(shown.keys).sorted() {
            found.expect(
                due[name] == shown[name], keys.pageExhibition(id.text),
                "shows \(name) \(shown[name] ?? "none"), it is \(due[name] ?? "none")")
        }
        return AuditObservation(seen: seen, violations: found.violations)
    }

    /// Progress past what a stream has ever had: its group would skip what comes, and trimming would go by it.
    func progressBeyondTheEnd() async throws -> [Audit.Violation] {
        var found = Findings()
        for subscription in Subscription.all(in: partitions) {
            // Progress first: the stream only grows.
            let progress = try await progress(of: subscription)
            let last = try await state(of: subscription.stream).last
            let key = Keys(partition: subscription.partition)
                .progress(of: subscription.group.rawValue, on: subscription.source.rawValue)
            found.expect(progress <= last, key, "is \(progress.text), beyond the stream's last id \(last.text)")
        }
        return found.violations
    }
}
