import Foundation

/// stdin, stdout and stderr as the program was started with them.
enum StandardStreams {
    /// Opens /dev/null for each that is closed, so that no file or socket opened later becomes one of them, and makes a write
    /// to a pipe without a reader an error. To be called before anything else is opened.
    static func prepare() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) == -1 {
            // The lowest number that is free is this one. Read-only: what is written to it is still not written.
            _ = open("/dev/null", O_RDONLY)
        }
        signal(SIGPIPE, SIG_IGN)
    }
}
