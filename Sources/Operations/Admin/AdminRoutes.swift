package import Contracts
package import HTTPServer
import Foundation
import HTTPTypes
import Logging
import Messaging
import Platform
import Redis
import Synchronization

/// `/admin`: dead letters and the audit, for admins. Each request is what the command of the same name does.
package struct AdminRoutes: Routes {
    private let session: OperatorSession
    private let handler: @Sendable (OperatorSession, ServiceName) -> any EventHandler
    private let health: @Sendable () async -> [ServiceHealth]
    /// A retry and an audit read a good part of the data: one at a time is enough.
    private let busy = Busy()

    private static let relation = "dead-letters"
    private static let eventStream = "text/event-stream"
    private static let longestWait = Duration.seconds(10)

    package var answerWithin: Duration { .seconds(60) }

    /// - Parameters:
    ///   - health: which services are ready.
    ///   - handler: makes a service's event handler.
    package init(
        session: OperatorSession, health: @escaping @Sendable () async -> [ServiceHealth],
        handler: @escaping @Sendable (OperatorSession, ServiceName) -> any EventHandler
    ) {
        self.session = session
        self.health = health
        self.handler = handler
    }

    package func add(to router: AppRouter) {
        router.get("admin/overview", for: .admins) { request, _ in
            let health = await health()
            var writer = JSONWriter()
            try await readingErrors { try await Overview.read(try await session.refreshed(), health: health) }
                .write(to: &writer)
            return DocumentResponse.json(writer, to: request)
        }
        router.get("admin/dead-letters", for: .admins) { request, _ in try await list(request) }
        router.get("admin/dead-letters/{id}", for: .admins) { request, context in
            let (letters, letter) = try await find(context)
            var writer = JSONWriter()
            writer.object { letter.writeAll(to: &$0, in: letters, isResponse: true) }
            return DocumentResponse.json(writer, to: request)
        }
        router.delete("admin/dead-letters/{id}", for: .admins) { request, context in
            let (letters, letter) = try await find(context)
            return try await readingErrors {
                let isDropped = try await letters.remove(try await letters.duplicates(of: letter)) > 0
                return letter.response(in: letters, outcome: isDropped ? "dropped" : "gone", to: request)
            }
        }
        router.post("admin/dead-letters/{id}/retry", for: .admins) { request, context in try await retry(request, context) }
        router.get("admin/audit", for: .admins) { request, _ in try await audit(request) }
    }

    private func list(_ request: CollectedRequest) async throws -> DocumentResponse {
        let query = try RequestQuery(request, known: ["service", "size", "cursor"])
        let groups: [ServiceName]? = try query.words("service")
        let page = try query.page()
        return try await readingErrors {
            let session = try await session.refreshed()
            let found = try await session.deadLetters(page, of: groups)
            return DocumentResponse.collection(
                Page(elements: found.elements.map { ListedDeadLetter(letters: $0.0, letter: $0.1) }, next: found.next),
                of: Self.relation, to: request)
        }
    }

    private func retry(_ request: CollectedRequest, _ context: AppRequestContext) async throws -> DocumentResponse {
        let (letters, letter) = try await find(context)
        return try await busy.alone {
            try await readingErrors {
                let session = try await session.refreshed()
                let logger = context.logger
                var result: (outcome: String, why: String?) = ("left", nil)
                _ = try await session.exclusively(
                    "dead-letters retry", within: .seconds(2), note: { logger.notice("\($0)") },
                    onLoss: { logger.error("another command took the maintenance lock", metadata: ["key": "\($0)"]) }
                ) {
                    try await session.retryDeadLetters(letters.name(of: letter), handler: { handler(session, $0) }) {
                        _, _, outcome in
                        switch outcome {
                        case .applied: result = ("applied", nil)
                        case .retryLater(let why), .left(let why): result = ("left", why)
                        }
                    }
                }
                return letter.response(in: letters, outcome: result.outcome, why: result.why, to: request)
            }
        }
    }

    private func audit(_ request: CollectedRequest) async throws -> DocumentResponse {
        let query = try RequestQuery(request, known: ["wait"])
        var wait = Duration.seconds(2)
        if let text = query["wait"] {
            guard let given = DurationText.parse(text), given <= Self.longestWait else {
                throw RequestError.invalidParameter("wait", "must be a duration of at most 10s, such as 2s")
            }
            wait = given
        }
        if request.headers[.accept]?.contains(Self.eventStream) == true {
            let place = try busy.take()
            let stream = AuditStream(audit: Audit(try await readingErrors { try await session.refreshed() }, wait: wait))
            return DocumentResponse(status: .ok, headers: [.contentType: Self.eventStream, .vary: "Accept"]) { write in
                defer { withExtendedLifetime(place) {} }
                try await stream.write(write)
            }
        }
        return try await busy.alone {
            try await readingErrors {
                var audit = Audit(try await session.refreshed(), wait: wait)
                let outcome = try await audit.run()
                var writer = JSONWriter()
                outcome.write(to: &writer, counts: audit.counts)
                return DocumentResponse.json(writer, to: request)
            }
        }
    }

    private func find(_ context: AppRequestContext) async throws -> (DeadLetters, DeadLetter) {
        let name = try context.id({ $0.removingPercentEncoding }, orElse: Failure.unknownDeadLetter)
        return try await readingErrors {
            guard let found = try await session.refreshed().findDeadLetter(name) else { throw Failure.unknownDeadLetter(name) }
            return found
        }
    }

    /// Says what Redis refuses as what an operator can mend.
    private func readingErrors<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch RedisError.refused {
            throw Failure.storageUnavailable("Redis refuses what this needs; set OPERATOR_REDIS_URL with the user operator")
        } catch let error as RedisError {
            throw Failure(reading: error)
        } catch let error as OperationError {
            throw Failure.storageUnavailable(error.description)
        }
    }
}

/// Lets one request at a time do something.
private final class Busy: Sendable {
    private let isTaken = Atomic(false)

    func alone<Value>(_ work: () async throws -> Value) async throws -> Value {
        let place = try take()
        defer { withExtendedLifetime(place) {} }
        return try await work()
    }

    /// Nobody else does it until the place is released.
    func take() throws -> Place {
        guard isTaken.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged else {
            throw Failure.overloaded
        }
        return Place(self)
    }

    final class Place: Sendable {
        private let busy: Busy

        fileprivate init(_ busy: Busy) { self.busy = busy }
        deinit { busy.isTaken.store(false, ordering: .releasing) }
    }
}

private struct ListedDeadLetter: HALResource {
    let letters: DeadLetters
    let letter: DeadLetter

    var links: HALLinks { HALLinks("/admin/dead-letters/" + letters.name(of: letter)) }

    func writeMembers(to writer: inout JSONWriter) { letter.write(to: &writer, in: letters, isResponse: true) }
}

extension DeadLetter {
    fileprivate func response(
        in letters: DeadLetters, outcome: String, why: String? = nil, to request: CollectedRequest
    ) -> DocumentResponse {
        var writer = JSONWriter()
        writer.object { write(to: &$0, in: letters, outcome: outcome, why: why, isResponse: true) }
        return DocumentResponse.json(writer, to: request)
    }
}
