import Contracts
import HTTPServer
import HTTPTypes
import NIOCore
import NIOHTTP1
import Platform

/// The routes of a service in another process. A request is parsed and written anew: only known parts are forwarded.
struct ProxyRoutes: Routes {
    let service: ProxyService

    var answerWithin: Duration { RequestDeadline.forwarded }

    func add(to router: AppRouter) {
        let resource = service.resource
        for (method, access) in resource.collectionMethods {
            let csvBodyLimit = resource == .museums && method == .post ? AppRouter.csvBodyLimit : nil
            router.on(
                "\(resource.path)", method: method, for: access, csvBodyLimit: csvBodyLimit,
                isDirect: resource == .books && method == .post
            ) {
                try await forward($0, $1, path: "/" + resource.path, streamedType: method == .get ? "text/csv" : nil)
            }
        }
        for (method, access) in resource.memberMethods {
            router.on("\(resource.path)/{id}", method: method, for: access, isDirect: method == .get) { request, context in
                let id = try context.id({ resource.isID($0) ? $0 : nil }, orElse: resource.unknown)
                return try await forward(request, context, path: "/\(resource.path)/\(id)")
            }
        }
    }

    private func forward(
        _ request: CollectedRequest, _ context: AppRequestContext, path: String, streamedType: String? = nil
    ) async throws -> DocumentResponse {
        RequestDeadline.current?.respondsAtEnd(with: .upstreamTimeout(service.resource.name))
        let hasBody = [.post, .put, .patch].contains(request.method)
        var headers = ForwardedHeaders.request(request.headers)
        headers.replaceOrAdd(name: "X-Request-Id", value: context.metadata.requestId ?? "")
        if let token = context.authentication.token { headers.add(name: "Authorization", value: "Bearer " + token) }
        let query = request.query.map { "?" + $0 } ?? ""
        // The port removes the body itself from the response to HEAD.
        let forwarded = ProxyService.ForwardedRequest(
            method: request.method == .head ? .get : request.method, path: path + query, headers: headers,
            body: hasBody ? request.body : nil, streamedType: streamedType)
        let deadline = RequestDeadline.current?.instant ?? .now + answerWithin
        let result = try await service.forward(forwarded, before: deadline, logger: context.logger)
        if let stream = result.response.stream {
            return DocumentResponse(status: .ok, headers: result.headers) { try await stream.read($0) }
        }
        return DocumentResponse(
            status: .init(code: result.response.status), headers: result.headers, body: result.response.body)
    }
}
