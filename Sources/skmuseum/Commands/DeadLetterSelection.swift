import ArgumentParser

/// Which dead letters a command is about, and how it prints the result.
struct DeadLetterSelection: ParsableArguments {
    @Argument(help: "The dead letter's id, as list prints it: group:partition:id.")
    var id: String?

    @Flag(help: "All that are there now.")
    var all = false

    @Flag(help: "Print the result as JSON, one object a line for each dead letter.")
    var json = false

    func validate() throws {
        if (id != nil) == all { throw ValidationError("take one dead letter's ID, or --all") }
    }
}
