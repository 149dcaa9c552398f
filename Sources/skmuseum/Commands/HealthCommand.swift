import ArgumentParser
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL
import Platform

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Asks the roles on this machine whether they are ready; exits 0 if they are.",
        discussion: """
            Requests /readyz on the roles' ports. Without --role it asks every role that listens, and at least one must.
            A container's health check can use it.

            Examples:
              skmuseum health
              skmuseum health --role book
            """)

    /// How long a role may take to respond.
    private static let timeout = Duration.seconds(2)

    @OptionGroup var common: CommonOptions

    @OptionGroup var roles: RoleOptions

    func run() async throws {
        try await CommandError.reporting {
            let settings = try common.settings()
            let connections = UpstreamConnections()
            let named = roles.named
            var failures: [String] = []
            var listening = 0
            for role in Role.allCases where named?.contains(role) ?? true {
                if role == .gateway, settings.tls != nil {
                    switch await Self.readiness(of: settings) {
                    case nil where named == nil: break
                    case nil: failures.append("gateway does not respond over TLS")
                    case 200: listening += 1
                    case .some:
                        listening += 1
                        failures.append("gateway is not ready")
                    }
                    continue
                }
                let address = "http://\(settings.reachableHost):\(settings.ports[role.rawValue] ?? 0)"
                do throws(Upstream.Fault) {
                    let response = try await Upstream(urls: [address], connections: connections).send(
                        .GET, "/readyz", headers: [:], body: nil, repetition: .never, deadline: .now + Self.timeout)
                    listening += 1
                    if response.status != 200 { failures.append("\(role.rawValue) at \(address) is not ready") }
                } catch {
                    if named == nil, error == .notSent { continue }
                    failures.append("\(role.rawValue) does not respond at \(address)")
                }
            }
            await connections.shutdown()
            guard failures.isEmpty else { throw CommandError(failures.joined(separator: "; ")) }
            guard listening > 0 else { throw CommandError("no role listens on this machine; start one with 'skmuseum serve'") }
        }
    }

    /// The status of the gateway's `/readyz` over TLS; `nil` where nothing responds. Whose certificate it is does not matter: the
    /// connection does not leave this machine.
    private static func readiness(of settings: Settings) async -> UInt? {
        var configuration = HTTPClient.Configuration()
        configuration.tlsConfiguration = .makeClientConfiguration()
        configuration.tlsConfiguration?.certificateVerification = .none
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let address = "https://\(settings.reachableHost):\(settings.ports["gateway"] ?? 8080)/readyz"
        let response = try? await client.execute(HTTPClientRequest(url: address), timeout: TimeAmount(timeout))
        try? await client.shutdown()
        return response?.status.code
    }
}
