public import HTTPServer
public import Platform

/// The gateway put together: the index, and for each service in another process its proxied routes.
public struct GatewayModule: Sendable {
    public let index: any Routes = IndexRoutes()

    public init() {}

    public func routes(to resource: ProxiedResource, at upstream: Upstream) -> any Routes {
        ProxyRoutes(service: ProxyService(resource, upstream: upstream))
    }
}
