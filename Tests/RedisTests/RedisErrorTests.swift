import Testing

@testable import Redis

/// An error reply is sorted by its first argument, and by nothing further on.
struct RedisErrorTests {
    @Test(arguments: [
        "TRYAGAIN Multiple keys request during rehashing of slot", "CLUSTERDOWN The cluster is down", "LOADING Redis is loading",
        "MASTERDOWN Link with MASTER is down", "BUSY Redis is busy running a script.", "BUSY",
        "ERR max number of clients reached", "ERR max number of clients + cluster connections reached",
    ])
    func busy(_ message: String) {
        #expect(RedisError(reply: message) == .busy(message))
        #expect(RedisError(reply: message).isCertainlyNotApplied && RedisError(reply: message).isTransient)
    }

    @Test func readOnly() {
        let error = RedisError(reply: "READONLY You can't write against a read only replica.")
        #expect(error == .readOnly("READONLY You can't write against a read only replica."))
        #expect(error.isCertainlyNotApplied && error.isTransient)
    }

    @Test func redirections() {
        #expect(RedisError(reply: "MOVED 3999 127.0.0.1:6381") == .moved(slot: 3999, to: "127.0.0.1:6381"))
        #expect(RedisError(reply: "ASK 3999 :6381") == .ask(to: ":6381"))
        for error in [RedisError.moved(slot: 1, to: "h:1"), .ask(to: "h:1")] {
            #expect(error.isCertainlyNotApplied && error.isTransient)
        }
        for message in ["MOVED", "MOVED 3999", "MOVED x h:1", "MOVED 16384 h:1", "ASK -1 h:1", "MOVED 1 h:1 x"] {
            #expect(RedisError(reply: message) == .server(message))
        }
    }

    /// A right withdrawn under a running script may come back; what the script did before stays.
    @Test(arguments: [
        "ERR The user executing the script can't run this command or subcommand script: x, on @user_script:1.",
        "ERR ACL failure in script: User book has no permissions to run the 'xadd' command script: on @user_script:1.",
        "ERR ACL failure in script: No permissions to access a key script: x, on @user_script:1.",
    ])
    func deniedWithinAScript(_ message: String) {
        #expect(RedisError(reply: message) == .outcomeUnknown(message))
        #expect(!RedisError(reply: message).isCertainlyNotApplied && RedisError(reply: message).isTransient)
        #expect(RedisError(reply: message).refusal == message)
    }

    /// Redis 7.0 says "this user"; newer servers and Valkey name the user, but not where the right is that to a key.
    @Test(arguments: [
        ("NOPERM this user has no permissions to run the 'scan' command", "to run the 'scan' command"),
        ("NOPERM User book has no permissions to run the 'scan' command", "to run the 'scan' command"),
        ("NOPERM this user has no permissions to access one of the keys", "to access one of the keys"),
        ("NOPERM No permissions to access a key", "to access a key"),
    ])
    func theUserWhoLacksARightIsNamed(message: String, what: String) {
        #expect(RedisError(reply: message, user: "book") == .refused("NOPERM the user 'book' has no permissions \(what)"))
        #expect(RedisError(reply: "OOM this user has", user: "book") == .refused("OOM this user has"))
    }

    @Test(arguments: [
        "OOM command not allowed", "MISCONF Errors writing to the AOF file", "NOREPLICAS Not enough good replicas",
        "NOPERM this user",
        "NOAUTH Authentication required.", "WRONGPASS invalid username-password pair",
        "DENIED Redis is running in protected mode",
    ])
    func refused(_ message: String) {
        #expect(RedisError(reply: message) == .refused(message))
        #expect(RedisError(reply: message).isCertainlyNotApplied)
    }

    @Test(arguments: ["NOGROUP No such key 'a' or consumer group 'b'", "UNBLOCKED the stream key no longer exists"])
    func noGroup(_ message: String) { #expect(RedisError(reply: message) == .noGroup(message)) }

    @Test func noScript() { #expect(RedisError(reply: "NOSCRIPT No matching script. Please use EVAL.") == .noScript) }

    @Test(arguments: [
        "ERR wrong number of arguments", "WRONGTYPE Operation against a key", "", " BUSY", "busy x",
        "BUSYGROUP Consumer Group name already exists",
        "BUSYKEY Target key name already exists.", "OOMPH", "ERR user_script:1: OOM", "ERR READONLY",
    ])
    func others(_ message: String) {
        #expect(RedisError(reply: message) == .server(message))
        #expect(!RedisError(reply: message).isCertainlyNotApplied && !RedisError(reply: message).isTransient)
    }

    @Test func whatMayHaveBeenApplied() {
        #expect(!RedisError.outcomeUnknown("x").isCertainlyNotApplied && RedisError.outcomeUnknown("x").isTransient)
        #expect(RedisError.unreachable("x").isCertainlyNotApplied && RedisError.unreachable("x").isTransient)
        #expect(!RedisError.unexpected("x").isCertainlyNotApplied && !RedisError.unexpected("x").isTransient)
    }
}
