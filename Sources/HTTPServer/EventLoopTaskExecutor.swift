import NIOCore
import NIOPosix

/// Runs tasks on one event loop, so that what they wait for there, and what they write, needs no other thread.
public final class EventLoopTaskExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    private init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// One for each event loop of the process; they live as long as it does.
    private static let all = Dictionary(
        uniqueKeysWithValues: MultiThreadedEventLoopGroup.singleton.makeIterator().map {
            (ObjectIdentifier($0), EventLoopTaskExecutor($0))
        })

    /// That of the event loop that this runs on; `nil` on any other thread.
    public static var current: EventLoopTaskExecutor? { MultiThreadedEventLoopGroup.currentEventLoop.flatMap(of) }

    /// - Returns: `nil` for an event loop that is not the process's.
    static func of(_ eventLoop: any EventLoop) -> EventLoopTaskExecutor? { all[ObjectIdentifier(eventLoop)] }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
