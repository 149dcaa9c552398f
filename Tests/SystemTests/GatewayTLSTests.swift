import Foundation
import TestSupport
import Testing

/// The gateway over TLS: who trusts its certificate's authority reaches it, and a new certificate needs no restart.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct GatewayTLSTests {
    private func curl(_ arguments: String..., folder: URL) async throws -> (code: Int32, output: String) {
        let output = folder.appendingPathComponent("curl-\(UInt32.random(in: 0 ... .max)).log")
        let process = try ChildProcess("curl", ["-sS", "--max-time", "5"] + arguments, folder: folder, output: output)
        return (try await process.waitForExit(), process.printed())
    }

    @Test func theGatewaySpeaksTLS() async throws {
        let folder = try TemporaryFolder()
        let authority = try await Authority.make()
        let first = try await authority.sign("DNS:localhost,IP:127.0.0.1")
        let certificate = folder.url.appendingPathComponent("tls.crt")
        let key = folder.url.appendingPathComponent("tls.key")
        func install(_ signed: Authority.Signed) throws {
            try String(contentsOfFile: signed.certificate, encoding: .utf8).write(
                to: certificate, atomically: true, encoding: .utf8)
            try String(contentsOfFile: signed.key, encoding: .utf8).write(to: key, atomically: true, encoding: .utf8)
        }
        try install(first)
        let redis = try await RedisServer.start()
        let ports = try MuseumProcess.freePorts()
        let process = try MuseumProcess.prepared(
            ports: ports, redis: redis, environment: ["TLS_CERT_FILE": certificate.path, "TLS_KEY_FILE": key.path])
        try process.begin()
        let gateway = "https://127.0.0.1:\(ports["gateway"]!)"
        try await eventually("the gateway is ready") {
            try await curl("--cacert", authority.certificate, gateway + "/readyz", folder: folder.url).output == "ready\n"
        }
        #expect(process.printed().contains("curl -s https://127.0.0.1"))

        let registered = try await curl(
            "--cacert", authority.certificate, gateway + "/museums", "-H", "Content-Type: application/json", "-d",
            #"{"hall":"A hall","date":"2099-12-24","capacity":20}"#, folder: folder.url)
        #expect(registered.output.contains(#""id":"a1""#), "\(registered.output)")
        // Many requests on one connection, by both ways of serving.
        let many = try await curl(
            "--cacert", authority.certificate, gateway + "/museums/a1", gateway + "/museums", gateway + "/museums/a1",
            folder: folder.url)
        #expect(many.code == 0 && many.output.components(separatedBy: "Monet").count >= 1)
        // Nobody else's authority, no plain HTTP, no old protocol.
        #expect(try await curl(gateway + "/museums", folder: folder.url).code == 60)
        #expect(try await curl("http://127.0.0.1:\(ports["gateway"]!)/museums", folder: folder.url).code != 0)
        #expect(
            try await curl(
                "--tls-max", "1.1", "--cacert", authority.certificate, gateway + "/museums", folder: folder.url
            ).code != 0)
        #expect(try await process.run("health").code == 0)

        // A key that is not the certificate's is no change; a pair that fits is taken.
        let other = try await Authority.make()
        let second = try await other.sign("DNS:localhost,IP:127.0.0.1")
        try String(contentsOfFile: second.key, encoding: .utf8).write(to: key, atomically: true, encoding: .utf8)
        try await eventually("the mismatch is logged", within: .seconds(15)) {
            process.printed().contains("certificate can't be read again")
        }
        #expect(try await curl("--cacert", authority.certificate, gateway + "/readyz", folder: folder.url).output == "ready\n")
        try install(second)
        try await eventually("the new certificate is used", within: .seconds(15)) {
            try await curl("--cacert", other.certificate, gateway + "/readyz", folder: folder.url).output == "ready\n"
        }
        #expect(try await curl("--cacert", authority.certificate, gateway + "/readyz", folder: folder.url).code == 60)
        #expect(try await process.stop() == 0)
    }

    @Test(arguments: [
        ([("TLS_CERT_FILE", "/nowhere")], "TLS_KEY_FILE is not set, but TLS_CERT_FILE is"),
        ([("TLS_KEY_FILE", "/nowhere")], "TLS_CERT_FILE is not set, but TLS_KEY_FILE is"),
        ([("TLS_CERT_FILE", "/nowhere"), ("TLS_KEY_FILE", "/nowhere")], "TLS_CERT_FILE names /nowhere, which can't be read"),
        ([("TLS_CERT_FILE", "/etc/passwd"), ("TLS_KEY_FILE", "/etc/passwd")], "which has no certificate"),
    ])
    func whatIsNoPairIsRefusedAtStart(settings: [(String, String)], reason: String) async throws {
        let redis = try await RedisServer.start()
        let process = try MuseumProcess.prepared(
            ports: try MuseumProcess.freePorts(), redis: redis, environment: Dictionary(settings) { $1 })
        try process.begin()
        #expect(try await process.waitForExit() == 78)
        #expect(process.printed().contains(reason), "\(process.printed())")
    }
}
