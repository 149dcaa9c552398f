import Contracts
import Redis
import Scripts
import TestSupport
import Testing

@testable import HTTPServer
@testable import Museum

/// What paging promises: whatever stays in a list from its first page to its last is listed exactly once, in order.
@Suite struct PagingTests {
    private static func expected(_ kind: ListKind, _ ids: [String]) -> [String] {
        switch kind {
        case .museums, .deletedMuseums, .allMuseums, .pages: ids
        // Filled in the order of time; of one moment the last by name comes first.
        case .booksOfOne, .confirmsOfOne: ids.reversed()
        case .pagesOfOne:
            ids.enumerated().sorted { ($0.offset / 5, $0.element) > ($1.offset / 5, $1.element) }.map(\.element)
        case .books, .confirms:
            ids.enumerated().sorted { left, right in
                let exhibitions = [left, right].map { BookingID($0.element)!.exhibition }
                if exhibitions[0] != exhibitions[1] {
                    return (exhibitions[0].partition, exhibitions[0].text) < (exhibitions[1].partition, exhibitions[1].text)
                }
                return (left.offset / 5, left.element) > (right.offset / 5, right.element)
            }.map(\.element)
        }
    }

    /// Exactly as many as fit on the page, one more, one fewer, and several pages; five at a time have the same place in time.
    @Test(arguments: ListKind.allCases)
    func sizes(kind: ListKind) async throws {
        let fixture = try await ListFixture()
        #expect(try await fixture.page(kind, PageRequest(size: 20)).next == nil)
        let ids = try await fixture.fill(kind, 23)
        let listed = kind == .museums || kind == .allMuseums || kind == .deletedMuseums ? nil : Self.expected(kind, ids)
        for size in [1, 2, 7, 11, 12, 21, 22, 23, 24, 46, 200] {
            let pages = try await fixture.pages(kind, size: size)
            let all = pages.flatMap(\.elements)
            #expect(all.sorted() == ids.sorted(), "size \(size)")
            #expect(pages.count == (23 + size - 1) / size, "size \(size): next only if there is more")
            #expect(pages.dropLast().allSatisfy { $0.elements.count == size }, "size \(size)")
            if let listed, kind != .pages { #expect(all == listed, "size \(size)") }
        }
    }

    /// The number of exchanges with Redis does not grow with the partitions, nor with what is in front of a page.
    @Test(arguments: ListKind.allCases)
    func exchanges(kind: ListKind) async throws {
        let many = (0..<60).map(Partition.name)
        let fixture = try await ListFixture(partitions: many)
        _ = try await fixture.fill(kind, 40)
        for size in [1, 20, 39] {
            var page: Page<String>?
            repeat {
                fixture.counting.exchanges.value = 0
                page = try await fixture.page(kind, PageRequest(size: size, position: page?.next))
                // With the names of the partitions, which are asked for besides.
                #expect(fixture.counting.exchanges.value <= 4)
            } while page?.next != nil
        }
    }

    /// Elements come and go between the pages, their owners with them, also the one that the cursor names.
    @Test(arguments: ListKind.allCases, [1, 6])
    func othersComeAndGo(kind: ListKind, size: Int) async throws {
        for seed in 1...2 {
            var random = SeededRandom(seed: UInt64(seed))
            let fixture = try await ListFixture()
            let ids = try await fixture.fill(kind, 40)
            var there = Set(ids)
            var added: Set<String> = []
            var seen: [String] = []
            var page: Page<String>?
            repeat {
                page = try await fixture.page(kind, PageRequest(size: size, position: page?.next))
                seen += page?.elements ?? []
                // The last that was listed in every second round, and others at random.
                var gone = there.filter { _ in random.once(in: 30) }
                if let last = page?.elements.last, there.contains(last), random.once(in: 2) { gone.insert(last) }
                for id in gone.sorted() { try await fixture.remove(id, from: kind) }
                there.subtract(gone)
                if random.once(in: 2) { added.insert(try await fixture.add(kind, 40 + added.count)) }
            } while page?.next != nil
            #expect(Set(seen).count == seen.count, "seed \(seed): twice")
            #expect(there.subtracting(seen).isEmpty, "seed \(seed): passed over \(there.subtracting(seen))")
            #expect(Set(seen).isSubset(of: added.union(ids)))
        }
    }

    /// Exhibitions are moved to other dates, to and fro, deleted and added between the pages.
    @Test(arguments: [1, 4, 9])
    func exhibitionsAreEdited(size: Int) async throws {
        for seed in 1...6 {
            var random = SeededRandom(seed: UInt64(seed))
            let fixture = try await ListFixture()
            var start: [(slot: String, id: String)] = []
            for number in 0..<40 {
                let day = 10 + random.below(6)
                let id = try await fixture.register(number, date: "2099-12-\(day)")
                start.append(("\(day)", id.text))
                // What was moved before the list is read is where it is now.
                if random.once(in: 4) {
                    try await fixture.move(id, date: "2099-12-20")
                    start[number].slot = "20"
                }
            }
            var gone: Set<String> = []
            var seen: [String] = []
            var page: Page<String>?
            repeat {
                page = try await fixture.page(.museums, PageRequest(size: size, position: page?.next))
                seen += page?.elements ?? []
                for _ in 0..<5 {
                    let id = ExhibitionID(random.once(in: 3) ? page?.elements.last ?? "a1" : start[random.below(40)].id)!
                    if gone.contains(id.text) { continue }
                    if random.once(in: 12) {
                        try await fixture.delete(id)
                        gone.insert(id.text)
                    } else {
                        try await fixture.move(
                            id, date: "2099-12-\(10 + random.below(12))", time: random.once(in: 2) ? "14:00" : nil)
                    }
                }
                if random.once(in: 3) {
                    _ = try await fixture.register(random.below(3), date: "2099-12-\(10 + random.below(12))")
                }
            } while page?.next != nil
            let stayed = start.filter { !gone.contains($0.id) }.sorted { ($0.slot, $0.id) < ($1.slot, $1.id) }.map(\.id)
            #expect(Set(seen).count == seen.count, "seed \(seed): twice")
            #expect(seen.filter(stayed.contains) == stayed, "seed \(seed)")
        }
    }

    /// Every exhibition of the list is moved to its beginning or its end as soon as the first page is read.
    @Test(arguments: ["2099-01-01", "2099-12-31"])
    func allAreMoved(to date: String) async throws {
        let fixture = try await ListFixture()
        let ids = try await fixture.fill(.museums, 30)
        let before = try await fixture.pages(.museums, size: 200)[0].elements
        let pages = try await fixture.pages(.museums, size: 7) { number in
            guard number == 1 else { return }
            for id in ids { try await fixture.move(ExhibitionID(id)!, date: date) }
        }
        #expect(pages.flatMap(\.elements) == before)
        #expect(pages.count == 5)
        // Another list that begins now has them where they are now, also those of this very millisecond.
        let after = try await fixture.museums(PageRequest(size: 200), ExhibitionFilter(from: date, to: date))
        #expect(after.elements.count == 30)
        #expect(
            try await fixture.museums(PageRequest(size: 200), ExhibitionFilter(to: "2099-12-29")).elements.count
                == (date == "2099-01-01" ? 30 : 0))
    }

