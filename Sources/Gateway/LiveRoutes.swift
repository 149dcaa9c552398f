import Contracts
import HTTPServer
import HTTPTypes
import Logging
import NIOHTTP1
import Platform
import ServiceLifecycle

/// Exhibitions that have changed, from Museum in another process: one stream, whatever the number of watchers.
struct ExhibitionRelay: LiveFollowing {
    let upstream: Upstream

    func follow(after position: String?, _ take: (LiveEventFromElsewhere) async -> Bool) async throws {
        var headers: HTTPHeaders = ["Accept": "text/event-stream"]
        if let position { headers.add(name: "Last-Event-ID", value: position) }
        let response = try await upstream.send(
            .GET, "/museums/stream", headers: headers, body: nil, repetition: .byUpstream, streamedType: "text/event-stream",
            deadline: .now + RequestDeadline.local)
        guard let stream = response.stream else { throw Upstream.Fault.noResponse(timedOut: false) }
        var reader = ServerSentEvents()
        try await stream.read { piece in
            guard let events = reader.add(piece) else { throw Upstream.Fault.noResponse(timedOut: false) }
            for event in events {
                let isGap = event.type == "reset"
                guard await take(.init(position: event.id, data: isGap ? nil : event.data, isGap: isGap)) else {
                    throw CancellationError()
                }
            }
        }
    }
}

/// Live streams of services in other processes.
struct LiveRoutes: Routes {
    /// `nil`: Museum is in this process.
    let exhibitions: LiveFollower<ExhibitionRelay>?
    /// `nil`: MyPage is in this process.
    let rows: Upstream?
    let relays: LiveRelays

    var answerWithin: Duration { RequestDeadline.forwarded }

    func add(to router: AppRouter) {
        if let exhibitions {
            router.live("museums/stream", for: .everybody) { request, _ in try await exhibitions.response(to: request) }
        }
        if let rows {
            router.live("myPages/stream", for: .visitors) { request, context in
                try await self.rows(of: rows, request, context)
            }
        }
    }

    /// Each watcher has rows of its own, so each has a stream of its own.
    private func rows(
        of upstream: Upstream, _ request: CollectedRequest, _ context: AppRequestContext
    ) async throws -> DocumentResponse {
        var headers: HTTPHeaders = ["Accept": "text/event-stream", "X-Request-Id": context.metadata.requestId ?? ""]
        if let token = context.authentication.token { headers.add(name: "Authorization", value: "Bearer " + token) }
        if let position = request.headers[.lastEventID] { headers.add(name: "Last-Event-ID", value: position) }
        let response: UpstreamResponse
        do throws(Upstream.Fault) {
            response = try await upstream.send(
                .GET, "/myPages/stream" + (request.query.map { "?" + $0 } ?? ""), headers: headers, body: nil,
                repetition: .byUpstream, streamedType: "text/event-stream",
                deadline: RequestDeadline.current?.instant ?? .now + answerWithin)
        } catch {
            throw error == .noResponse(timedOut: true)
                ? RequestError.upstreamTimeout("MyPage") : .badUpstream("MyPage", wasSent: error != .notSent)
        }
        guard let stream = response.stream else {
            return DocumentResponse(
                status: .init(code: response.status), headers: ForwardedHeaders.response(response.headers), body: response.body)
        }
        return .live(try relays.stream { try await stream.read($0) })
    }
}
