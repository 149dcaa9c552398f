import Contracts
import HTTPServer

/// `/confirms`.
struct AdmissionRoutes: Routes {
    let service: AdmissionService
    let partitions: any PartitionDirectory

    func add(to router: AppRouter) {
        router.collection("confirms", parameters: ["museumId", "status"]) { query, page in
            try await service.page(
                page, of: try query.exhibition("museumId"), statuses: try query.words("status"), in: partitions)
        } find: {
            try await service.find($0.id(BookingID.init, orElse: Failure.unknownAdmission))
        }
    }
}

extension Admission: HALResource {
    var links: HALLinks { HALLinks("/confirms/" + booking.text, ["book": "/books/" + booking.text]) }

    func writeMembers(to writer: inout JSONWriter) {
        writer.booking("bookId", booking, visitor: visitor, seats: seats, status: status.rawValue)
        writer.member("updatedAt", Timestamp.text(updatedAt))
    }
}
