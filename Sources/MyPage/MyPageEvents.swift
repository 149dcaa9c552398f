import Contracts

/// What MyPage does when it hears the other rooms: it writes down what is news. Seats are no news; rows show bookings.
struct MyPageEvents: EventHandler {
    let store: any PageStore

    func handle(_ deliveries: [Delivery]) async throws(Failure) -> [Verdict] {
        let news = deliveries.compactMap { delivery -> News? in
            let event = delivery.event
            return switch event.subject {
            case .booking(let facts): .booking(facts, at: event.timestamp)
            case .admission(let facts): .admission(facts, at: event.timestamp)
            case .exhibition(let facts): .exhibition(facts)
            case .seats: nil
            }
        }
        if !news.isEmpty { try await store.apply(news) }
        return deliveries.map { _ in .applied }
    }
}
