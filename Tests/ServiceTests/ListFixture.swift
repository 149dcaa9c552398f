import Contracts
import Redis
import Scripts
import TestSupport
import Testing

@testable import Book
@testable import HTTPServer
@testable import Messaging
@testable import Confirm
@testable import Museum
@testable import MyPage

/// Every list there is.
enum ListKind: CaseIterable {
    case museums, deletedMuseums, allMuseums, books, booksOfOne, confirms, confirmsOfOne, pages, pagesOfOne
}

/// Three partitions with something in them, and their lists as the routes read them.
struct ListFixture: Sendable {
    let client: RedisClient
    let counting: CountingSender
    private let server: RedisServer
    private let lists: Partitions

    static let partitions = ["a", "b", "c"]
    static let visitor = "kim"

    init(partitions names: [String] = ListFixture.partitions) async throws {
        server = try await RedisServer.start()
        client = try server.client()
        counting = CountingSender(client: client)
        lists = Partitions(client)
        _ = try await client.send(Command(["SADD", Keys.partitions] + names))
    }

    // MARK: What is in the lists

    var exhibitions: ExhibitionService {
        ExhibitionService(
            store: RedisExhibitionStore(client: client), partitions: lists,
            choice: PartitionChoice(names: ["a"]) { Int.random(in: 0..<$0) }, revocation: RevocationSignal())
    }

    private static let metadata = RequestMetadata(requestId: nil, moment: 1)

    /// The exhibition that the number names: of three numbers in a row each is in another partition.
    static func exhibition(_ number: Int) -> ExhibitionID {
        ExhibitionID(partition: partitions[number % partitions.count], number: number / partitions.count + 1)
    }

    /// The booking that the number names, of one of three exhibitions in each of three partitions.
    static func booking(_ number: Int, of exhibition: ExhibitionID? = nil) -> BookingID {
        BookingID(exhibition: exhibition ?? Self.exhibition(number % 9), bits: UInt64(number))
    }

    func register(_ number: Int, date: String, time: String? = nil, partition: String? = nil) async throws -> ExhibitionID {
        let plan = try ExhibitionPlan(
            title: nil, hall: "A", date: date, startTime: time, endTime: nil, capacity: 5)
        let store = RedisExhibitionStore(client: client)
        let outcome = try await store.register(
            [plan], key: nil, in: partition ?? Self.partitions[number % Self.partitions.count], metadata: Self.metadata)
        guard case .registered(let exhibitions) = outcome else { throw Failed("\(outcome)") }
        return exhibitions[0].id
    }

    func move(_ id: ExhibitionID, date: String, time: String? = nil) async throws {
        _ = try await exhibitions.edit(id, ExhibitionPatch(date: date, startTime: .some(time)), metadata: Self.metadata)
    }

    func delete(_ id: ExhibitionID) async throws { _ = try await exhibitions.delete(id, metadata: Self.metadata) }

    /// Fills what the list shows with so many elements, five at a time with the same date or moment.
    /// - Returns: their ids.
    func fill(_ kind: ListKind, _ count: Int) async throws -> [String] {
        var ids: [String] = []
        for number in 0..<count { ids.append(try await add(kind, number)) }
        return ids
    }

    /// Adds one more.
    func add(_ kind: ListKind, _ number: Int) async throws -> String {
        let moment = UnixMilliseconds(1000 + number / 5)
        switch kind {
        case .museums, .deletedMuseums, .allMuseums:
            let id = try await register(number, date: "2099-12-\(10 + number / 5 % 20)")
            if kind == .deletedMuseums || kind == .allMuseums && number % 2 == 0 { try await delete(id) }
            return id.text
        case .books, .booksOfOne:
            let id = Self.booking(number, of: kind == .booksOfOne ? Self.exhibition(0) : nil)
            let request = BookingRequest(exhibition: id.exhibition, visitor: Self.visitor, seats: 1)
            let metadata = RequestMetadata(requestId: nil, moment: moment)
            _ = try await RedisBookingStore(client: client).record([
                NewBooking(id: id, request: request, metadata: metadata)
            ])
            return id.text
        case .confirms, .confirmsOfOne:
            let id = Self.booking(number, of: kind == .confirmsOfOne ? Self.exhibition(0) : nil)
            let service = AdmissionService(store: RedisAdmissionStore(client: client))
            try await hear(id, "RequestCompleted", Self.visitor, at: moment, ConfirmEventHandler(service: service, now: { 1 }))
            return id.text
        case .pages, .pagesOfOne:
            let id = Self.booking(number)
            let visitor = kind == .pagesOfOne ? Self.visitor : "visitor \(number % 7)"
            try await hear(
                id, "RequestCompleted", visitor, at: moment,
                MyPageEventHandler(service: MyPageService(store: RedisMyPageStore(client: client))))
            return id.text
        }
    }

