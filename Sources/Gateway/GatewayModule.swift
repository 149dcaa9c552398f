public import Contracts
public import HTTPServer
public import Platform

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

    public func routes(to resource: ProxiedResource, at upstream: Upstream) -> any Routes {
        ProxyRoutes(service: ProxyService(resource, upstream: upstream))
    }
}
