import Contracts
import HTTPServer
import HTTPTypes

/// `/museums`: what the public and the staff touch.
struct ExhibitionRoutes: Routes {
    let service: ExhibitionService
    let partitions: any PartitionDirectory
    let live: LiveReader<RedisExhibitionSource>

    func add(to router: AppRouter) {
        // Before `museums/{id}`.
        router.live("museums/stream", for: .everybody) { request, _ in
            try await live.response(topic: nil, to: request)
        }
        router.post("museums", for: .staff, csvBodyLimit: AppRouter.csvBodyLimit) { try await register($0, $1) }
        router.collection(
            "museums", listFor: .everybody, for: .everybody, parameters: ["date", "from", "to", "hall", "status"]
        ) { query, page, _ in
            try await service.page(page, try filter(query), in: partitions)
        } find: {
            try await service.find(id($0))
        }
        router.patch("museums/{id}", for: .staff) { try await edit($0, $1) }
        router.delete("museums/{id}", for: .staff) { request, context in
            let exhibition = try await service.delete(id(context), metadata: context.metadata)
            return DocumentResponse.resource(exhibition, status: .accepted, to: request)
        }
    }

    private func id(_ context: AppRequestContext) throws(RequestError) -> ExhibitionID {
        try context.id(ExhibitionID.init, orElse: Failure.unknownMuseum)
    }

    private func register(_ request: CollectedRequest, _ context: AppRequestContext) async throws -> DocumentResponse {
        let key = try IdempotencyKey.read(request)
        let file = request.isCSV ? try ExhibitionFile(CSVReader(body: request)) : nil
        let plans = try file?.plans ?? [plan(request)]
        let registered = try await service.register(plans, key: key, metadata: context.metadata)
        let headers: HTTPFields = registered.isReplayed ? [.idempotentReplayed: "true"] : [:]
        if file != nil {
            let page = Page(elements: registered.exhibitions, next: nil)
            return DocumentResponse.collection(page, of: "museums", status: .created, to: request, headers: headers)
        }
        return DocumentResponse.resource(registered.exhibitions[0], status: .created, to: request, headers: headers)
    }

    private func plan(_ request: CollectedRequest) throws(RequestError) -> ExhibitionPlan {
        var fields = try RequestFields(request)
        return try ExhibitionPlan(&fields)
    }

    private func filter(_ query: RequestQuery) throws(RequestError) -> ExhibitionFilter {
        var filter = ExhibitionFilter()
        let date = try query.date("date")
        filter.from = [date, try query.date("from")].compactMap { $0 }.max()
        filter.to = [date, try query.date("to")].compactMap { $0 }.min()
        filter.hall = try query.text("hall", length: ExhibitionPlan.textLength)
        if let statuses: [ExhibitionStatus] = try query.words("status") { filter.statuses = statuses }
        return filter
    }

    private func edit(_ request: CollectedRequest, _ context: AppRequestContext) async throws -> DocumentResponse {
        let id = try id(context)
        var fields = try RequestFields(request)
        var patch = ExhibitionPatch()
        // JSON Merge Patch: null clears a field that may be absent, and is refused for any other.
        if fields.names("title") { patch.title = .some(try fields.optionalText("title", length: ExhibitionPlan.textLength)) }
        if fields.names("hall") { patch.hall = try fields.text("hall", length: ExhibitionPlan.textLength) }
        if fields.names("date") { patch.date = try fields.text("date", length: 1...100) }
        if fields.names("startTime") { patch.startTime = .some(try fields.optionalText("startTime", length: 1...100)) }
        if fields.names("endTime") { patch.endTime = .some(try fields.optionalText("endTime", length: 1...100)) }
        if fields.names("capacity") { patch.capacity = try fields.integer("capacity", in: ExhibitionPlan.capacityRange) }
        if fields.names("version") { patch.version = try fields.integer("version", in: 1...999_999_999) }
        if fields.names("status") {
            guard let status = ExhibitionStatus(rawValue: try fields.text("status", length: 1...100)), status != .deleted else {
                throw Failure.invalidField("status", "must be OPEN or CLOSED; DELETE deletes")
            }
            patch.status = status
        }
        try fields.finish()
        return DocumentResponse.resource(try await service.edit(id, patch, metadata: context.metadata), to: request)
    }
}

extension Exhibition: HALResource {
    var links: HALLinks { HALLinks("/museums/" + id.text) }

    func writeMembers(to writer: inout JSONWriter) {
        writer.member("id", id.text)
        writer.exhibition(plan.details)
        writer.member("capacity", plan.capacity)
        writer.member("available", available)
        writer.member("status", status.rawValue)
        writer.member("version", version)
        if status == .deleted, held > 0 { writer.member("revoking", held) }
    }
}
