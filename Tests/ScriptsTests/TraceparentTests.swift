import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// A script that writes the event of a request gives it the request's trace context, where there is one.
    struct TraceparentTests {
        private static let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

        @Test(arguments: [trace, nil])
        func everyEventCarriesIt(traceparent: String?) async throws {
            let fixture = try await ScriptFixture()
            let (keys, now) = (fixture.keys, ScriptFixture.moment)
            let (exhibition, booking) = (ScriptFixture.exhibition, ScriptFixture.booking(1))
            let plan = ExhibitionFields(title: nil, hall: "A", date: "2099-12-24", startTime: nil, endTime: nil, capacity: 5)
            let commands = [
                Command(
                    MuseumRegister(
                        in: keys, now: now, requestId: nil, traceparent: traceparent,
                        exhibitions: [(exhibition, plan)], idempotency: nil)),
                Command(
                    MuseumEdit(
                        in: keys, now: now, requestId: nil, traceparent: traceparent, exhibition: exhibition, version: 1,
                        fields: ExhibitionFields(
                            title: "T", hall: "A", date: "2099-12-25", startTime: "10:00", endTime: "11:00", capacity: 6),
                        status: "OPEN")),
                Command(
                    MuseumReserve(
                        in: keys, now: now, exhibition: exhibition, date: "2099-12-24", previousDate: "2099-12-23",
                        time: "12:00",
                        reservations: [
                            MuseumReserve.Reservation(
                                booking: booking, seats: 1, visitor: "kim", requestId: nil, traceparent: traceparent)
                        ])),
                Command(
                    BookRecord(
                        in: keys,
                        bookings: [
                            BookRecord.Booking(
                                id: booking, exhibition: exhibition, visitor: "kim", seats: 1, now: now, requestId: nil,
                                traceparent: traceparent)
                        ])),
                Command(
                    BookTransition(
                        in: keys, now: now, event: "Canceled", to: "CANCELED", from: ["REQUESTED"],
                        bookings: [BookTransition.Booking(id: booking, requestId: nil, traceparent: traceparent)],
                        returnsFields: false)),
                Command(
                    BookAbort(
                        in: keys, now: now, requestId: nil, traceparent: traceparent, booking: ScriptFixture.booking(2),
                        exhibition: exhibition, visitor: "kim", seats: 1)),
                Command(
                    ConfirmApply(
                        in: keys, now: now,
                        bookings: [
                            ConfirmApply.Booking(
                                id: booking, exhibition: exhibition, visitor: "kim", seats: 1, status: "CONFIRMED", version: 1,
                                createdAt: now, requestId: nil, traceparent: traceparent)
                        ])),
                Command(
                    MuseumRelease(
                        in: keys, now: now,
                        bookings: [
                            MuseumRelease.Booking(
                                id: booking, exhibition: exhibition, requestId: nil, traceparent: traceparent)
                        ])),
                Command(
                    MuseumDelete(in: keys, now: now, requestId: nil, traceparent: traceparent, exhibition: exhibition)),
            ]
            for result in await fixture.client.send(commands) { _ = try result.get() }
            var count = 0
            for service in ["museum", "book", "confirm"] {
                for entry in try await fixture.client.send("XRANGE", keys.events(of: service), "-", "+").asArray() {
                    let fields = try entry.asArray()[1].asFields()
                    #expect(fields["traceparent"] == traceparent, "\(fields)")
                    count += 1
                }
            }
            #expect(count == commands.count)
        }
    }
}
