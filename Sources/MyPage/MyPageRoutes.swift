import Contracts
import HTTPServer

/// `/myPages`.
struct MyPageRoutes: Routes {
    let service: MyPageService
    let partitions: any PartitionDirectory
    let live: LiveReader<RedisMyPageSource>

    func add(to router: AppRouter) {
        // Before `myPages/{id}`.
        router.live("myPages/stream", for: .visitors) { request, context in
            let query = try RequestQuery(request, known: ["visitor", "lastEventId"])
            var visitor = try query.text("visitor", length: 1...64)
            if !context.principal.isStaff { visitor = try context.visitor(visitor) }
            return try await live.response(topic: visitor, to: request)
        }
        router.collection(
            "myPages", listFor: .visitors, for: .visitors, parameters: ["visitor", "museumId", "date"]
        ) { query, page, context in
            var visitor = try query.text("visitor", length: 1...64)
            if !context.principal.isStaff { visitor = try context.visitor(visitor) }
            let filter = MyPageFilter(
                visitor: visitor, exhibition: try query.exhibition("museumId"), date: try query.date("date"))
            return try await service.page(page, filter, in: partitions)
        } find: { context in
            let id = try context.id(BookingID.init, orElse: Failure.unknownPage)
            let row = try await service.find(id)
            guard context.principal.mayAct(for: row.visitor) else { throw Failure.unknownPage(id.text) }
            return row
        }
    }
}

extension MyPageRow: HALResource {
    var links: HALLinks { HALLinks("/myPages/" + booking.text, ["book": "/books/" + booking.text]) }

    static let csvColumns = [
        "bookId", "museumId", "visitor", "seats", "status", "admission", "title", "hall", "date", "startTime", "endTime",
        "updatedAt",
    ]

    func writeMembers(to writer: inout JSONWriter) {
        writer.booking("bookId", booking, visitor: visitor, seats: seats, status: status.rawValue)
        writer.member("admission", admission?.rawValue)
        if let exhibition { writer.exhibition(exhibition) }
        writer.member("updatedAt", Timestamp.text(updatedAt))
    }
}
