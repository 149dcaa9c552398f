import Redis
import TestSupport
import Testing

@testable import Messaging
@testable import Contracts

/// Malformed stream entries: each is decoded as an event or refused with a reason.
struct EntryFuzzTests {
    private static let seed = UInt64(20_261_126)

    /// Fields of a proper event of the type, and the event that they are.
    private static func proper(_ type: EventType, _ random: inout SeededRandom) throws -> (
        fields: [(String, String)], event: Event
    ) {
        let exhibition = ExhibitionID(
            partition: Partition.name(at: Int.random(in: 0..<800, using: &random)),
            number: Int.random(in: 1...999, using: &random))
        let booking = BookingID(exhibition: exhibition, bits: random.next())
        let (visitor, hall) = (random.hostileText(), random.hostileText())
        let (seats, version) = (Int.random(in: 0...100, using: &random), Int.random(in: 0...Int.max, using: &random))
        let moment = Int64.random(in: 0...Int64.max, using: &random)
        var fields = [("eventType", type.rawValue), ("timestamp", "\(moment)"), ("museumId", exhibition.text)]
        let requestId = Bool.random(using: &random) ? random.hostileText() : nil
        if let requestId { fields.append(("requestId", requestId)) }
        let subject: Event.Subject
        switch type {
        case .museumRegistered, .museumChanged, .museumDeleted:
            let status = [ExhibitionStatus.open, .closed, .deleted].randomElement(using: &random)!
            fields += [
                ("hall", hall), ("date", "2099-12-24"), ("capacity", "\(seats)"), ("status", status.rawValue),
                ("version", "\(version)"),
            ]
            subject = .exhibition(
                ExhibitionPayload(
                    id: exhibition,
                    details: ExhibitionDetails(title: nil, hall: hall, date: "2099-12-24", startTime: nil, endTime: nil),
                    capacity: seats, status: status, version: version))
        case .seatsReserved, .seatsReleased, .seatsRevoked:
            let remaining = Int.random(in: 0...100, using: &random)
            fields += [("bookId", booking.text), ("seats", "\(seats)"), ("available", "\(version)"), ("visitor", visitor)]
            if remaining > 0 { fields.append(("remaining", "\(remaining)")) }
            subject = .seats(
                SeatsPayload(booking: booking, seats: seats, remaining: remaining, available: version, visitor: visitor))
        case .requested, .requestCompleted, .canceled, .forceCanceled, .aborted, .bookingChanged:
            fields += [
                ("bookId", booking.text), ("visitor", visitor), ("seats", "\(seats)"), ("status", "CANCELED"),
                ("version", "\(version)"),
                ("createdAt", "\(moment)"),
            ]
            subject = .booking(
                BookingPayload(
                    id: booking, visitor: visitor, seats: seats, status: .canceled, version: version, createdAt: moment))
        case .confirmCompleted, .confirmChanged:
            fields += [
                ("bookId", booking.text), ("visitor", visitor), ("seats", "\(seats)"), ("status", "CONFIRMED"),
                ("version", "\(version)"),
            ]
            subject = .admission(
                AdmissionPayload(booking: booking, visitor: visitor, seats: seats, status: .confirmed, version: version))
        }
        fields.shuffle(using: &random)
        return (fields, Event(type: type, timestamp: moment, requestId: requestId, subject: subject))
    }

    private static func reply(_ entries: [[(String, String)]]) -> Reply {
        .array(
            entries.enumerated().map { number, fields in
                .array([.text("\(number + 1)-0"), .array(fields.flatMap { [Reply.text($0.0), .text($0.1)] })])
            })
    }

    @Test func properEntriesAreReadAsTheyAre() throws {
        var random = SeededRandom(seed: Self.seed)
        for _ in 0..<200 {
            let all = try EventType.allCases.map { try Self.proper($0, &random) }
            let entries = try Entry.list(
                entries: Self.reply(all.map(\.fields)), source: .book, relevant: Set(EventType.allCases))
            for (entry, proper) in zip(entries, all) {
                guard case .event(let event) = entry.content else { Issue.record("\(entry.content)"); continue }
                #expect(event == proper.event, "seed \(Self.seed)")
                #expect(entry.arguments.count == proper.fields.count * 2)
            }
        }
    }

    @Test func changedEntriesAreEventsOrRefused() throws {
        var random = SeededRandom(seed: Self.seed)
        var (read, refused, broken) = (0, 0, 0)
        for _ in 0..<20_000 {
            var fields = try Self.proper(EventType.allCases.randomElement(using: &random)!, &random).fields
            for _ in 0..<Int.random(in: 1...3, using: &random) where !fields.isEmpty {
                let place = Int.random(in: 0..<fields.count, using: &random)
                switch Int.random(in: 0..<7, using: &random) {
                case 0: fields.remove(at: place)
                case 1: fields.append(fields[place])
                case 2: fields[place].0 = random.hostileText()
                case 3: fields[place].1 = random.hostileText()
                case 4:
                    fields[place].1 = ["-1", "+1", "1e3", "9223372036854775808", "", " 1", "0x1", "٣", "a1-", "a1"].randomElement(
                        using: &random)!
                case 5: fields.append((random.hostileText(), random.hostileText()))
                default: fields[place].1 += "\(UInt8.random(in: 0...9, using: &random))"
                }
            }
            var reply = Self.reply([fields])
            if Int.random(in: 0..<4, using: &random) == 0 { reply = Self.shaken(reply, &random) }
            do throws(RedisError) {
                for entry in try Entry.list(entries: reply, source: .museum, relevant: Set(EventType.allCases)) {
                    switch entry.content {
                    case .event(let event):
                        read += 1
                        #expect(EventType(rawValue: event.type.rawValue) == event.type)
                    case .malformed(let why):
                        refused += 1
                        #expect(!why.description.isEmpty)
                    case .irrelevant: Issue.record("every type is relevant")
                    case .gone: refused += 1
                    }
                }
            } catch {
                // No entry at all: the connection's fault, told as such.
                broken += 1
            }
        }
        print("20,000 changed entries, seed \(Self.seed): \(read) read, \(refused) refused, \(broken) no entries")
        #expect(read > 1000 && refused > 1000 && broken > 100)
    }

    /// The same reply with one part of another kind.
    private static func shaken(_ reply: Reply, _ random: inout SeededRandom) -> Reply {
        let others: [Reply] = [
            .null, .integer(-1), .text("x"), .bytes([0xFF, 0xFE]), .array([]), .array([.null, .null, .null]), .error("ERR x"),
        ]
        guard case .array(var parts) = reply, !parts.isEmpty, Int.random(in: 0..<4, using: &random) > 0 else {
            return others.randomElement(using: &random)!
        }
        let place = Int.random(in: 0..<parts.count, using: &random)
        if Int.random(in: 0..<5, using: &random) == 0 {
            parts.remove(at: place)
        } else {
            parts[place] = shaken(parts[place], &random)
        }
        return .array(parts)
    }
}
