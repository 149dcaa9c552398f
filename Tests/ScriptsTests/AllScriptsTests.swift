import Testing

/// All that run scripts, each test on a server of its own, one after another: side by side they would only wait for the
/// machine.
@Suite(.serialized, .timeLimit(.minutes(5)))
enum AllScriptsTests {}
