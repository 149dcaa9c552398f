import Contracts
import Messaging
import Redis
import Scripts

extension OperatorSession {
    /// An exhibition as Museum has it, as MyPage shows it, and its places in the indexes. Seats are another matter.
    func observeExhibition(_ id: ExhibitionID) async throws -> AuditObservation {
        let keys = Keys(partition: id.partition)
        let replies = try await redis.sendAll([
            Command("HGETALL", keys.exhibition(id.text)), Command("ZSCORE", keys.exhibitions, id.text),
            Command("ZSCORE", keys.deletedExhibitions, id.text), Command("SISMEMBER", keys.revoking, id.text),
            Command("EXISTS", keys.bookings(of: id.text)), Command("ZSCORE", keys.exhibitionsWithBookings, id.text),
            Command("EXISTS", keys.admissions(to: id.text)), Command("ZSCORE", keys.exhibitionsWithAdmissions, id.text),
            Command("EXISTS", keys.seats(id.text)),
        ])
        let shown = try await myPageStore.send("HGETALL", keys.pageExhibition(id.text)).shownFields
        var comparison = ExhibitionComparison(id: id)
        comparison.exhibition = replies[0].shownFields
        comparison.page = shown
        comparison.places = ExhibitionComparison.Places(replies[1...].map(\.shown))
        return AuditObservation(seen: comparison.seen, violations: comparison.violations)
    }

    /// Progress past what a stream has ever had: its group would skip what comes, and trimming would go by it.
    func progressBeyondTheEnd() async throws -> [Audit.Violation] {
        var found = Findings()
        for subscription in Subscription.all(in: partitions) {
            // Progress first: the stream only grows.
            let progress = try await progress(of: subscription)
            let last = try await redis.state(of: subscription.stream).last
            let key = Keys(partition: subscription.partition)
                .progress(of: subscription.group.rawValue, on: subscription.source.rawValue)
            found.expect(progress <= last, key, "is \(progress.text), beyond the stream's last id \(last.text)")
        }
        return found.violations
    }
}
