import AsyncHTTPClient
import Foundation
public import HTTPServer
import NIOCore
import NIOHTTP1
import Synchronization

/// A client of a live stream (Server-Sent Events).
public final class LiveClient: Sendable {
    public struct Event: Sendable {
        public var id: String?
        public var type = "message"
        public var data: String?

        public var json: JSON { data.flatMap { try? JSON(parsing: Array($0.utf8)) } ?? .null }
    }

    private struct State {
        var text = ""
        var isEnded = false
        /// Whether the body ended as it should.
        var isWhole = false
    }

    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 4096
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    public let status: Int
    private let state = Mutex(State())
    private let task = Mutex<Task<Void, Never>?>(nil)

    private init(status: Int) { self.status = status }

    deinit { task.withLock { $0?.cancel() } }

    public static func open(_ url: String, headers: [String: String] = [:]) async throws -> LiveClient {
        var request = HTTPClientRequest(url: url)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        let response = try await Self.client.execute(request, timeout: .minutes(10))
        let client = LiveClient(status: Int(response.status.code))
        let reading = Task { [weak client] in
            do {
                for try await piece in response.body {
                    let text = String(buffer: piece)
                    client?.state.withLock { $0.text += text }
                }
                client?.state.withLock { $0.isWhole = true }
            } catch {}
            client?.state.withLock { $0.isEnded = true }
        }
        client.task.withLock { $0 = reading }
        return client
    }

    public func close() { task.withLock { $0?.cancel() } }

    /// All that has come.
    public var text: String { state.withLock { $0.text } }
    public var isEnded: Bool { state.withLock { $0.isEnded } }
    public var isWhole: Bool { state.withLock { $0.isWhole } }

    /// All events that are complete.
    public var events: [Event] {
        text.components(separatedBy: "\n\n").dropLast().map { block in
            var event = Event()
            for line in block.split(separator: "\n") {
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                let value = parts.count == 2 ? String(parts[1].drop { $0 == " " }) : ""
                switch parts[0] {
                case "id": event.id = value
                case "event": event.type = value
                case "data": event.data = value
                default: break
                }
            }
            return event
        }
    }

    /// Those with a document.
    public var documents: [JSON] { events.filter { $0.data != nil && $0.type == "message" }.map(\.json) }
    public var lastID: String? { events.last { $0.id != nil }?.id }
}
