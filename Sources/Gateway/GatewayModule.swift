public import Contracts
public import HTTPServer
public import Logging
public import Platform
public import ServiceLifecycle

/// The gateway put together: the index, and for each service in another process its proxied routes.
public struct GatewayModule: Sendable {
    public let index: any Routes = IndexRoutes()
    public let documentation: any Routes = DocumentationRoutes()

    public init() {}

    /// Who has booked, asked of Book in another process.
    /// - Parameter token: one of staff; `nil` where Book asks for none.
    public static func bookers(
        at book: Upstream, token: @escaping @Sendable () async -> String?
    ) -> any BookerDirectory { HTTPBookerDirectory(book: book, token: token) }

    /// Live streams of Museum and MyPage in other processes; `nil` for one that is in this process.
    public func live(museum: Upstream?, myPage: Upstream?, logger: Logger) -> (routes: any Routes, services: [any Service]) {
        let relays = LiveRelays()
        let exhibitions = museum.map {
            LiveFollower(ExhibitionRelay(upstream: $0), feed: LiveFeed(service: "gateway"), logger: logger)
        }
        return (LiveRoutes(exhibitions: exhibitions, rows: myPage, relays: relays), [relays] + (exhibitions.map { [$0] } ?? []))
    }

    public func routes(to resource: ProxiedResource, at upstream: Upstream) -> any Routes {
        ProxyRoutes(service: ProxyService(resource, upstream: upstream))
    }
}
