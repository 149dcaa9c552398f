import Foundation
import HTTPServer

/// A real OpenID provider: `oidc-provider-mock` from PyPI, in an environment of its own. Started again, it has another key.
public final class OpenIDProvider: Sendable {
    public let url: String
    private let port: Int
    private let program: String
    private let users: [String]
    private let folder: TemporaryFolder
    private let process: LockedBox<ChildProcess?>

    private static let version = "0.3.4"

    /// - Parameter users: claims of each user as JSON, with `sub`.
    public static func start(users: [String]) async throws -> OpenIDProvider {
        let provider = OpenIDProvider(
            program: try await install(), port: try FreePorts.take(1)[0], users: users, folder: try TemporaryFolder())
        try await provider.launch()
        return provider
    }

    private init(program: String, port: Int, users: [String], folder: TemporaryFolder) {
        self.program = program
        self.port = port
        self.users = users
        self.folder = folder
        url = "http://127.0.0.1:\(port)"
        process = LockedBox(nil)
    }

    /// Installs it once for all tests of a build.
    private static func install() async throws -> String {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("oidc-provider-\(version)")
        let program = folder.appendingPathComponent("bin/oidc-provider-mock").path
        if FileManager.default.fileExists(atPath: program) { return program }
        let scratch = try TemporaryFolder()
        func run(_ command: String, _ arguments: [String]) async throws {
            let process = try ChildProcess(
                command, arguments, folder: scratch.url, output: scratch.url.appendingPathComponent("install.log"))
            guard try await process.waitForExit(within: .seconds(120)) == 0 else { throw Failed(process.printed()) }
        }
        try await run("python3", ["-m", "venv", folder.path])
        try await run(folder.path + "/bin/pip", ["install", "--quiet", "oidc-provider-mock==\(version)"])
        return program
    }

    public func launch() async throws {
        process.value = try ChildProcess(
            program, ["--port", String(port)] + users.flatMap { ["--user-claims", $0] }, folder: folder.url,
            output: folder.url.appendingPathComponent("provider.log"))
        try await eventually("the provider is ready") {
            (try? await Visitor(url).get("/.well-known/openid-configuration").status) == 200
        }
    }

    public func kill() { process.value = nil }

    /// Signs a user in by the authorization code flow.
    /// - Returns: the ID token.
    public func signIn(_ subject: String, client: String) async throws -> String {
        let callback = "http://127.0.0.1:1/callback"
        let form = ["Content-Type": "application/x-www-form-urlencoded"]
        let asked = try await Visitor(url).send(
            "POST", "/oauth2/authorize?client_id=\(client)&redirect_uri=\(callback)&response_type=code&scope=openid%20profile",
            "sub=\(subject)", headers: form)
        guard let code = asked.header("Location")?.components(separatedBy: "code=").last else { throw Failed(asked.text) }
        let credentials = Data("\(client):secret".utf8).base64EncodedString()
        let given = try await Visitor(url).send(
            "POST", "/oauth2/token", "grant_type=authorization_code&code=\(code)&redirect_uri=\(callback)",
            headers: form.merging(["Authorization": "Basic \(credentials)"]) { $1 })
        guard let token = given.json["id_token"]?.text else { throw Failed(given.text) }
        return token
    }
}
