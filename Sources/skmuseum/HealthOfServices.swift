import NIOCore
import NIOHTTP1
import Operations
import Platform

/// Which services are ready: those in this process, and those that the gateway calls.
struct HealthOfServices: Sendable {
    /// Of the roles in this process.
    let own: [Role: @Sendable () -> Bool]
    /// The addresses of the others.
    let urls: [Role: [String]]
    let connections: UpstreamConnections
    /// This process' metrics.
    let metrics: @Sendable () -> String

    private static let limit = Duration.seconds(1)

    func read() async -> [ServiceHealth] {
        await withTaskGroup(of: (Role, ServiceHealth).self) { group in
            for role in Role.allCases {
                group.addTask { (role, await health(of: role)) }
            }
            var found: [Role: ServiceHealth] = [:]
            for await (role, health) in group { found[role] = health }
            return Role.allCases.compactMap { found[$0] }
        }
    }

    private func health(of role: Role) async -> ServiceHealth {
        if let isReady = own[role] {
            let circuit = role == .book ? Self.circuit(in: metrics()) : nil
            return ServiceHealth(
                service: role.rawValue, instances: [.init(address: "this process", isReady: isReady())], circuit: circuit)
        }
        var instances: [ServiceHealth.Instance] = []
        var circuit: String?
        for url in urls[role] ?? [] {
            let upstream = Upstream(urls: [url], connections: connections)
            let isReady = await get("/readyz", of: upstream) != nil
            let address = url.split(separator: "/").last.map(String.init) ?? url
            instances.append(.init(address: address, isReady: isReady))
            if role == .book, isReady, let metrics = await get("/metrics", of: upstream) {
                // The worst of all is shown.
                let states = [circuit, Self.circuit(in: metrics)].compactMap { $0 }
                circuit = ["open", "half-open", "closed"].first(where: states.contains)
            }
        }
        return ServiceHealth(service: role.rawValue, instances: instances, circuit: circuit)
    }

    /// The body of a successful response.
    private func get(_ path: String, of upstream: Upstream) async -> String? {
        let response = try? await upstream.send(
            .GET, path, headers: [:], body: nil, repetition: .never, deadline: .now + Self.limit)
        guard let response, response.status == 200 else { return nil }
        return String(buffer: response.body)
    }

    /// The state of the circuit breaker in front of Museum; `nil` where there is none.
    private static func circuit(in metrics: String) -> String? {
        let line = metrics.split(separator: "\n").first { $0.hasPrefix("skmuseum_circuit_state{") }
        return switch line?.split(separator: " ").last.flatMap({ Double($0) }) {
        case 0: "closed"
        case 1: "half-open"
        case 2: "open"
        default: nil
        }
    }
}
