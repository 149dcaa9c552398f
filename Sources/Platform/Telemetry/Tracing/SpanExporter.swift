import AsyncHTTPClient
public import Logging
import Metrics
import NIOCore
import NIOHTTP1
import Redis
public import ServiceLifecycle
import Synchronization

/// Sends recorded spans to an OTLP receiver: protobuf over HTTP, in batches, one request at a time.
///
/// Whoever ends a span never waits. Spans that a receiver can't take now are kept and sent again a second later. If too many
/// wait, new ones are dropped.
public final class SpanExporter: Service {
    private static let batchSize = 512
    private static let capacity = 2048
    private static let interval = Duration.seconds(1)
    private static let requestWithin = Duration.seconds(5)
    /// How long stopping takes at most.
    private static let lastRequestsWithin = Duration.seconds(1)
    /// Of a response nothing is used but its status.
    private static let responseLimit = 64 << 10

    private struct Waiting {
        var spans: [RecordedSpan] = []
        /// Nobody sends them any more.
        var isClosed = false
    }

    private let endpoint: String
    private let encoding: OTLPEncoding
    private let logger: Logger
    private let waiting = Mutex(Waiting())
    private let wakeUps: AsyncStream<Void>
    private let wakeUp: AsyncStream<Void>.Continuation
    private let exported = Counter(label: "skmuseum_spans_exported_total")
    private let dropped = Counter(label: "skmuseum_spans_dropped_total")

    /// - Parameters:
    ///   - endpoint: the URL that takes traces, with its path.
    ///   - instance: what tells this process from others that serve the same service.
    public init(endpoint: String, instance: @escaping @Sendable (_ service: String) -> String, logger: Logger) {
        self.endpoint = endpoint
        self.encoding = OTLPEncoding(instance: instance)
        self.logger = logger
        (wakeUps, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes a span that has ended.
    func add(_ span: RecordedSpan) {
        let count: Int? = waiting.withLock { waiting in
            guard !waiting.isClosed, waiting.spans.count < Self.capacity else { return nil }
            waiting.spans.append(span)
            return waiting.spans.count
        }
        guard let count else { return dropped.increment() }
        if count == Self.batchSize { wakeUp.yield() }
    }

    public func run() async throws {
        let client = Self.makeClient()
        await withTaskGroup { group in
            group.addTask {
                var log = FailureLog(self.logger, failing: "traces can't be exported", recovered: "traces are exported again")
                for await _ in self.wakeUps {
                    while await self.sendBatch(by: client, log: &log), self.waitingCount >= Self.batchSize {}
                }
                while await self.sendBatch(by: client, log: &log) {}
            }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.interval)
                    self.wakeUp.yield()
                }
            }
            group.addTask {
                try? await gracefulShutdown()
                self.wakeUp.finish()
                try? await Task.sleep(for: Self.lastRequestsWithin)
            }
            // Either the last batch is sent, or its time is over.
            await group.next()
            group.cancelAll()
        }
        close()
        try? await client.shutdown()
    }

    var waitingSpans: [RecordedSpan] { waiting.withLock { $0.spans } }

    private var waitingCount: Int { waiting.withLock { $0.spans.count } }

    private func close() {
        let left = waiting.withLock { waiting in
            defer { waiting.spans = [] }
            waiting.isClosed = true
            return waiting.spans.count
        }
        dropped.increment(by: left)
    }

    /// - Returns: whether there were spans and they are gone. Others may be sent now.
    private func sendBatch(by client: HTTPClient, log: inout FailureLog) async -> Bool {
        let batch = waiting.withLock { Array($0.spans.prefix(Self.batchSize)) }
        guard !batch.isEmpty else { return false }
        do {
            let status = try await post(encoding.request(batch), by: client)
            switch status {
            case 200..<300:
                exported.increment(by: batch.count)
                log.succeeded()
            case 429, 502, 503, 504:
                // OTLP's list of what may be sent again.
                log.failed("status \(status)")
                return false
            default:
                dropped.increment(by: batch.count)
                log.failed("status \(status)")
            }
        } catch {
            log.failed("\(error)")
            return false
        }
        waiting.withLock { $0.spans.removeFirst(batch.count) }
        return true
    }

    /// - Returns: the status of the response.
    private func post(_ body: [UInt8], by client: HTTPClient) async throws -> UInt {
        var request = HTTPClientRequest(url: endpoint)
        request.method = .POST
        request.headers = ["Content-Type": "application/x-protobuf", "User-Agent": "skmuseum"]
        request.body = .bytes(ByteBuffer(bytes: body))
        let sent = request
        // The client's own deadline ends with the response's head.
        return try await withThrowingTaskGroup { group in
            group.addTask {
                let response = try await client.execute(sent, timeout: TimeAmount(Self.requestWithin))
                _ = try await response.body.collect(upTo: Self.responseLimit)
                return response.status.code
            }
            group.addTask {
                try await Task.sleep(for: Self.requestWithin)
                throw HTTPClientError.deadlineExceeded
            }
            defer { group.cancelAll() }
            return try await group.next()!
        }
    }

    private static func makeClient() -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        // The spans of sending spans would be sent too.
        configuration.tracing.tracer = nil
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }
}
