import Contracts
public import HTTPServer
public import Hummingbird

/// `/myPages`.
public struct MyPageRoutes: Routes {
    let service: MyPageService
    let partitions: any PartitionDirectory

    public func add(to router: Router<AppRequestContext>) {
        router.get("myPages") { request, _ in
            let query = try RequestQuery(request, known: ["visitor", "size", "cursor"])
            let page = try await service.page(
                try query.page(), of: try query.text("visitor", length: 1...64), in: partitions)
            return Response.collection(page, of: "myPages", to: request)
        }
        router.get("myPages/{id}") { request, context in
            let id = try context.id(BookingID.init, orElse: Failure.unknownPage)
            return Response.resource(try await service.find(id), to: request)
        }
    }
}

extension MyPageRow: HALResource {
    var href: String { "/myPages/" + booking.text }

    func write(to writer: inout JSONWriter) {
        writer.member("bookId", booking.text)
        writer.member("museumId", booking.exhibition.text)
        writer.member("visitor", visitor)
        writer.member("seats", seats)
        writer.member("status", status.rawValue)
        writer.member("admission", admission?.rawValue)
        writer.member("title", exhibition?.title)
        writer.member("hall", exhibition?.hall)
        writer.member("date", exhibition?.date)
        writer.member("startTime", exhibition?.startTime)
        writer.member("endTime", exhibition?.endTime)
        writer.member("updatedAt", Timestamp.text(updatedAt))
        writer.object("_links") { writer in
            writer.link("self", href)
            writer.link("book", "/books/" + booking.text)
        }
    }
}
