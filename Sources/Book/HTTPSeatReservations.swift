import Contracts
import HTTPServer
import Messaging
import NIOCore
import NIOHTTP1
import Platform
import Tracing

/// Museum in another process, over its inner route, behind a circuit breaker.
struct HTTPSeatReservations: SeatReservations {
    let museum: Upstream
    let token: @Sendable () async -> String?
    let breaker: CircuitBreaker

    private static let trialWithin = Duration.seconds(1)

    func reserve(
        _ reservations: [Reservation], for exhibition: ExhibitionID, before deadline: ContinuousClock.Instant
    ) async throws(ReservationError) -> [ReservationOutcome] {
        let permit = breaker.permit()
        // The trial is a request of its own: no booking waits for a Museum that hangs.
        if let permit, permit.isTrial { Task { await tryMuseum(permit) } }
        guard let permit, !permit.isTrial else { throw .notSent(.museumUnavailable("Museum is unavailable")) }
        var headers: HTTPHeaders = ["Content-Type": "application/json"]
        if let token = await token() { headers.add(name: "Authorization", value: "Bearer " + token) }
        // Each reservation brings its own id; the call as a whole goes by the first.
        if let requestId = reservations.first?.requestId { headers.add(name: "X-Request-Id", value: requestId) }
        let answer: UpstreamResponse
        do throws(Upstream.Fault) {
            // The booking attempt repeats a reservation with an unknown outcome, and only that one.
            answer = try await inTrace(of: reservations.first?.traceparent) { () async throws(Upstream.Fault) in
                try await museum.send(
                    .POST, "/museums/\(exhibition.text)/reservations", headers: headers, body: Self.body(reservations),
                    repetition: .byCaller, deadline: deadline)
            }
        } catch {
            breaker.failed(permit)
            throw error == .notSent ? .notSent(.museumUnavailable("Museum can't be reached")) : .outcomeUnknown
        }
        return try read(answer, count: reservations.count, permit)
    }

    /// Does the call in this trace. The task that sends batches has the context of whoever has started it.
    private func inTrace<Value: Sendable>(
        of traceparent: String?, _ call: () async throws(Upstream.Fault) -> Value
    ) async throws(Upstream.Fault) -> Value {
        var context = ServiceContext.topLevel
        if let traceparent {
            InstrumentationSystem.tracer.extract(traceparent, into: &context, using: TraceparentExtractor())
        }
        return try await ServiceContext.$current.withValue(context) { () async -> Result<Value, Upstream.Fault> in
            do throws(Upstream.Fault) { return .success(try await call()) } catch { return .failure(error) }
        }.get()
    }

    /// Closes the circuit if Museum responds.
    private func tryMuseum(_ permit: CircuitBreaker.Permit) async {
        let answer = try? await museum.send(
            .GET, "/livez", headers: [:], body: nil, repetition: .byUpstream, deadline: .now + Self.trialWithin)
        if answer?.status == 200 { breaker.succeeded(permit) } else { breaker.failed(permit) }
    }

    private func read(
        _ answer: UpstreamResponse, count: Int, _ permit: CircuitBreaker.Permit
    ) throws(ReservationError) -> [ReservationOutcome] {
        let json = try? JSON(parsing: answer.body.readableBytesView)
        // Museum itself says that it changed nothing; a mesh's 503 has no such document.
        if answer.status == 503, json?["type"]?.text == "/problems/storage-unavailable" {
            breaker.succeeded(permit)
            throw .notSent(.storageUnavailable("Museum can't reach Redis"))
        }
        if answer.status == 503, json?["type"]?.text == "/problems/overloaded" {
            breaker.succeeded(permit)
            throw .notSent(.overloaded)
        }
        // The secret between roles has just been replaced, or Museum's keys are others: it did not run.
        if answer.status == 401 || answer.status == 403 {
            breaker.succeeded(permit)
            throw .notSent(.museumUnavailable("Museum does not accept Book's token"))
        }
        let outcomes = json?["outcomes"]?.elements?.compactMap { element in
            element["word"]?.text.flatMap { ReservationOutcome.Code(rawValue: $0) }.flatMap { code in
                element["available"]?.integer.map { ReservationOutcome(code: code, available: $0) }
            }
        }
        guard answer.status == 200, let outcomes, outcomes.count == count else {
            breaker.failed(permit)
            throw .outcomeUnknown
        }
        breaker.succeeded(permit)
        return outcomes
    }

    private static func body(_ reservations: [Reservation]) -> ByteBuffer {
        var writer = JSONWriter(capacity: 128 * reservations.count)
        writer.object { writer in
            writer.objects("reservations", reservations) { writer, reservation in
                writer.member("bookId", reservation.booking.text)
                writer.member("seats", reservation.seats)
                writer.member("visitor", reservation.visitor)
                writer.member("requestId", reservation.requestId)
                writer.member("traceparent", reservation.traceparent)
            }
        }
        return writer.buffer
    }
}