    /// A list that begins right after an edit has the exhibition at its new place, on each of its pages.
    @Test func anEditRightBeforeTheList() async throws {
        let fixture = try await ListFixture()
        let id = try await fixture.register(0, date: "2099-06-01")
        _ = try await fixture.register(1, date: "2099-06-15")
        for round in 0..<50 {
            let date = round % 2 == 0 ? "2099-07-01" : "2099-06-01"
            try await fixture.move(id, date: date)
            let pages = try await fixture.pages(.museums, size: 1)
            #expect(pages.flatMap(\.elements) == (round % 2 == 0 ? ["b1", "a1"] : ["a1", "b1"]), "round \(round)")
            let filter = ExhibitionFilter(from: date, to: date)
            #expect(try await fixture.museums(PageRequest(size: 5), filter).elements.map(\.id.text) == ["a1"], "round \(round)")
        }
    }

    /// Deleted between two pages, exhibitions leave this list, or stay in it where it shows deleted ones.
    @Test func deletedBetweenPages() async throws {
        for kind in [ListKind.museums, .allMuseums] {
            let fixture = try await ListFixture()
            let ids = try await fixture.fill(.museums, 12)
            let pages = try await fixture.pages(kind, size: 4) { number in
                for id in ids[(number * 4 - 1)...(number * 4)] { try await fixture.delete(ExhibitionID(id)!) }
            }
            let all = pages.flatMap(\.elements)
            #expect(Set(all).count == all.count)
            #expect(Set(ids).subtracting(all).count <= (kind == .allMuseums ? 0 : 4))
        }
    }

