import ArgumentParser
import Chassis

/// What the commands have in common of which only one runs at a time.
struct MaintenanceOptions: ParsableArguments {
    @Option(help: "How long to wait for another purge, forget, rebuild or retry to end: 500ms, 10s, 10m.")
    var wait = "10m"

    func validate() throws {
        if DurationText.parse(wait) == nil { throw ValidationError("--wait takes a duration, such as 10m") }
    }

    var duration: Duration { DurationText.parse(wait) ?? .seconds(600) }
}
