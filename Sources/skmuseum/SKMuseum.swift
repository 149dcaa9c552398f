import ArgumentParser

@main
struct SKMuseum: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "skmuseum",
        abstract: "A museum's exhibition booking system on Redis.",
        discussion: "Settings come from the command line, then the environment, then defaults; the README has the table.",
        subcommands: [
            ServeCommand.self, EventsCommand.self, TraceCommand.self, ReplayCommand.self, AuditCommand.self,
            RebuildCommand.self, PurgeCommand.self, ForgetCommand.self, DeadLettersCommand.self,
        ])
}
