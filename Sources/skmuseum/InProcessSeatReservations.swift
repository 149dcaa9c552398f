import Book
import Contracts
import Museum

/// Museum in the same process: Book's way there is a call.
struct InProcessSeatReservations: SeatReservations {
    let service: SeatReservationService
    let now: CurrentTime
    let localClock: LocalClock

    func reserve(
        _ reservations: [Reservation], for exhibition: ExhibitionID, before deadline: ContinuousClock.Instant
    ) async throws(ReservationError) -> [ReservationOutcome] {
        do throws(Failure) {
            let moment = now()
            return try await service.reserve(reservations, for: exhibition, at: moment, local: localClock.read(at: moment))
        } catch {
            throw error.isCertainlyNotApplied ? .notSent(error) : .outcomeUnknown
        }
    }
}
