import Redis
import Scripts

extension MuseumRegister {
    /// Registers exhibition a1 with ten seats.
    static var a1: MuseumRegister {
        MuseumRegister(
            in: Keys(partition: "a"), now: 1, requestId: nil,
            exhibitions: [
                (
                    "a1",
                    ExhibitionFields(
                        title: nil, hall: "A hall", date: "2099-12-24", startTime: nil, endTime: nil, capacity: 10)
                )
            ], idempotency: nil)
    }
}
