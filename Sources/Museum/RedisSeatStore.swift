import Messaging
import Contracts
import Redis
import Scripts

/// Seats in Redis: how many are left in the exhibition's hash, who holds them in the hash beside it.
struct RedisSeatStore: SeatStore {
    let client: any RedisSender

    func reserve(
        _ reservations: [Reservation], for id: ExhibitionID, at moment: UnixMilliseconds, local: LocalDateTime
    ) async throws(Failure) -> [ReservationOutcome] {
        let keys = Keys(partition: id.partition)
        var arguments = [String(moment), id.text, local.date, local.previousDate, local.time]
        for reservation in reservations {
            arguments += [
                reservation.booking.text, String(reservation.seats), reservation.visitor, reservation.requestId ?? "",
            ]
        }
        do throws(RedisError) {
            let answer = try await client.send(
                Command(
                    Scripts.museumReserve, keys: [keys.exhibition(id.text), keys.seats(id.text), keys.events(of: "museum")],
                    arguments: arguments)
            ).asArray()
            guard answer.count == 2 * reservations.count else { throw .unexpected("an outcome for each reservation was due") }
            var outcomes: [ReservationOutcome] = []
            for index in stride(from: 0, to: answer.count, by: 2) {
                guard let word = ReservationOutcome.Word(rawValue: try answer[index].asText()) else {
                    throw .unexpected("museum_reserve answered \(answer[index])")
                }
                outcomes.append(ReservationOutcome(word: word, available: try answer[index + 1].asInteger()))
            }
            return outcomes
        } catch {
            throw Failure(writing: error)
        }
    }

    func release(_ releases: [(booking: BookingID, metadata: RequestMetadata)]) async throws(Failure) {
        enum Word: String { case noExhibition = "NO_EXHIBITION", already = "ALREADY", voided = "VOIDED", released = "RELEASED" }
        let commands = releases.map { release in
            let exhibition = release.booking.exhibition
            let keys = Keys(partition: exhibition.partition)
            return Command(
                Scripts.museumRelease,
                keys: [keys.exhibition(exhibition.text), keys.seats(exhibition.text), keys.events(of: "museum")],
                arguments: [
                    String(release.metadata.moment), release.metadata.requestId ?? "", exhibition.text, release.booking.text,
                ])
        }
        for result in await client.send(commands) {
            // Each of the words means that the booking holds no seat any more.
            let _: (word: Word, rest: ArraySlice<Reply>) = try RedisClient.outcome(of: Scripts.museumRelease, result)
        }
    }

    func revokeSome(of id: ExhibitionID, at moment: UnixMilliseconds) async throws(Failure) -> Bool {
        enum Word: String { case notDeleted = "NOT_DELETED", done = "DONE", more = "MORE" }
        let keys = Keys(partition: id.partition)
        let answer: (word: Word, rest: ArraySlice<Reply>) = try await client.call(
            Scripts.museumRevoke,
            keys: [keys.exhibition(id.text), keys.seats(id.text), keys.revoking, keys.events(of: "museum")],
            arguments: [String(moment), id.text])
        return answer.word == .more
    }

    func revoking(in partition: String) async throws(Failure) -> [ExhibitionID] {
        do throws(RedisError) {
            return try await client.send("SMEMBERS", Keys(partition: partition).revoking).asTexts().compactMap(ExhibitionID.init)
        } catch {
            throw Failure(reading: error)
        }
    }
}
