import Foundation
import Synchronization

/// Random numbers from the system, 32 at a time: a system call for each costs more than all else of a span.
final class RandomNumbers: Sendable {
    private let numbers = Mutex<[UInt64]>([])

    /// Any number but 0.
    func next() -> UInt64 {
        numbers.withLock { numbers in
            while true {
                if numbers.isEmpty { numbers = Self.fetch() }
                let number = numbers.removeLast()
                if number != 0 { return number }
            }
        }
    }

    /// It takes up to 256 bytes (getentropy(3)).
    private static func fetch() -> [UInt64] {
        [UInt64](unsafeUninitializedCapacity: 32) { buffer, count in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            guard getentropy(bytes.baseAddress!, bytes.count) == 0 else { preconditionFailure("no random numbers") }
            count = buffer.count
        }
    }
}
