import TestSupport
import Scripts

/// What is purged is gone wholly, what staff were told to be postponed is there, and what nobody recorded holds nothing.
extension Checker {
    mutating func checkPurged() {
        for spot in state where spot.isPurgeAsked {
            if purged.contains(spot.id) {
                let mustStay = spot.postponedAt != nil && !deployment.mayHaveForgotten(spot.postponedAt)
                expect(!mustStay, spot.id, "the edit into the future was answered 200, and it is purged")
                for key in remains.keys[spot.id, default: []].sorted() {
                    expect(false, spot.id, "is purged, and \(key) still names it")
                }
            } else {
                let now = hash(spot.id) { $0.exhibition(spot.id) }
                expect(now["status"] != "DELETED", spot.id, "purge has closed it for good and not removed it")
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
