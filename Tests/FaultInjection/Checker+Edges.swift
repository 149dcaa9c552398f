import Scripts
import TestSupport

/// What is purged is gone wholly, what staff were told to be postponed is there, and what nobody recorded holds nothing.
extension Checker {
    mutating func checkPurged() {
        for tracked in state where tracked.isPurgeAsked {
            if purged.contains(tracked.id) {
                let mustStay = tracked.postponedAt != nil && !deployment.mayHaveForgotten(tracked.postponedAt)
                expect(!mustStay, tracked.id, "the edit into the future was answered 200, and it is purged")
                for key in purgedReferences.keys[tracked.id, default: []].sorted() {
                    expect(false, tracked.id, "is purged, and \(key) still names it")
                }
            } else {
                let now = hash(tracked.id) { $0.exhibition(tracked.id) }
                expect(now["status"] != "DELETED", tracked.id, "purge has closed it for good and not removed it")
            }
        }
    }

    /// Seats that were reserved for nobody are back, and no booking has come of them.
    mutating func checkOrphans() {
        for id in deployment.orphans.value {
            let exhibition = String(id.prefix { $0 != "-" })
            let seats = hash(id) { $0.seats(exhibition) }[id]
            expect(seats == nil || seats == "0", id, "was never recorded and holds \(seats ?? "") seats")
            let status = hash(id) { $0.booking(id) }["status"]
            expect(status == nil || status == "ABORTED", id, "was never recorded and is \(status ?? "")")
        }
    }
}
