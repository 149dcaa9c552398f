import Contracts
package import HTTPServer

extension Audit.Outcome {
    /// The violations in the order in which they are shown.
    package var sorted: [Audit.Violation] { violations.sorted { ($0.key, $0.what) < ($1.key, $1.what) } }

    /// A line for each group that is behind.
    package var late: [String] {
        behind.map { "\($0.subscription.group.rawValue) is \($0.behind) events behind on \($0.subscription.stream)" }
    }

    package func write(to writer: inout JSONWriter, counts: Audit.Counts) {
        writer.object { writer in
            writer.member("ok", violations.isEmpty && behind.isEmpty && unsettled.isEmpty)
            writer.member("settled", behind.isEmpty)
            writer.member("exhibitions", counts.exhibitions)
            writer.member("bookings", counts.bookings)
            writer.objects("violations", sorted) { writer, violation in
                writer.member("key", violation.key)
                writer.member("what", violation.what)
            }
            writer.array("behind", late) { $0.value($1) }
        }
    }
}
