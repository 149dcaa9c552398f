import Contracts
import Testing

@testable import Book

/// Lowering the seats of a booking where requests and answers are lost.
extension BookingAttemptTests {
    private func lower(_ id: BookingID, to seats: Int, _ plan: PlannedFault...) async -> Result<Int, Failure> {
        let bookings = FaultyBookings(store: store, records: FaultPlan(), aborts: FaultPlan(), changes: FaultPlan(plan))
        do throws(Failure) {
            let metadata = RequestMetadata(requestId: "r", moment: 9)
            return .success(try await BookingService(store: bookings).lower(id, to: seats, metadata: metadata).seats)
        } catch {
            return .failure(error)
        }
    }

    @Test func loweringIsRepeatedOnce() async throws {
        guard case .success(let booked) = await book(seatCount: 9) else { Issue.record("a booking is due"); return }
        let id = booked.booking.id
        #expect(await lower(id, to: 8, .answerLost) == .success(8))
        #expect(await lower(id, to: 7, .requestLost) == .success(7))
        #expect(await lower(id, to: 6, .answerLost, .answerLost) == .failure(.outcomeUnknown(booking: id)))
        #expect(await lower(id, to: 6) == .success(6), "nothing is left to do")
        #expect(await lower(id, to: 5, .answerLost, .refused) == .failure(.outcomeUnknown(booking: id)))
        #expect(await lower(id, to: 4, .refused) == .failure(.storageUnavailable("refused")))
        #expect(await lower(id, to: 6) == .failure(.invalidField("seats", "can only be lowered")))
        // A refusal after an unanswered call says nothing of that call.
        #expect(await lower(id, to: 6, .requestLost) == .failure(.outcomeUnknown(booking: id)))
        try await settle()
        #expect(try await available() == 5)
        _ = try await store.change(Transition(of: id, .cancel, RequestMetadata(requestId: nil, moment: 9)))
        #expect(await lower(id, to: 5) == .success(5))
        #expect(await lower(id, to: 1) == .failure(.invalidField("seats", "can't be changed: the booking is canceled")))
        let unknown = BookingID(exhibition: exhibition, bits: 1)
        #expect(await lower(unknown, to: 1) == .failure(.unknownBooking(unknown.text)))
    }
}
