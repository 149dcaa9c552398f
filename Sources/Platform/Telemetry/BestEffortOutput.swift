import Foundation
import Metrics
import Synchronization

/// Writes whole lines to stdout or stderr. A line that can't be written is dropped: no log stops the program, be its reader
/// gone, its disk full, or its pipe full because nobody reads.
public final class BestEffortOutput: TextOutputStream, Sendable {
    public static let standardOutput = BestEffortOutput(STDOUT_FILENO)
    public static let standardError = BestEffortOutput(STDERR_FILENO)

    private let descriptor: Int32
    /// Whether the last line found the pipe full. Then the next ones don't wait.
    private let isStuck = Mutex(false)

    /// How long a reader that is behind is waited for.
    private static let waitAtMost: Int32 = 100
    /// Of a pipe that poll calls writable so much can be written without waiting.
    private static let pieceSize = 4096

    public init(_ descriptor: Int32) { self.descriptor = descriptor }

    public func write(_ text: String) {
        var text = text
        let isWritten = text.withUTF8 { bytes in
            isStuck.withLock { isStuck in
                var rest = UnsafeRawBufferPointer(bytes)
                while !rest.isEmpty {
                    guard canWrite(within: isStuck ? 0 : Self.waitAtMost) else {
                        isStuck = true
                        return false
                    }
                    isStuck = false
                    let count = Foundation.write(descriptor, rest.baseAddress!, min(rest.count, Self.pieceSize))
                    if count > 0 {
                        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                    } else if errno != EINTR, errno != EAGAIN {
                        return false
                    }
                }
                return true
            }
        }
        if !isWritten { Counter(label: "skmuseum_log_lines_dropped_total").increment() }
    }

    private func canWrite(within milliseconds: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        // Whatever it says but "not yet", the write tells.
        return poll(&request, 1, milliseconds) != 0
    }
}
