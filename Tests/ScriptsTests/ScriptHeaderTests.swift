import Redis
import Scripts
import Testing

extension AllScriptsTests {
    /// A script's first lines, its body and its call agree: as many keys and arguments, the same result codes.
    struct ScriptHeaderTests {
        /// One script's call with as little as it may have, and with all that it may have: lists of two elements.
        struct Sample: Sendable, CustomTestStringConvertible {
            let least: any ScriptCall
            let most: any ScriptCall

            init<Call: ScriptCall>(_ least: Call, _ most: Call? = nil) {
                self.least = least
                self.most = most ?? least
            }

            var script: Script { type(of: least).script }
            var testDescription: String { script.name }
        }

        private static let keys = Keys(partition: "a")
        private static let plan = ExhibitionFields(
            title: nil, hall: "A", date: "2099-12-24", startTime: nil, endTime: nil, capacity: 5)
        private static let reservation = MuseumReserve.Reservation(booking: "a1-0", seats: 1, visitor: "kim", requestId: nil)

        static let samples = [
            Sample(
                MuseumRegister(in: keys, now: 1, requestId: nil, exhibitions: [], idempotency: nil),
                MuseumRegister(
                    in: keys, now: 1, requestId: "r", exhibitions: [("a1", plan), ("a2", plan)], idempotency: ("k", "d"))),
            Sample(MuseumEdit(in: keys, now: 1, requestId: nil, exhibition: "a1", version: 1, fields: plan, status: "OPEN")),
            Sample(MuseumDelete(in: keys, now: 1, requestId: nil, exhibition: "a1")),
            Sample(reserve([]), reserve([reservation, reservation])),
            Sample(
                MuseumRelease(in: keys, now: 1, bookings: []), MuseumRelease(in: keys, now: 1, bookings: [released, released])),
            Sample(MuseumRevoke(in: keys, now: 1, exhibition: "a1")),
            Sample(MuseumRetire(in: keys, now: 1, exhibition: "a1", day: "2099-12-24", previousDay: "2099-12-23")),
            Sample(MuseumPurge(in: keys, exhibition: "a1", version: "2", cursor: "0")),
            Sample(MuseumMaintenance(present: "", value: "one")),
            Sample(BookRecord(in: keys, bookings: []), BookRecord(in: keys, bookings: [recorded, recorded])),
            Sample(BookAbort(in: keys, now: 1, requestId: nil, booking: "a1-0", exhibition: "a1", visitor: "kim", seats: 1)),
            Sample(transition([]), transition(["a1-0", "a1-1"])),
            Sample(BookLower(in: keys, now: 1, requestId: nil, booking: "a1-0", seats: 1)),
            Sample(
                BookPurge(in: keys, exhibition: "a1", version: "2", bookings: []),
                BookPurge(in: keys, exhibition: "a1", version: "2", bookings: ["a1-0", "a1-1"])),
            Sample(ConfirmApply(in: keys, now: 1, bookings: []), ConfirmApply(in: keys, now: 1, bookings: [admitted, admitted])),
            Sample(MyPageBooking(in: keys, bookings: []), MyPageBooking(in: keys, bookings: [shown, shown])),
            Sample(
                MyPageAdmission(in: keys, admissions: []),
                MyPageAdmission(in: keys, admissions: [shownAdmission, shownAdmission])),
            Sample(
                MyPageExhibition(
                    in: keys, exhibition: "a1", version: 1, title: nil, hall: "A", date: "2099-12-24", startTime: nil,
                    endTime: nil, status: "OPEN"),
                MyPageExhibition(
                    in: keys, exhibition: "a1", version: 1, title: "T", hall: "A", date: "2099-12-24", startTime: "10:00",
                    endTime: "11:00", status: "OPEN")),
            Sample(
                MyPageRemove(in: keys, booking: "a1-0", visitor: "", list: nil),
                MyPageRemove(in: keys, booking: "a1-0", visitor: "kim", list: "kim")),
            Sample(MyPageRename(in: keys, booking: "a1-0", visitor: "kim", to: "lee")),
            Sample(repair(judged: []), repair(judged: ["bookVersion", "1", "visitor", "kim"])),
            Sample(
                MyPageRelist(in: keys, visitor: "kim"),
                MyPageRelist(in: keys, visitor: "kim", booking: "a1-0", score: "", due: "1")),
            Sample(RecordRename(keys.booking("a1-0"), visitor: "kim", to: "lee")),
            Sample(ConsumerProgress(in: keys, group: "book", service: "museum", id: "1-0")),
            Sample(ConsumerPosition(stream: keys.events(of: "museum"), group: "book")),
            Sample(
                ConsumerSetBack(
                    stream: keys.events(of: "museum"), group: "book", first: "1-1", previous: "1-0", isSetBack: false)),
            Sample(ConsumerLeave(stream: keys.events(of: "museum"), group: "book", consumer: "one")),
            Sample(ConsumerRemoveIdle(stream: keys.events(of: "museum"), group: "book", consumer: "one", idle: 1, limit: 1)),
            Sample(trim([]), trim(["book", "mypage"])),
        ]

