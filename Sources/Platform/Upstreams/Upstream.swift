public import NIOCore
public import NIOHTTP1
import Synchronization
import Tracing

/// The processes of another role. Calls are distributed round-robin; a process that failed, or says that it is stopping, is ejected
/// for 1 s.
public final class Upstream: Sendable {
    /// What a response lacks.
    public enum Fault: Error, Sendable, Equatable {
        /// No process could be connected to: nothing was sent.
        case notSent
        /// Sent, and no whole response came, or none in time.
        case noResponse(timedOut: Bool)
    }

    /// Who may send a request again that has no response.
    public enum Repetition: Sendable {
        /// ``Upstream`` does: the request is idempotent.
        case byUpstream
        /// The caller, once, within the same deadline.
        case byCaller
        case never
    }

    /// How long a process is left out that failed, or whose response said `Connection: close`.
    private static let unhealthyFor = Duration.seconds(1)

    private let urls: [String]
    private let addresses: [String: UpstreamConnections.Address]
    private let connections: UpstreamConnections
    private let caller: String?
    private let turn = Atomic<Int>(0)
    private let unhealthyUntil = Mutex<[String: ContinuousClock.Instant]>([:])
    private let tracer = InstrumentationSystem.tracer

    /// - Parameters:
    ///   - urls: at least one `http://host[:port]`, without a path.
    ///   - caller: the role that calls; in spans.
    public init(urls: [String], connections: UpstreamConnections, caller: String? = nil) {
        precondition(!urls.isEmpty, "an upstream needs an address")
        self.urls = urls
        self.connections = connections
        self.caller = caller
        addresses = Dictionary(urls.map { ($0, UpstreamConnections.Address($0)) }) { first, _ in first }
    }

    /// Sends a request, and while nothing was sent, or it may be repeated, to the next process.
    /// - Parameters:
    ///   - path: path and query.
    ///   - repetition: who sends it again if a process took it and did not respond. A process that hangs gets only its share of
    ///     the time, so that another can still be asked.
    ///   - streamedType: a media type, in lower case; a successful response of this type without a length comes as a stream as
    ///     soon as its head is there. The deadline ends with the head then.
    public func send(
        _ method: HTTPMethod, _ path: String, headers: HTTPHeaders, body: ByteBuffer?, repetition: Repetition,
        streamedType: String? = nil, deadline: ContinuousClock.Instant
    ) async throws(Fault) -> UpstreamResponse {
        var fault = Fault.notSent
        var (candidates, healthy) = inTurn()
        var index = 0
        while index < candidates.count {
            let url = candidates[index]
            // Who is left out gets what time the others leave.
            let left = (deadline - .now) / repetition.shares(of: max(healthy - index, 1))
            guard left > .zero else { break }
            do throws(Fault) {
                var answer = try await tracer.withClientSpan(of: caller, method, url, headers) { headers throws(Fault) in
                    guard let address = addresses[url] else { throw .notSent }
                    return try await connections.send(
                        method, to: address, path, headers: headers, body: body, streamedType: streamedType,
                        deadline: .now() + TimeAmount(left))
                }
                // Where there is no other process, none is left out.
                if urls.count > 1 {
                    unhealthyUntil.withLock { $0[url] = answer.isLastOfConnection ? .now + Self.unhealthyFor : nil }
                }
                answer.followsUnansweredRequest = fault != .notSent
                return answer
            } catch {
                // The caller was cancelled; the process may be healthy.
                if Task.isCancelled, deadline > .now { throw error }
                if urls.count > 1 { unhealthyUntil.withLock { $0[url] = .now + Self.unhealthyFor } }
                if error != .notSent { fault = error }
                guard error == .notSent || repetition == .byUpstream else { throw error }
                // A pooled connection may close just when a request goes out, and a busy machine may accept late. Where there is no
                // other process, and behind one address may be several, the request goes out once more on another connection.
                if urls.count == 1, index == 0, error != .noResponse(timedOut: true) { candidates.append(url) }
            }
            index += 1
        }
        throw fault
    }

    /// All processes in the order in which a call asks them: the healthy ones first, each call beginning with another.
    /// - Returns: how many are healthy, too; all, if none is.
    private func inTurn() -> (candidates: [String], healthy: Int) {
        if urls.count == 1 { return (urls, 1) }
        let now = ContinuousClock.now
        let turn = turn.wrappingAdd(1, ordering: .relaxed).oldValue & Int.max
        return unhealthyUntil.withLock { unhealthy in
            var healthy = urls.filter { unhealthy[$0].map { $0 <= now } ?? true }
            var leftOut = urls.filter { !healthy.contains($0) }
            if healthy.isEmpty { swap(&healthy, &leftOut) }
            let first = turn % healthy.count
            healthy = Array(healthy[first...] + healthy[..<first])
            // The call that begins with a process whose ejection has ended probes it. Other calls skip that process until the probe
            // has succeeded, or for another second.
            if unhealthy[healthy[0]] != nil { unhealthy[healthy[0]] = now + Self.unhealthyFor }
            return (healthy + leftOut, healthy.count)
        }
    }
}

extension Upstream.Repetition {
    /// Into how many parts the time that is left is divided, where so many processes have not been asked.
    fileprivate func shares(of candidates: Int) -> Int {
        switch self {
        case .byUpstream: candidates
        case .byCaller: min(candidates, 2)
        case .never: 1
        }
    }
}

/// The response of a service in another process.
public struct UpstreamResponse: Sendable {
    /// 200 to 599.
    public let status: Int
    public let headers: HTTPHeaders
    public let body: ByteBuffer
    /// The body, if it is streamed; ``body`` is empty then.
    public var stream: UpstreamStream?
    /// Whether the request had been sent to another process before, which may still apply it. A refusal then
    /// leaves the outcome unknown.
    public var followsUnansweredRequest = false

    /// Whether the process closes the connection after it, as one does that is stopping.
    fileprivate var isLastOfConnection: Bool {
        headers[canonicalForm: "Connection"].contains { $0.lowercased() == "close" }
    }
}
