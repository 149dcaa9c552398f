import ArgumentParser
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Platform

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Asks a role on this machine whether it is ready; exits 0 if it is.",
        discussion: """
            Requests /readyz on the role's port. A container's health check can use it.

            Examples:
              skmuseum health
              skmuseum health --role book
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Roles, separated by commas. Default: the gateway.")
    var role = "gateway"

    /// How long the response may take.
    private static let timeout = TimeAmount.seconds(2)

    func validate() throws {
        if Role.list(role) == nil {
            throw ValidationError("--role takes book, museum, confirm, mypage and gateway, separated by commas")
        }
    }

    func run() async throws {
        try await CommandError.reporting {
            let settings = try common.settings()
            let client = Upstream.makeClient()
            var failures: [String] = []
            for role in Role.list(role) ?? [] {
                let address = "http://\(settings.reachableHost):\(settings.ports[role.rawValue] ?? 0)/readyz"
                do {
                    let response = try await client.execute(HTTPClientRequest(url: address), timeout: Self.timeout)
                    if response.status != .ok {
                        failures.append("\(role.rawValue) is not ready: \(address) says \(response.status.code)")
                    }
                } catch {
                    failures.append("\(role.rawValue) does not respond at \(address)")
                }
            }
            try? await client.shutdown()
            guard failures.isEmpty else { throw CommandError(failures.joined(separator: "; ")) }
        }
    }
}
