import Operations

/// Shows now and then how far a long command is: on a terminal as one line that is overwritten, elsewhere as a line a second.
struct ProgressLine {
    /// Whether nothing is shown where stderr is no terminal.
    var isForTerminalsOnly = false
    private var next = ContinuousClock.now

    init(isForTerminalsOnly: Bool = false) { self.isForTerminalsOnly = isForTerminalsOnly }

    /// - Parameter isStep: whether a new step begins, which is shown at once.
    mutating func show(_ progress: OperationProgress, isStep: Bool = false) {
        guard isStep || .now >= next, Output.isTerminal || !isForTerminalsOnly else { return }
        if Output.isTerminal { Output.overwrite(progress.bar) } else { Output.note(progress.text) }
        next = .now + (Output.isTerminal ? .milliseconds(100) : .seconds(1))
    }

    /// Removes the line, before other output.
    func clear() { if Output.isTerminal { Output.overwrite("") } }
}
