/// Says now and then how far a long command is: on a terminal in place, elsewhere a line a second.
struct ProgressLine {
    private var next = ContinuousClock.now

    /// - Parameter isStep: whether a new step begins, which is said at once.
    mutating func show(_ text: @autoclosure () -> String, isStep: Bool = false) {
        guard isStep || .now >= next else { return }
        if Output.isTerminal { Output.overwrite(text()) } else { Output.note(text()) }
        next = .now + (Output.isTerminal ? .milliseconds(100) : .seconds(1))
    }

    /// Ends the line, before other output.
    func clear() { if Output.isTerminal { Output.overwrite("") } }
}
