import Foundation
import Platform

/// What a command prints: its result to stdout, everything else to stderr.
enum Output {
    /// Prints a line of the result at once.
    /// - Throws: ``OutputFailure`` where stdout doesn't take it; ``CommandError/reporting(_:)`` ends the command then.
    static func line(_ text: String) throws(OutputFailure) {
        var text = text + "\n"
        let code: Int32 = text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = write(STDOUT_FILENO, rest.baseAddress!, rest.count)
                if count >= 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                } else if errno == EAGAIN {
                    var request = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
                    poll(&request, 1, -1)
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
        switch code {
        case 0: return
        case EPIPE: throw .closedByReader
        default: throw .notWritable(String(cString: strerror(code)))
        }
    }

    /// Prints a line of the result of a command that does its work to the end, also if the reader of the pipe has stopped reading.
    static func lineIfRead(_ text: String) throws(OutputFailure) {
        do {
            try line(text)
        } catch .closedByReader {
            return
        }
    }

    /// Prints a line to stdout that nothing depends on.
    static func announce(_ text: String) { BestEffortOutput.standardOutput.write(text + "\n") }

    /// What went wrong, and what to do next.
    static func error(_ text: String) { note("skmuseum: " + text) }

    static func note(_ text: String) { BestEffortOutput.standardError.write(text + "\n") }

    /// Overwrites the last line of a terminal, with as much of the text as fits into a line.
    static func overwrite(_ text: String) {
        BestEffortOutput.standardError.write("\r\u{1B}[K" + text.prefix(max(0, columns - 1)))
    }

    /// The width of the terminal at stderr.
    private static var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }
}

/// Why a result could not be printed.
enum OutputFailure: Error, Equatable {
    /// The program at the other end of the pipe has read enough (`| head`).
    case closedByReader
    /// A full disk, or no stdout at all.
    case notWritable(String)
}
