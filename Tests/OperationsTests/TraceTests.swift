import Contracts
import Messaging
import Operations
import Testing

struct TraceTests {
    private static func entry(
        _ service: ServiceName, _ milliseconds: UInt64, _ sequence: UInt64 = 0, _ fields: [(String, String)] = []
    ) -> EventLog.Entry {
        EventLog.Entry(
            service: service, partition: "a", id: StreamID(milliseconds: milliseconds, sequence: sequence),
            fields: fields.map { (name: $0.0, value: $0.1) })
    }

    private static func merged(_ queues: [EventLog.Entry]...) -> [String] {
        var merge = EventMerge(queues: queues.count)
        for (queue, entries) in queues.enumerated() { merge.append(entries, to: queue) }
        var order: [String] = []
        while let entry = merge.popFirst() { order.append("\(entry.service.rawValue) \(entry.id.text)") }
        return order
    }

    @Test func threeStreamsAreOneInTheOrderOfTheirIds() {
        let order = Self.merged(
            [Self.entry(.museum, 10), Self.entry(.museum, 40)],
            [Self.entry(.book, 11), Self.entry(.book, 11, 1), Self.entry(.book, 30)],
            [Self.entry(.confirm, 20), Self.entry(.confirm, 50)])
        #expect(
            order == [
                "museum 10-0", "book 11-0", "book 11-1", "confirm 20-0", "book 30-0", "museum 40-0", "confirm 50-0",
            ])
    }

    /// Numbers, not texts: 9 comes before 10.
    @Test func idsAreComparedAsNumbers() {
        #expect(Self.merged([Self.entry(.museum, 10)], [Self.entry(.book, 9)]) == ["book 9-0", "museum 10-0"])
        #expect(Self.merged([Self.entry(.museum, 1, 10)], [Self.entry(.book, 1, 9)]) == ["book 1-9", "museum 1-10"])
    }

    @Test func equalIdsKeepTheOrderOfTheStreams() {
        let order = Self.merged(
            [Self.entry(.museum, 5), Self.entry(.museum, 5)], [Self.entry(.book, 5)], [Self.entry(.confirm, 5)])
        #expect(order == ["museum 5-0", "museum 5-0", "book 5-0", "confirm 5-0"])
    }

    @Test func aQueueMayBeFilledAgain() {
        var merge = EventMerge(queues: 2)
        #expect(merge.popFirst() == nil)
        merge.append([Self.entry(.book, 2)], to: 1)
        #expect(merge.isEmpty(0) && !merge.isEmpty(1))
        merge.append([Self.entry(.museum, 1)], to: 0)
        #expect(merge.popFirst()?.id.milliseconds == 1)
        #expect(merge.popFirst()?.id.milliseconds == 2)
        #expect(merge.popFirst() == nil)
    }

    @Test func anEventIsAboutItsBookingOrItsExhibition() throws {
        let seats = Self.entry(.museum, 1, 0, [("museumId", "a1"), ("bookId", "a1-7q2k9fx03mzr")])
        let changed = Self.entry(.museum, 1, 0, [("museumId", "a1")])
        let booking = try #require(Trace.Subject("a1-7q2k9fx03mzr"))
        let exhibition = try #require(Trace.Subject("a1"))
        #expect(booking.isSubject(of: seats) && !booking.isSubject(of: changed))
        #expect(exhibition.isSubject(of: changed) && !exhibition.isSubject(of: seats))
        #expect(try #require(Trace.Subject("a12")).isSubject(of: changed) == false)
        for text in ["", "1", "{a}", "a1-", "a1-7q2k9fx03mz"] { #expect(Trace.Subject(text) == nil, "\(text)") }
    }

    @Test func momentsAreShownAsISO8601() {
        #expect(
            ReadableFields.line([("seats", "2"), ("createdAt", "1795696194446"), ("admissionUpdatedAt", "0")])
                == "seats=2 createdAt=2026-11-26T12:29:54.446Z admissionUpdatedAt=1970-01-01T00:00:00.000Z")
        #expect(ReadableFields.value("1795696194446", of: "timestamp") == "2026-11-26T12:29:54.446Z")
        #expect(ReadableFields.value("1795696194446", of: "version") == "1795696194446", "a number is no moment")
        for odd in ["", "soon", "-1", "9223372036854775807"] { #expect(ReadableFields.value(odd, of: "createdAt") == odd) }
        #expect(ReadableFields.value("two\nlines\u{1B}[31m", of: "title") == #"two\nlines\u{1B}[31m"#)
    }
}