    /// Hundreds of exhibitions of one slot, so that a page lies behind more than it has.
    @Test func manyOfOneSlot() async throws {
        let fixture = try await ListFixture()
        for number in 0..<300 { _ = try await fixture.register(number, date: "2099-12-24") }
        let pages = try await fixture.pages(.museums, size: 13)
        let all = pages.flatMap(\.elements)
        #expect(all == all.sorted() && Set(all).count == 300)
        #expect(pages.count == 24)
    }

    /// Filters leave elements out, never the next page.
    @Test func filters() async throws {
        let fixture = try await ListFixture()
        let ids = try await fixture.fill(.museums, 30)
        let filter = ExhibitionFilter(from: "2099-12-11", to: "2099-12-13")
        var seen: [String] = []
        var position: [String]?
        repeat {
            let page = try await fixture.museums(PageRequest(size: 4, position: position), filter)
            seen += page.elements.map(\.id.text)
            position = page.next
        } while position != nil
        #expect(Set(seen) == Set(ids[5..<20]) && seen.count == 15)
        let none = try await fixture.museums(PageRequest(size: 4), ExhibitionFilter(from: "2099-12-13", to: "2099-12-11"))
        #expect(none.elements.isEmpty && none.next == nil)
    }

    /// A partition that another process has just brought into use is in the list at once.
    @Test(arguments: [ListKind.books, .confirms, .pages, .pagesOfOne, .museums])
    func aNewPartition(kind: ListKind) async throws {
        let fixture = try await ListFixture(partitions: ["a"])
        let ids = try await fixture.fill(kind, 9)
        let known = try await fixture.page(kind, PageRequest(size: 20)).elements
        if kind != .museums { #expect(Set(known) == Set(ids.filter { $0.hasPrefix("a") })) }
        _ = try await fixture.client.send("SADD", Keys.partitions, "b", "c")
        #expect(Set(try await fixture.page(kind, PageRequest(size: 20)).elements) == Set(ids))
    }

    /// Cursors that nobody has got from a link: refused, or a page like any other. Never a fault of ours.
    @Test(arguments: ListKind.allCases)
    func oddCursors(kind: ListKind) async throws {
        let fixture = try await ListFixture()
        _ = try await fixture.fill(kind, 12)
        let words = [
            "", "a", "zz", "a1", "kim", "5", "-5", "9223372036854775807", "99999999999999999999", "{b}:x", "*", "a:5-1", "0",
        ]
        var random = SeededRandom(seed: 7)
        var refused = 0
        for _ in 0..<400 {
            let position = (0..<random.below(7)).map { _ in words[random.below(words.count)] }
            do throws(Failure) {
                let page = try await fixture.page(kind, PageRequest(size: 3, position: position))
                #expect(page.elements.count <= 3)
            } catch {
                guard error == .invalidCursor else { Issue.record("\(position): \(error)"); continue }
                refused += 1
            }
        }
        #expect(refused > 0)
    }
}
