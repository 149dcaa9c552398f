/// Collects violations.
package struct Findings {
    package private(set) var violations: [Audit.Violation] = []

    package init() {}

    package mutating func expect(_ isRight: Bool, _ key: String, _ what: String) {
        if !isRight { violations.append(Audit.Violation(key: key, what: what)) }
    }
}
