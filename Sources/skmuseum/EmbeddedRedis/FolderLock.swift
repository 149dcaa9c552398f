import Foundation

/// A lock that lets one process at a time work on a folder. The kernel releases it when the process ends.
struct FolderLock {
    private let descriptor: Int32

    /// Waits until no other process has it, and reports now and then that it waits.
    /// - Throws: ``CommandError`` where the deadline passes first.
    static func take(
        _ folder: String, before deadline: ContinuousClock.Instant, reportEvery pause: Duration = .seconds(3),
        report: (String) -> Void = { _ in }
    ) async throws -> FolderLock {
        let path = folder + "/lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw CommandError("\(path) can't be opened (\(reason)); start where it can be, or set REDIS_URL")
        }
        var nextReport = ContinuousClock.now + pause
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard .now < deadline else {
                close(descriptor)
                throw CommandError("another process has been starting a Redis in \(folder) for too long; see redis.log there")
            }
            if .now >= nextReport {
                report("another process is starting or stopping the Redis in \(folder)")
                nextReport = .now + pause
            }
            do {
                try await Task.sleep(for: .milliseconds(20))
            } catch {
                close(descriptor)
                throw error
            }
        }
        return FolderLock(descriptor: descriptor)
    }

    func release() { close(descriptor) }
}
