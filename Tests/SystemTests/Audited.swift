import TestSupport
import Testing

/// Runs a scenario on a museum in one process or in five, and audits the data after it.
func audited(inFiveProcesses: Bool, _ scenario: (Visitor) async throws -> Void) async throws {
    let audit: (code: Int32, output: String)
    if inFiveProcesses {
        let deployment = try await TestDeployment.open()
        try await scenario(deployment.visitor)
        audit = try await deployment.audit()
    } else {
        let single = try await SingleProcess.start()
        try await scenario(single.visitor)
        audit = try await single.process.run("audit", "--wait", "20s")
    }
    #expect(audit.code == 0, "\(audit.output)")
}