        private static func reserve(_ reservations: [MuseumReserve.Reservation]) -> MuseumReserve {
            MuseumReserve(
                in: keys, now: 1, exhibition: "a1", date: "2099-12-24", previousDate: "2099-12-23", time: "12:00",
                reservations: reservations)
        }

        private static let released = MuseumRelease.Booking(id: "a1-0", exhibition: "a1", requestId: nil)
        private static let recorded = BookRecord.Booking(
            id: "a1-0", exhibition: "a1", visitor: "kim", seats: 1, now: 1, requestId: nil, details: ["name": "Kim"])
        private static let admitted = ConfirmApply.Booking(
            id: "a1-0", exhibition: "a1", visitor: "kim", seats: 1, status: "CONFIRMED", version: 1, createdAt: 1,
            requestId: nil)
        private static let shown = MyPageBooking.Booking(
            id: "a1-0", version: 1, exhibition: "a1", visitor: "kim", seats: 1, status: "REQUESTED", createdAt: 1,
            updatedAt: 1)
        private static let shownAdmission = MyPageAdmission.Admission(
            booking: "a1-0", version: 1, exhibition: "a1", status: "CONFIRMED", updatedAt: 1)

        private static func transition(_ bookings: [String]) -> BookTransition {
            BookTransition(
                in: keys, now: 1, event: "Canceled", to: "CANCELED", from: ["REQUESTED"],
                bookings: bookings.map { BookTransition.Booking(id: $0, requestId: nil) }, returnsFields: false)
        }

        private static func repair(judged: [Command.Argument]) -> MyPageRepair {
            MyPageRepair(
                live: keys.page("a1-0"), rebuilt: keys.rebuilt.page("a1-0"), versionField: "bookVersion", untold: "",
                untoldAdmission: "", judged: judged)
        }

        private static func trim(_ subscribers: [String]) -> StreamTrim {
            StreamTrim(in: keys, service: "museum", subscribers: subscribers, below: "1-0", limit: 1)
        }

        @Test func everyScriptHasASample() {
            #expect(Self.samples.map(\.script.name).sorted() == Scripts.all.map(\.name).sorted())
        }

        @Test(arguments: samples)
        func keysAndArgumentsAreThoseOfTheHeader(_ sample: Sample) throws {
            let source = sample.script.source
            let keys = try HeaderList("KEYS", in: source)
            keys.check(least: sample.least.keys.count, most: sample.most.keys.count)
            let arguments = try HeaderList("ARGV", in: source)
            arguments.check(least: sample.least.arguments.count, most: sample.most.arguments.count)
        }

        @Test(arguments: samples)
        func resultCodesAreThoseOfTheHeader(_ sample: Sample) throws {
            let codes = type(of: sample.least).codes
            #expect(Set(codes).count == codes.count)
            #expect(Set(codes) == ScriptHeader.codes(try ScriptHeader.section("Returns", in: sample.script.source)))
            #expect(Set(codes) == ScriptHeader.codesOfTheBody(sample.script.source))
        }

        @Test(arguments: samples)
        func anUnknownCodeNamesTheScript(_ sample: Sample) {
            guard let call = sample.least as? any CodedCall else { return }
            #expect(throws: RedisError.unexpected("\(sample.script.name) answered NONSENSE")) {
                _ = try call.result(of: .array([.text("NONSENSE")]))
            }
        }

