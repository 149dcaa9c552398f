import Contracts
import HTTPServer

/// `/confirms`.
struct AdmissionRoutes: Routes {
    let service: AdmissionService
    let partitions: any PartitionDirectory

    func add(to router: AppRouter) {
        router.collection("confirms", listFor: .staff, for: .visitors, parameters: ["museumId", "status"]) { query, page, _ in
            try await service.page(
                page, of: try query.exhibition("museumId"), statuses: try query.words("status"), in: partitions)
        } find: { context in
            let id = try context.id(BookingID.init, orElse: Failure.unknownAdmission)
            let admission = try await service.find(id)
            guard context.principal.mayAct(for: admission.visitor) else { throw Failure.unknownAdmission(id.text) }
            return admission
        }
    }
}

extension Admission: HALResource {
    var links: HALLinks { HALLinks("/confirms/" + booking.text, ["book": "/books/" + booking.text]) }

    static let csvColumns = ["bookId", "museumId", "visitor", "seats", "status", "updatedAt"]

    func writeMembers(to writer: inout JSONWriter) {
        writer.booking("bookId", booking, visitor: visitor, seats: seats, status: status.rawValue)
        writer.member("updatedAt", Timestamp.text(updatedAt))
    }
}
