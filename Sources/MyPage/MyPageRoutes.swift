import Contracts
import HTTPServer

/// `/myPages`.
struct MyPageRoutes: Routes {
    let service: MyPageService
    let partitions: any PartitionDirectory

    func add(to router: AppRouter) {
        router.collection("myPages", parameters: ["visitor"]) { query, page in
            try await service.page(page, of: try query.text("visitor", length: 1...64), in: partitions)
        } find: {
            try await service.find($0.id(BookingID.init, orElse: Failure.unknownPage))
        }
    }
}

extension MyPageRow: HALResource {
    var links: HALLinks { HALLinks("/myPages/" + booking.text, ["book": "/books/" + booking.text]) }

    func writeMembers(to writer: inout JSONWriter) {
        writer.booking("bookId", booking, visitor: visitor, seats: seats, status: status.rawValue)
        writer.member("admission", admission?.rawValue)
        if let exhibition { writer.exhibition(exhibition) }
        writer.member("updatedAt", Timestamp.text(updatedAt))
    }
}
