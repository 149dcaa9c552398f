import FaultInjection
import Foundation
import TestSupport
import Testing

/// Each kind of fault for a few seconds, in a deployment of nine processes or of one: nothing is lost, nothing is sold twice.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct FaultTests {
    /// Only root can limit the size of a file system.
    static let kinds = FaultKind.allCases.filter {
        FaultKind.possible(on: .single).contains($0) && ($0 != .diskFull || geteuid() == 0)
    }

    @Test(arguments: kinds)
    func nothingIsLostAndNothingIsSoldTwice(_ kind: FaultKind) async throws {
        let number = FaultKind.allCases.firstIndex(of: kind)!
        let layout: FaultSetup.Layout =
            number.isMultiple(of: 3) && !FaultSetup.possible([kind], in: .one).isEmpty ? .one : .services
        let run = FaultRun(kinds: [kind], layout: layout, seed: UInt64(number), span: .seconds(6), clients: 12)
        let outcome = try await run.run()
        #expect(outcome.violations.isEmpty, "\(outcome.traces.first ?? "")")
        let counts = run.statistics.now
        #expect(counts.booked > 20, "there was a crowd: \(counts)")
        let injections = counts.injections[kind]
        #expect((injections?.injected ?? 0) > 0, "the fault took effect: \(counts)")
        print("\(kind.rawValue), seed \(run.seed): injected \(injections?.injected ?? 0) times, \(counts.attempts) attempts")
    }

    /// Without faults the checker finds no violation, and every refusal follows the booking rules.
    @Test func aRunWithoutFaultsHasNoViolations() async throws {
        let run = FaultRun(kinds: [], layout: .services, seed: 1, span: .seconds(5), clients: 12)
        let outcome = try await run.run()
        #expect(outcome.violations.isEmpty, "\(outcome.traces.first ?? "")")
        #expect(run.statistics.now.open == 0 && run.statistics.now.unavailable == 0, "\(run.statistics.now)")
    }
}
