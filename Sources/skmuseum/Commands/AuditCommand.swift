import ArgumentParser
import Chassis
import Contracts

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Checks the invariants on live data; exits 0 only if all hold.")

    @OptionGroup var common: CommonOptions

    @Option(help: "How long to wait for consumers to catch up: 500ms, 10s, 2m.")
    var wait = "10s"

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    /// How often a violation is looked at again before it is believed: something may have changed meanwhile.
    private static let looks = 3

    func validate() throws {
        if DurationText.parse(wait) == nil { throw ValidationError("--wait takes a duration, such as 10s") }
    }

    func run() async throws {
        try await Complaint.reporting {
            let keyspace = try await Keyspace.open(try common.settings())
            let wait = DurationText.parse(wait) ?? .seconds(10)
            var audit = Audit(keyspace)
            var violations = Set(try await audit.instant())
            var behind = try await keyspace.settle(within: wait)
            if behind.isEmpty {
                var found = Set(try await audit.deep())
                for _ in 1..<Self.looks where !found.isEmpty {
                    behind = try await keyspace.settle(within: wait)
                    found.formIntersection(try await audit.deep())
                }
                violations.formUnion(found)
            }
            report(violations, behind: behind, counts: audit.counts)
            if !violations.isEmpty { throw Complaint("audit: \(violations.count) violations") }
            if !behind.isEmpty { throw Complaint("audit: not settled within \(self.wait); is every role running?") }
        }
    }

    private func report(
        _ violations: Set<Audit.Violation>, behind: [(subscription: Subscription, behind: Int)], counts: Audit.Counts
    ) {
        let sorted = violations.sorted { ($0.key, $0.what) < ($1.key, $1.what) }
        let late = behind.map { "\($0.subscription.group.rawValue) is \($0.behind) events behind on \($0.subscription.stream)" }
        guard json else {
            for violation in sorted { Output.line("\(violation.key)  \(violation.what)") }
            for line in late { Output.line(line) }
            if sorted.isEmpty, late.isEmpty {
                Output.line("all invariants hold: \(counts.exhibitions) exhibitions, \(counts.bookings) bookings")
            }
            return
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("ok", sorted.isEmpty && late.isEmpty)
            writer.member("settled", late.isEmpty)
            writer.member("exhibitions", counts.exhibitions)
            writer.member("bookings", counts.bookings)
            writer.array("violations", sorted) { writer, violation in
                writer.object { writer in
                    writer.member("key", violation.key)
                    writer.member("what", violation.what)
                }
            }
            writer.array("behind", late) { $0.value($1) }
        }
        Output.line(writer.text)
    }
}
