import HTTPTypes

/// The body of a response that goes on until the client leaves or the port closes.
public protocol LiveStream: Sendable {
    /// The topic that the watcher gets; `nil`: all.
    var topic: String? { get }
    /// On the watcher's event loop, behind the head: sends what the client lacks, and everything from then on.
    func begin(_ watcher: LiveWatcher)
    /// On the watcher's event loop: the client is gone.
    func end(_ watcher: LiveWatcher)
}

extension DocumentResponse {
    /// Server-Sent Events.
    public static func live(_ stream: any LiveStream) -> DocumentResponse {
        var response = DocumentResponse(
            status: .ok,
            headers: [
                .contentType: eventStream, .cacheControl: "no-store",
                // nginx would keep messages back until its buffer is full.
                .xAccelBuffering: "no",
            ])
        response.live = stream
        return response
    }

    static let eventStream = "text/event-stream"
}

extension HTTPField.Name {
    fileprivate static let xAccelBuffering = HTTPField.Name("X-Accel-Buffering")!
}
