/// How far a long operation is.
package struct OperationProgress: Sendable, Equatable {
    /// What it is doing: `a: reading bookings`.
    package let step: String
    package let done: Int
    /// `nil` if the total is not known.
    package let total: Int?
    package let detail: String

    package init(_ step: String, done: Int = 0, of total: Int? = nil, detail: String = "") {
        self.step = step
        self.done = done
        self.total = total
        self.detail = detail
    }

    /// 0 to 100; `nil` without a total.
    package var percent: Int? {
        guard let total else { return nil }
        return total <= 0 ? 100 : min(100, max(0, done) * 100 / total)
    }

    /// As a line: `a: reading bookings: 300 of 1200 (25%), 9 s left`.
    package var text: String { ([step + count] + (detail.isEmpty ? [] : [detail])).joined(separator: ", ") }

    /// As a line of a terminal with a bar: `a: reading bookings [#####---------------] 300/1200 25%, 9 s left`.
    package var bar: String {
        guard let total, let percent else { return text }
        let filled = Self.barLength * percent / 100
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: Self.barLength - filled)
        return "\(step) [\(bar)] \(min(done, total))/\(total) \(percent)%" + (detail.isEmpty ? "" : ", \(detail)")
    }

    private static let barLength = 20

    private var count: String {
        guard let total, let percent else { return done > 0 ? ": \(done)" : "" }
        return ": \(min(done, total)) of \(total) (\(percent)%)"
    }
}
