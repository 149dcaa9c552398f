import Foundation

/// A folder that one process at a time may work on. Gone with the process, however it ends.
struct FolderLock {
    private let descriptor: Int32

    /// Waits until nobody else has it.
    /// - Throws: ``Complaint`` where the deadline passes first.
    static func take(_ folder: URL, before deadline: ContinuousClock.Instant) async throws -> FolderLock {
        let path = folder.appendingPathComponent("lock").path
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Complaint("\(path) can't be opened; start where it can be, or set REDIS_URL") }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard .now < deadline else {
                close(descriptor)
                throw Complaint("another process has been starting a Redis in \(folder.path) for too long; see redis.log there")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        return FolderLock(descriptor: descriptor)
    }

    func release() { close(descriptor) }
}
