/// Violations as they are come upon.
struct Findings {
    private(set) var violations: [Audit.Violation] = []

    mutating func expect(_ isRight: Bool, _ key: String, _ what: String) {
        if !isRight { violations.append(Audit.Violation(key: key, what: what)) }
    }
}
