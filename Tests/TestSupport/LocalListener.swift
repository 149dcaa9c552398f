import Foundation

/// A TCP listener on a free port of this machine. Each connection is served on its own thread.
public final class LocalListener: Sendable {
    public let port: Int
    private let descriptor: Int32
    private let isAccepting = LockedBox(false)

    /// - Parameter backlog: how many connections the kernel keeps until they are accepted.
    public init(backlog: Int32) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        port = try FreePorts.take(1)[0]
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let (descriptor, size) = (descriptor, socklen_t(MemoryLayout<sockaddr_in>.size))
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        guard bound == 0, listen(descriptor, backlog) == 0 else { throw Failed("no socket") }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        // The accepting thread closes it: until it has seen the end, no other listener may get the same number.
        if !isAccepting.value { close(descriptor) }
    }

    /// Accepts connections until the listener is released; each is closed when it has been served.
    public func accept(_ serve: @escaping @Sendable (_ connection: Int32) -> Void) {
        let descriptor = descriptor
        isAccepting.value = true
        Thread.detachNewThread {
            while true {
                let connection = Glibc.accept(descriptor, nil, nil)
                guard connection >= 0 else {
                    close(descriptor)
                    return
                }
                Thread.detachNewThread {
                    serve(connection)
                    close(connection)
                }
            }
        }
    }
}
