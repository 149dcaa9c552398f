import Foundation
import Metrics
import Synchronization

/// Writes whole lines to stdout or stderr. A line that can't be written is dropped: logging never stops the program: not if the
/// reader has exited, the disk is full, or the pipe is full.
public final class BestEffortOutput: TextOutputStream, Sendable {
    public static let standardOutput = BestEffortOutput(STDOUT_FILENO)
    public static let standardError = BestEffortOutput(STDERR_FILENO)

    private let descriptor: Int32
    /// Whether the last line found the pipe full. Then the next ones don't wait.
    private let isStuck = Mutex(false)

    /// How long to wait for a full pipe, in milliseconds.
    private static let waitAtMost: Int32 = 100
    /// A pipe that poll() reports as writable accepts this many bytes without blocking (PIPE_BUF).
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
        // 0 means timeout. In every other case write() reports what is wrong.
        return poll(&request, 1, milliseconds) != 0
    }
}
