import Contracts
public import HTTPServer
public import Hummingbird

/// `/confirms`.
public struct AdmissionRoutes: Routes {
    let service: AdmissionService
    let partitions: any PartitionDirectory

    public func add(to router: Router<AppRequestContext>) {
        router.get("confirms") { request, _ in
            let query = try RequestQuery(request, known: ["museumId", "status", "size", "cursor"])
            let page = try await service.page(
                try query.page(), of: try query.exhibition("museumId"), statuses: try query.words("status"), in: partitions)
            return Response.collection(page, of: "confirms", to: request)
        }
        router.get("confirms/{id}") { request, context in
            let id = try context.id(BookingID.init, orElse: Failure.unknownAdmission)
            return Response.resource(try await service.find(id), to: request)
        }
    }
}

extension Admission: HALResource {
    var href: String { "/confirms/" + booking.text }

    func write(to writer: inout JSONWriter) {
        writer.member("bookId", booking.text)
        writer.member("museumId", booking.exhibition.text)
        writer.member("visitor", visitor)
        writer.member("seats", seats)
        writer.member("status", status.rawValue)
        writer.member("updatedAt", Timestamp.text(updatedAt))
        writer.object("_links") { writer in
            writer.link("self", href)
            writer.link("book", "/books/" + booking.text)
        }
    }
}
