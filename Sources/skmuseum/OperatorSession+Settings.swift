import Foundation
import Operations
import Platform
import Redis

extension OperatorSession {
    /// - Throws: ``CommandError`` where there is no Redis at the default address.
    static func open(_ settings: Settings) async throws -> OperatorSession {
        let endpoint = try settings.redis ?? EmbeddedRedis.endpoint()
        do throws(RedisError) {
            return try await open(endpoint, myPage: settings.myPageRedis)
        } catch {
            guard settings.redis == nil else { throw error }
            throw CommandError("no Redis at \(endpoint); start one with 'skmuseum serve', or set REDIS_URL")
        }
    }

    /// Runs a maintenance command's work while no other one runs, and reports on stderr what it waits for.
    func exclusively<Value>(
        _ command: String, _ options: MaintenanceOptions, _ work: () async throws -> Value
    ) async throws -> Value {
        try await exclusively(
            command, within: options.duration, note: { Output.note($0) },
            onLoss: {
                Output.error("this command does not hold \($0) any more; run it again")
                exit(1)
            }, work)
    }
}
