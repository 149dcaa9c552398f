import Contracts
import Redis
import Scripts

extension OperatorSession {
    /// Bookings as all services have them, read in three goes.
    func observeBookings(_ ids: [BookingID]) async throws -> [AuditObservation] {
        let common = try await redis.sendAll(
            ids.flatMap { id in
                let keys = Keys(partition: id.partition)
                return [
                    Command("HGET", keys.seats(id.exhibition.text), id.text), Command("HGETALL", keys.booking(id.text)),
                    Command("HGETALL", keys.admission(id.text)),
                    Command("ZSCORE", keys.bookings(of: id.exhibition.text), id.text),
                    Command("ZSCORE", keys.admissions(to: id.exhibition.text), id.text),
                    Command("HGET", keys.exhibition(id.exhibition.text), "purging"),
                ]
            })
        let pages = try await myPageStore.sendAll(ids.map { Command("HGETALL", Keys(partition: $0.partition).page($0.text)) })
        var comparisons: [BookingComparison] = []
        for (index, id) in ids.enumerated() {
            let row = Array(common[6 * index..<6 * index + 6])
            var comparison = BookingComparison(id: id)
            comparison.seats = row[0].shownIfAny.map { Int($0) ?? -1 }
            comparison.booking = row[1].shownFields
            comparison.admission = row[2].shownFields
            comparison.page = pages[index].shownFields
            comparison.places.booking = row[3].shownIfAny
            comparison.places.admission = row[4].shownIfAny
            comparison.isBeingPurged = row[5].shownIfAny != nil
            comparisons.append(comparison)
        }
        let lists = try await myPageStore.sendAll(
            comparisons.flatMap { comparison in
                let keys = Keys(partition: comparison.id.partition)
                let visitor = comparison.booking["visitor"] ?? comparison.page["visitor"] ?? ""
                return [
                    Command("ZSCORE", keys.pages(of: visitor), comparison.id.text), Command("ZSCORE", keys.visitors, visitor),
                ]
            })
        return comparisons.enumerated().map { index, comparison in
            var comparison = comparison
            comparison.places.page = lists[2 * index].shownIfAny
            comparison.places.isVisitorKnown = lists[2 * index + 1].shownIfAny != nil
            let places = [
                comparison.seats.map(String.init), comparison.places.booking, comparison.places.admission, comparison.places.page,
                comparison.places.isVisitorKnown ? "known" : nil,
            ]
            return AuditObservation(
                seen: [comparison.booking, comparison.admission, comparison.page, ["places": "\(places)"]],
                violations: comparison.violations)
        }
    }

    /// Whether a booking is on the list of the visitor whose it is, by the booking or at least by the page.
    func observeList(_ member: String, visitor: String, in partition: String) async throws -> AuditObservation {
        let keys = Keys(partition: partition)
        let list = keys.pages(of: visitor)
        let isListed = try await myPageStore.send("ZSCORE", list, member).shownIfAny != nil
        let owners = [
            try await redis.send("HGET", keys.booking(member), "visitor").shownIfAny,
            try await myPageStore.send("HGET", keys.page(member), "visitor").shownIfAny,
        ]
        var found = Findings()
        found.expect(!isListed || owners.contains(visitor), list, "lists \(member), which is no booking of this visitor")
        return AuditObservation(seen: [["owners": "\(owners)", "isListed": "\(isListed)"]], violations: found.violations)
    }

    func observeVisitor(_ visitor: String, in partition: String) async throws -> AuditObservation {
        let keys = Keys(partition: partition)
        let has = try await myPageStore.send("ZCARD", keys.pages(of: visitor)).asInteger() > 0
        let isKnown = try await myPageStore.send("ZSCORE", keys.visitors, visitor).shownIfAny != nil
        var found = Findings()
        found.expect(has || !isKnown, keys.pages(of: visitor), "is not there, though \(keys.visitors) lists its visitor")
        found.expect(!has || isKnown, keys.visitors, "does not list \(visitor)")
        return AuditObservation(seen: [["has": "\(has)", "isKnown": "\(isKnown)"]], violations: found.violations)
    }
}
