import ArgumentParser

/// Which dead letters a command is about.
struct DeadLetterSelection: ParsableArguments {
    @Argument(help: "The dead letter's id, as list prints it: group:partition:id.")
    var id: String?

    @Flag(help: "All that are there now.")
    var all = false

    func validate() throws {
        if (id != nil) == all { throw ValidationError("take one dead letter's ID, or --all") }
    }
}
