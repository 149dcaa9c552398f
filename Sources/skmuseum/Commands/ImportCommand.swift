import ArgumentParser
import AsyncHTTPClient
import Crypto
import Foundation
import HTTPServer
import Museum
import NIOCore
import NIOHTTP1
import Platform
import Redis

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Registers the exhibitions of a CSV file: all of them, or none.",
        discussion: """
            The first row names the columns: title, hall, date, startTime, endTime, capacity; title and times may be left out.
            The file goes to the gateway with an Idempotency-Key that is made from its rows: importing it again changes nothing.
            A token for the gateway is taken from --token-file, else from the variable SKMUSEUM_TOKEN.

            Examples:
              skmuseum import season.csv --dry-run
              skmuseum import season.csv --url http://museum.example:8080
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "The CSV file.")
    var file: String

    @Flag(help: "Check the file here, and print what would be registered.")
    var dryRun = false

    @Option(help: "The gateway's address; default: the gateway on this machine.")
    var url: String?

    @Option(help: "A file with a bearer token.")
    var tokenFile: String?

    func validate() throws {
        guard let url else { return }
        let parts = try? StrictURL(url)
        guard let parts, ["http", "https"].contains(parts.scheme), !parts.host.isEmpty, parts.user == nil, parts.query == nil,
            ["", "/"].contains(parts.path)
        else { throw ValidationError("--url must be the address of a gateway, such as http://127.0.0.1:8080") }
    }

    func run() async throws {
        try await CommandError.reporting {
            let settings = try common.settings()
            let bytes = try read()
            let rows: [[String]]
            do throws(RequestError) {
                rows = try ExhibitionFile(CSVReader(bytes)).fields
            } catch {
                throw CommandError("\(file): \(error.detail)")
            }
            if dryRun {
                for line in TextTable.lines(rows.map(Self.columns)) { try Output.line(line) }
                return try Output.line("would register \(Self.count(rows.count))")
            }
            let scheme = settings.tls == nil ? "http" : "https"
            let gateway = url ?? "\(scheme)://\(settings.reachableHost):\(settings.ports["gateway"] ?? 8080)"
            let response = try await GatewayClient(url: gateway, token: try token()).send(file: bytes, key: Self.key(of: rows))
            try show(response)
        }
    }

    // MARK: What is sent

    private func read() throws -> [UInt8] {
        guard let handle = FileHandle(forReadingAtPath: file),
            let data = try? handle.read(upToCount: AppRouter.csvBodyLimit + 1) ?? Data()
        else { throw CommandError("\(file) can't be read; give the path of a CSV file") }
        guard data.count <= AppRouter.csvBodyLimit else { throw CommandError("\(file) has more than 1 MiB; divide it") }
        return Array(data)
    }

    private func token() throws -> String? {
        var source = "SKMUSEUM_TOKEN"
        var text = ProcessInfo.processInfo.environment[source]
        if let tokenFile {
            source = tokenFile
            text = FileManager.default.contents(atPath: tokenFile).map { String(decoding: $0, as: UTF8.self) }
            if text == nil {
                throw CommandError("--token-file: \(tokenFile) can't be read; give a file with a token", exitCode: 78)
            }
        }
        guard let token = text?.trimmingCharacters(in: .whitespacesAndNewlines), tokenFile != nil || !token.isEmpty else {
            return nil
        }
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw CommandError("\(source) has no token in it; give one of visible ASCII characters", exitCode: 78)
        }
        return token
    }

    /// The same for the same rows, however they are written.
    private static func key(of rows: [[String]]) -> String {
        let text = rows.map { $0.joined(separator: "\u{0}") }.joined(separator: "\u{1}")
        return "import-"
            + SHA256.hash(data: Array(text.utf8)).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    // MARK: What is printed

    private func show(_ response: GatewayClient.Response) throws {
        guard response.status == 201 else {
            let detail = response.json["detail"]?.text ?? "the gateway answered \(response.status)"
            let advice =
                switch response.status {
                case 401, 403: " Give a token with --token-file or SKMUSEUM_TOKEN."
                case 500...: " Import the file again: nothing is registered twice."
                default: ""
                }
            throw CommandError("\(file): " + (detail + advice).split(whereSeparator: \.isNewline).joined(separator: " "))
        }
        let museums = response.json["_embedded"]?["museums"]?.elements ?? []
        let rows = museums.map { museum in
            let text = { (name: String) in museum[name]?.text ?? "" }
            let capacity = museum["capacity"]?.integer.map(String.init) ?? ""
            let fields = ["title", "hall", "date", "startTime", "endTime"].map(text) + [capacity]
            return [text("id")] + Self.columns(fields)
        }
        for line in TextTable.lines(rows) { try Output.lineIfRead(line) }
        try Output.lineIfRead(
            response.isReplayed
                ? "\(Self.count(rows.count)) registered before; nothing was changed" : "registered \(Self.count(rows.count))")
    }

    private static func count(_ exhibitions: Int) -> String { exhibitions == 1 ? "1 exhibition" : "\(exhibitions) exhibitions" }

    /// Date, times, hall, seats and title, for title, hall, date, start and end, capacity.
    private static func columns(_ fields: [String]) -> [String] {
        let times = fields[4].isEmpty ? fields[3] : "\(fields[3])-\(fields[4])"
        return [fields[2], times, fields[1], fields[5], fields[0]]
    }
}

/// Sends a file to the gateway.
private struct GatewayClient {
    struct Response {
        let status: Int
        let isReplayed: Bool
        let json: JSON
    }

    let url: String
    let token: String?

    private static let connectWithin = TimeAmount.seconds(3)
    private static let respondsWithin = TimeAmount.seconds(20)
    private static let responseLimit = 4 << 20

    func send(file: [UInt8], key: String) async throws -> Response {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = Self.connectWithin
        // What can't be connected to now is not tried again until the response is late.
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        var request = HTTPClientRequest(url: (url.hasSuffix("/") ? String(url.dropLast()) : url) + "/museums")
        request.method = .POST
        request.headers = ["Content-Type": "text/csv; charset=utf-8", "Idempotency-Key": key, "User-Agent": "skmuseum"]
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        request.body = .bytes(ByteBuffer(bytes: file))
        let result: Result<Response, any Error>
        do {
            let response = try await client.execute(request, timeout: Self.respondsWithin)
            let body = try await response.body.collect(upTo: Self.responseLimit)
            result = .success(
                Response(
                    status: Int(response.status.code), isReplayed: response.headers.first(name: "Idempotent-Replayed") == "true",
                    json: (try? JSON(parsing: body.readableBytesView)) ?? .null))
        } catch {
            result = .failure(error)
        }
        // It can only fail where it has been shut down.
        try? await client.shutdown()
        do {
            return try result.get()
        } catch {
            throw CommandError(
                "no response from \(url) (\(error)); is the gateway running, and is --url right? Import the file again: nothing is "
                    + "registered twice")
        }
    }
}
