import HTTPServer
import HTTPTypes
import NIOCore
import Redis

/// An audit as Server-Sent Events: how far it is, and at last its result.
struct AuditStream {
    private enum Step: Sendable {
        case progress(OperationProgress)
        case result(ByteBuffer)
    }

    let audit: Audit

    /// Writes events `progress`, and then `result` with the document that GET gives as JSON.
    func write(_ write: (ByteBuffer) async throws -> Void) async throws {
        let (steps, continuation) = AsyncThrowingStream.makeStream(of: Step.self, bufferingPolicy: .bufferingNewest(2))
        let work = Task {
            do {
                var audit = audit
                let outcome = try await audit.run { continuation.yield(.progress($0)) }
                var writer = JSONWriter()
                outcome.write(to: &writer, counts: audit.counts)
                continuation.yield(.result(writer.buffer))
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
        defer { work.cancel() }
        for try await step in steps {
            switch step {
            case .progress(let progress):
                var writer = JSONWriter()
                writer.object { writer in
                    writer.member("step", progress.step)
                    writer.member("done", progress.done)
                    if let total = progress.total { writer.member("total", total) }
                    if !progress.detail.isEmpty { writer.member("detail", progress.detail) }
                }
                try await write(Self.event("progress", writer.buffer))
            case .result(let document): try await write(Self.event("result", document))
            }
        }
    }

    private static func event(_ type: String, _ data: ByteBuffer) -> ByteBuffer {
        var event = ByteBuffer(string: "event: \(type)\ndata: ")
        event.writeImmutableBuffer(data)
        event.writeString("\n\n")
        return event
    }
}
