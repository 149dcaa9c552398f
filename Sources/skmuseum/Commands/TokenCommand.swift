import ArgumentParser
import Authentication
import Foundation
import HTTPServer
import Platform

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Prints a bearer token, signed with AUTH_SECRET.",
        discussion: """
            The token is a password: whoever has it may do what its role may, until it expires.

            Examples:
              AUTH_SECRET_FILE=auth-secret skmuseum token --role staff --subject mina
              curl -H "Authorization: Bearer $(skmuseum token --role admin --subject ops --ttl 15m)" localhost:8080/metrics
            """)

    enum TokenRole: String, CaseIterable, ExpressibleByArgument { case visitor, staff, admin }

    @OptionGroup var common: CommonOptions

    @Option(help: "What the subject may do: visitor, staff or admin.")
    var role: TokenRole

    @Option(help: "Who it is for: 1 to 64 characters. A visitor's is the visitor of bookings.")
    var subject: String

    @Option(help: "How long it is valid, such as 30m, 8h or 7d; at most 365d.")
    var ttl = "8h"

    @Option(help: "A file to write it to, readable by its owner and group alone. Default: it is printed.")
    var output: String?

    private static let longest = Duration.seconds(365 * 86_400)

    func validate() throws {
        guard let lifetime = DurationText.parse(ttl), lifetime >= .seconds(1), lifetime <= Self.longest else {
            throw ValidationError("--ttl must be a duration from 1s to 365d, such as 30m, 8h or 7d")
        }
        guard InputText.clean(subject, length: 1...64) != nil else {
            throw ValidationError("--subject must have 1 to 64 characters, one of them visible, and no control characters")
        }
    }

    func run() async throws {
        try await CommandError.reporting {
            let settings = try common.settings().access
            guard let secret = settings.secrets.first else {
                throw InvalidSetting(
                    "AUTH_SECRET",
                    "is not set, nor is AUTH_SECRET_FILE; set the one that the server has, since it signs the token")
            }
            let lifetime = (DurationText.parse(ttl) ?? .seconds(1)) / .seconds(1)
            let token = try await TokenIssuer(secret: secret, rules: settings.rules).token(
                subject: InputText.clean(subject, length: 1...64) ?? subject,
                role: AccessRole(rawValue: role.rawValue) ?? .visitor,
                now: Double(WallClock.now()) / 1000, lifetime: lifetime)
            if let output { try Self.write(token, to: output) } else { try Output.line(token) }
        }
    }

    /// Nobody sees half of it, nor a file that others may read for a moment.
    private static func write(_ token: String, to path: String) throws {
        let new = path + ".new"
        guard FileManager.default.createFile(atPath: new, contents: Data(token.utf8), attributes: [.posixPermissions: 0o440]),
            rename(new, path) == 0
        else { throw CommandError("the token can't be written to \(path); name a file in a folder that this user may write to") }
    }
}
