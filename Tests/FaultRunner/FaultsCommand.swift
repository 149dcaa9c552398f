public import ArgumentParser
public import FaultInjection
import Foundation
import TestSupport

/// A long run of faults: one museum after another, each with what it is to survive.
@main
struct FaultsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "faults", abstract: "Lets faults befall museums under load, and checks that nothing is lost or sold twice.")

    @Option(help: "How long to go on, in minutes.")
    var minutes = 10.0

    @Option(help: "Where chance starts; the same seed throws the same faults. Default: a new one.")
    var seed: UInt64?

    @Option(help: "Only these kinds, separated by commas.")
    var only: String?

    @Option(help: "One layout only: services or one.")
    var layout: String?

    @Option(help: "What Redis is: single, sentinel or cluster. With the last two only the layout services.")
    var topology = FaultSetup.Topology.single

    @Option(help: "The services' DURABILITY: local or replicated. Replicated needs the topology sentinel or cluster.")
    var durability = FaultSetup.Durability.local

    @Option(help: "Seconds of faults for each museum.")
    var seconds = 40

    @Option(help: "How many visitors go on booking at the same time.")
    var clients = 48

    /// How many violations are named, one a line.
    private static let shownAtMost = 30

    private func kinds() throws -> Set<FaultKind> {
        let possible = FaultKind.possible(on: topology)
        guard let only else { return possible }
        let words = only.split(separator: ",").map(String.init)
        let kinds = words.map { FaultKind(rawValue: $0) }
        guard kinds.allSatisfy({ $0.map(possible.contains) ?? false }) else {
            let names = possible.map(\.rawValue).sorted().joined(separator: ",")
            throw ValidationError("--only takes, with the topology \(topology): \(names)")
        }
        return Set(kinds.compactMap { $0 })
    }

    func validate() throws {
        if durability == .replicated, topology == .single {
            throw ValidationError("--durability replicated needs --topology sentinel or cluster")
        }
        if topology != .single, layout == FaultSetup.Layout.one.rawValue {
            throw ValidationError("--topology \(topology) has the layout services only")
        }
    }

    func run() async throws {
        let seed = seed ?? UInt64.random(in: 0...999_999)
        let kinds = try kinds()
        var random = SeededRandom(seed: seed)
        let statistics = RunStatistics()
        let start = ContinuousClock.now
        let end = start + .seconds(minutes * 60)
        var violations = 0
        var number = 0
        print("seed \(seed)")
        repeat {
            let planned = PlannedRun(
                number: number, kinds: kinds,
                layout: topology == .single ? layout.flatMap(FaultSetup.Layout.init) : .services, random: &random)
            let run = FaultRun(
                kinds: planned.kinds, layout: planned.layout, topology: topology, durability: durability, seed: random.next(),
                span: .seconds(seconds), clients: clients, statistics: statistics)
            let outcome: FaultRun.Outcome
            do {
                outcome = try await run.run()
            } catch {
                summary(statistics.now, violations, museums: number, seed: seed, took: .now - start)
                print("the harness could not do its part: \(error)")
                throw ExitCode(3)
            }
            violations += outcome.violations.count
            number += 1
            report(planned, statistics.now, violations, since: start)
            if let trace = outcome.traces.first {
                print("\n\(outcome.violations.count) violations; the shortest trace:\n\(trace)\n")
                print(outcome.journal.joined(separator: "\n"))
                for violation in outcome.violations.prefix(Self.shownAtMost) where violation.booking != "journal" {
                    print("violation: \(violation.booking) \(violation.what)")
                }
                break
            }
        } while .now < end
        summary(statistics.now, violations, museums: number, seed: seed, took: .now - start)
        if violations > 0 { throw ExitCode(1) }
    }

    private func report(
        _ planned: PlannedRun, _ counts: RunStatistics.Counts, _ violations: Int, since start: ContinuousClock.Instant
    ) {
        let injected = counts.injections.values.reduce(0) { $0 + $1.injected }
        print(
            "\(Int((ContinuousClock.now - start) / .seconds(1))) s  museum \(planned.number + 1) (\(planned.layout.rawValue)"
                + "\(planned.note)): \(counts.attempts) attempts, \(counts.kills) kills, \(injected) faults, \(violations) violations"
        )
        fflush(nil)
    }

    private func summary(_ counts: RunStatistics.Counts, _ violations: Int, museums: Int, seed: UInt64, took: Duration) {
        print(
            """

            seed \(seed), \(Int(took / .seconds(1))) s, \(museums) museums
            attempts to book   \(counts.attempts)
              booked           \(counts.booked)
              refused          \(counts.refused)
              503              \(counts.unavailable)
              outcome open     \(counts.open)
            other requests     \(counts.others)
            processes killed   \(counts.kills)
            slowest answer     \(Int(counts.slowest / .milliseconds(1))) ms
            """)
        for kind in FaultKind.allCases {
            guard let injections = counts.injections[kind] else { continue }
            print("\(Self.column(kind)) injected \(injections.injected) of \(injections.tried) times, \(injections.sum) in all")
        }
        if topology != .single { summary(ofFailovers: counts) }
        print("violations         \(violations)")
    }

    private static func column(_ kind: FaultKind) -> String {
        kind.rawValue + String(repeating: " ", count: 18 - kind.rawValue.count)
    }

    /// How long no booking was acknowledged in a partition whose primary had failed.
    private func summary(ofFailovers counts: RunStatistics.Counts) {
        for kind in FaultKind.allCases {
            guard let gaps = counts.gaps[kind]?.sorted(), let longest = gaps.last else { continue }
            let (middle, all) = (Self.text(gaps[gaps.count / 2]), gaps.map(Self.text).joined(separator: " "))
            print("gaps after \(Self.column(kind)) median \(middle) s, longest \(Self.text(longest)) s: \(all)")
        }
        let longest = counts.gaps.values.joined().max() ?? .zero
        print("longest gap        \(Self.text(longest)) s; promised \(Self.text(topology.promisedGap)) s")
        print("acknowledged bookings lost: \(counts.lost)")
        print("bookings left without seats, because others had them: \(counts.unseated)")
    }

    private static func text(_ duration: Duration) -> String {
        String(Double(Int(duration / .milliseconds(10))) / 100)
    }
}

extension FaultSetup.Topology: ExpressibleByArgument {}
extension FaultSetup.Durability: ExpressibleByArgument {}

/// One deployment of a long run, and its fault kinds.
private struct PlannedRun {
    let number: Int
    let layout: FaultSetup.Layout
    let kinds: Set<FaultKind>
    let note: String

    /// What changes how a museum is set up, or weakens what can be asked of it, is only now and then among what befalls it.
    init(number: Int, kinds: Set<FaultKind>, layout: FaultSetup.Layout?, random: inout SeededRandom) {
        self.number = number
        self.layout = layout ?? (number % 4 == 3 ? .one : .services)
        let special: [FaultKind] = [.clockJump, .diskFull, .cutLog]
        let chosen: FaultKind? = number % 2 == 1 ? special[number / 2 % special.count] : nil
        let rest = kinds.subtracting(special)
        let all = rest.isEmpty ? kinds : rest.union(chosen.map { kinds.intersection([$0]) } ?? [])
        self.kinds = all
        note = all.intersection(special).map { ", " + $0.rawValue }.sorted().joined()
    }
}
