import NIOCore
import Redis
import Testing

/// The suites that need a server, run serially: some depend on time.
@Suite(.serialized, .timeLimit(.minutes(5)))
enum AllServerTests {}

/// For what is about time-outs: long enough for a machine that is busy with others.
func options(commandTimeout: TimeAmount) -> RedisOptions {
    var options = RedisOptions()
    options.commandTimeout = commandTimeout
    return options
}

/// For what is not about time, on a machine that is busy with others.
let patient: RedisOptions = {
    var options = RedisOptions()
    options.commandTimeout = .seconds(10)
    return options
}()
