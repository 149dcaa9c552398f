import ArgumentParser
import Platform

/// What the commands have in common of which only one runs at a time.
struct MaintenanceOptions: ParsableArguments {
    @Option(help: "How long to wait for another purge, forget, rebuild or retry to end: 500ms, 10s, 10m.")
    var lockWait = "10m"

    func validate() throws {
        if DurationText.parse(lockWait) == nil { throw ValidationError("--lock-wait takes a duration, such as 10m") }
    }

    var duration: Duration { DurationText.parse(lockWait) ?? .seconds(600) }
}
