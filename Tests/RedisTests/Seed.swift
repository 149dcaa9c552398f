import Foundation
import TestSupport

/// A test prints its seed when it fails; `FUZZ_SEED` takes it.
enum Seed {
    static var another: UInt64 {
        ProcessInfo.processInfo.environment["FUZZ_SEED"].flatMap { UInt64($0) } ?? .random(in: 0 ... .max)
    }
}
