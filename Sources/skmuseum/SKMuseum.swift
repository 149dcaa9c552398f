import ArgumentParser

@main
struct SKMuseum: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "skmuseum",
        abstract: "A museum's exhibition booking system on Redis.",
        discussion: """
            Settings come from the command line, then the environment, then defaults; the README has the table.
            Exit codes: 0 done, 1 failed, 64 wrong usage, 78 bad configuration.
            Shell completion: skmuseum --generate-completion-script bash (or zsh, fish) prints a script to source.

            Examples:
              skmuseum serve
              skmuseum trace a1-7q2k9fx03mzr
            """,
        groupedSubcommands: [
            CommandGroup(name: "Serve", subcommands: [ServeCommand.self, TokenCommand.self]),
            CommandGroup(name: "Register", subcommands: [ImportCommand.self]),
            CommandGroup(
                name: "Look",
                subcommands: [
                    HealthCommand.self, EventsCommand.self, TraceCommand.self, AuditCommand.self, DeadLettersCommand.self,
                ]),
            CommandGroup(
                name: "Repair", subcommands: [ReplayCommand.self, RebuildCommand.self, PurgeCommand.self, ForgetCommand.self]),
        ])

    static func main() async {
        StandardStreams.prepare()
        do {
            var command = try await asyncParseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            exit(withError: ExitCode(await code(for: error)))
        }
    }

    /// Prints the argument parser's message as it would itself.
    /// - Returns: the exit code.
    private static func code(for error: any Error) async -> Int32 {
        let code = exitCode(for: error).rawValue
        let text = fullMessage(for: error)
        if text.isEmpty { return code }
        guard code == ExitCode.success.rawValue else {
            Output.note(text)
            return code
        }
        // Help that was asked for is a result.
        do {
            try await CommandError.reporting { try Output.line(text) }
            return code
        } catch {
            return exitCode(for: error).rawValue
        }
    }
}