    private func hear(
        _ id: BookingID, _ type: String, _ visitor: String, at moment: UnixMilliseconds, _ handler: any EventHandler
    ) async throws {
        let event = try Event(fields: [
            "eventType": type, "timestamp": "1", "bookId": id.text, "museumId": id.exhibition.text, "visitor": visitor,
            "seats": "1", "status": "REQUEST_COMPLETED", "version": "2", "createdAt": String(moment),
        ])
        _ = try await handler.handle([Delivery(event: event, age: .zero)])
    }

    /// Takes an element away with its place in the list, as `purge` and `forget` do; its owner, too, if nothing else is left.
    func remove(_ id: String, from kind: ListKind) async throws {
        switch kind {
        case .museums, .deletedMuseums, .allMuseums:
            let keys = Keys(partition: try #require(id.first.map(String.init)))
            for key in [keys.exhibitions, keys.deletedExhibitions] { _ = try await client.send("ZREM", key, id) }
            _ = try await client.send("DEL", keys.exhibition(id))
        case .books, .booksOfOne, .confirms, .confirmsOfOne:
            let booking = try #require(BookingID(id))
            let keys = Keys(partition: booking.partition)
            let isBook = kind == .books || kind == .booksOfOne
            let exhibition = booking.exhibition.text
            let list = isBook ? keys.bookings(of: exhibition) : keys.admissions(to: exhibition)
            let owners = isBook ? keys.exhibitionsWithBookings : keys.exhibitionsWithAdmissions
            try await remove(id, row: isBook ? keys.booking(id) : keys.admission(id), list, exhibition, owners)
        case .pages, .pagesOfOne:
            let keys = Keys(partition: try #require(BookingID(id)).partition)
            let visitor = try await client.send("HGET", keys.page(id), "visitor").asText()
            try await remove(id, row: keys.page(id), keys.pages(of: visitor), visitor, keys.visitors)
        }
    }

    private func remove(_ id: String, row: String, _ list: String, _ owner: String, _ owners: String) async throws {
        _ = try await client.send("DEL", row)
        _ = try await client.send("ZREM", list, id)
        if try await client.send("EXISTS", list).asInteger() == 0 { _ = try await client.send("ZREM", owners, owner) }
    }

    // MARK: The lists

    func page(_ kind: ListKind, _ request: PageRequest) async throws(Failure) -> Page<String> {
        // As from a link.
        let position = request.position.map { Cursor.decode(Cursor.encode($0)) ?? [] }
        let request = PageRequest(size: request.size, position: position)
        switch kind {
        case .museums, .deletedMuseums, .allMuseums:
            var filter = ExhibitionFilter()
            if kind == .deletedMuseums { filter.statuses = [.deleted] }
            if kind == .allMuseums { filter.statuses = [.open, .closed, .deleted] }
            return try await museums(request, filter).map(\.id.text)
        case .books, .booksOfOne:
            return try await BookingService(store: RedisBookingStore(client: counting)).page(
                request, of: kind == .books ? nil : Self.exhibition(0), statuses: nil, in: lists
            ).map(\.id.text)
        case .confirms, .confirmsOfOne:
            return try await AdmissionService(store: RedisAdmissionStore(client: counting)).page(
                request, of: kind == .confirms ? nil : Self.exhibition(0), statuses: nil, in: lists
            ).map(\.booking.text)
        case .pages, .pagesOfOne:
            return try await MyPageService(store: RedisMyPageStore(client: counting)).page(
                request, MyPageFilter(visitor: kind == .pages ? nil : Self.visitor), in: lists
            ).map(\.booking.text)
        }
    }

    func museums(_ request: PageRequest, _ filter: ExhibitionFilter) async throws(Failure) -> Page<Exhibition> {
        try await ExhibitionList(client: counting).page(request, filter, partitions: try await lists.inUse())
    }

    /// All pages of a list.
    /// - Parameter between: called before each page but the first, with the number of the page.
    func pages(
        _ kind: ListKind, size: Int, between: (Int) async throws -> Void = { _ in }
    ) async throws -> [Page<String>] {
        var pages = [try await page(kind, PageRequest(size: size))]
        while let next = pages.last?.next {
            try await between(pages.count)
            pages.append(try await page(kind, PageRequest(size: size, position: next)))
            guard pages.count < 10_000 else { throw Failed("a list without end") }
        }
        return pages
    }
}

extension Page {
    fileprivate func map<Other: Sendable>(_ change: (Element) -> Other) -> Page<Other> {
        Page<Other>(elements: elements.map(change), next: next)
    }
}

/// Counts the exchanges with Redis.
final class CountingSender: RedisSender {
    private let client: RedisClient
    let exchanges = LockedBox(0)

    init(client: RedisClient) { self.client = client }

    func sendOnce(_ commands: [Command]) async -> [Result<Reply, RedisError>] {
        exchanges.update { $0 += 1 }
        return await client.sendOnce(commands)
    }
}