        @Test func anUnknownCodeOfOneOfABatch() {
            #expect(throws: RedisError.unexpected("museum_release answered NONSENSE")) {
                try MuseumRelease(in: Self.keys, now: 1, bookings: [Self.released, Self.released]).result(
                    of: .array([.text("RELEASED"), .text("NONSENSE")]))
            }
            #expect(throws: RedisError.unexpected("museum_release answered 1 of 2")) {
                try MuseumRelease(in: Self.keys, now: 1, bookings: [Self.released, Self.released]).result(
                    of: .array([.text("RELEASED")]))
            }
        }

        @Test func anUnknownCodeOfOneReservation() {
            #expect(throws: RedisError.unexpected("museum_reserve answered NONSENSE")) {
                try Self.reserve([Self.reservation]).result(of: .array([.text("NONSENSE"), .integer(0)]))
            }
        }
    }
}

/// Reads the comment at the top of a script.
private enum ScriptHeader {
    /// A part of the comment with the lines that continue it, which are indented further.
    static func section(_ name: String, in source: String) throws -> String {
        let lines = source.split(separator: "\n").drop { !$0.hasPrefix("-- \(name) ") }
        let first = try #require(lines.first, "-- \(name)")
        let rest = lines.dropFirst().prefix { $0.hasPrefix("--   ") }
        return ([first.dropFirst(3 + name.count)] + rest.map { $0.dropFirst(2).trimmingPrefix { $0 == " " } })
            .joined(separator: "  ")
    }

    static func codes(_ text: String) -> Set<String> { Set(text.matches(of: #/[A-Z][A-Z_]{2,}/#).map { String($0.output) }) }

    /// What is returned as a text in capitals, or becomes a part of the result.
    static func codesOfTheBody(_ source: String) -> Set<String> {
        let returned = source.split(separator: "\n").filter { !$0.hasPrefix("--") }.compactMap { line in
            line.firstMatch(of: #/(return|word =|answer\[(?:#answer \+ 1|i)\] =) (.*)/#)?.output.2
                .replacing(#/redis\.p?call\([^)]*\)/#, with: "")
        }
        return Set(returned.flatMap { $0.matches(of: #/'([A-Z][A-Z_]+)'/#).map { String($0.output.1) } })
    }
}

/// The keys or the arguments as the comment counts them.
private struct HeaderList {
    /// How many there always are.
    let fixed: Int
    /// How many more there may be.
    let optional: Int
    /// How many more come for each element of the lists at the end, all lists together; `nil` without a list.
    let repeated: Int?
    private let isPairs: Bool

    init(_ name: String, in source: String) throws {
        let text = try ScriptHeader.section(name, in: source)
        let end = text.firstMatch(of: #/(, then| {2}then| {2}and|^ {2}(?=for each)) ?/#)
        let head = text[..<(end?.range.lowerBound ?? text.endIndex)]
        let tail = text[(end?.range.upperBound ?? text.endIndex)...]
        let always = head.matches(of: #/ {2}([0-9]+) /#).compactMap { Int($0.output.1) }
        let perhaps = tail.matches(of: #/(?:: | {2})([0-9]+) /#).compactMap { Int($0.output.1) }
        #expect(always + perhaps == Array(1..<(always.count + perhaps.count + 1)), "\(name) are counted one by one")
        let isList = end?.output.1.hasSuffix("then") ?? false || tail.contains(#/(^| )then |^for each /#)
        isPairs = isList && tail.contains("names and values")
        let elements = tail.matches(of: #/for each \w+: (.*?)(?= {2}then for each|$)/#).map {
            $0.output.1.split(separator: ",").count
        }
        fixed = always.count
        optional = perhaps.count
        repeated = isList ? (elements.isEmpty ? 1 : elements.reduce(0, +)) : nil

        let used = source.matches(of: #/(KEYS|ARGV)\[([0-9]+)\]/#).filter { $0.output.1 == name }.compactMap { Int($0.output.2) }
        #expect((used.max() ?? 0) <= fixed + optional, "the script takes more \(name) than it says")
    }

    func check(least: Int, most: Int) {
        if isPairs {
            #expect(least >= fixed && (least - fixed).isMultiple(of: 2), "\(least) of \(fixed) and pairs")
            #expect(most >= fixed && (most - fixed).isMultiple(of: 2), "\(most) of \(fixed) and pairs")
        } else {
            #expect(least == fixed)
            #expect(most == fixed + optional + 2 * (repeated ?? 0))
        }
    }
}
