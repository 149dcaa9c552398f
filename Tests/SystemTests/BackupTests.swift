import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

/// The lines of docs/operations.md, pasted.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct BackupTests {
    /// A backup is taken while bookings go on; then everything is lost, Redis and its folder, and put back.
    @Test func lostDataIsRestoredFromABackup() async throws {
        let redis = try await RedisServer.start()
        let deployment = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: redis)
        let visitor = Visitor(deployment.url("gateway"))
        let exhibition = try await visitor.register(capacity: 100_000)
        let traffic = Traffic(visitor: visitor, exhibitions: [exhibition], edited: exhibition)
        let blocks = try Self.blocks()
        try #require(blocks.count >= 3)

        var before: [String: Bool] = [:]
        let acknowledged = LockedBox<[String]>([])
        let data = redis.folder.url.path
        // The rewrite that may be going on when the backup begins.
        let client = try redis.client()
        _ = try await traffic.during {
            for number in 0..<40 {
                let answer = try await visitor.book(exhibition, visitor: "early \(number)")
                let id = try #require(answer.json["id"]?.text)
                acknowledged.update { $0.append(id) }
            }
            _ = try await client.send("BGREWRITEAOF")
            try await paste(blocks[0], redis)
            #expect(try await client.send("CONFIG", "GET", "auto-aof-rewrite-percentage").asTexts().last == "100")
        }
        for id in acknowledged.value { before[id] = true }
        #expect(before.count == 40)

        deployment.kill()
        redis.kill()
        try FileManager.default.removeItem(atPath: data + "/appendonlydir")
        try await paste(blocks[2], redis)
        try await redis.launch()
        try await deployment.launch()
        let audit = try await deployment.run("audit", "--wait", "20s")
        #expect(audit.code == 0, "\(audit.output)")
        for id in acknowledged.value { #expect(try await visitor.get("/books/\(id)").status == 200) }
        #expect(try await visitor.book(exhibition, visitor: "late").status == 201, "and it goes on")
    }

    /// The shell's lines below "Backup and restore", block by block.
    private static func blocks() throws -> [String] {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../docs/operations.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let start = try #require(text.range(of: "## Backup and restore\n"))
        let rest = text[start.upperBound...]
        let section = rest[..<(rest.range(of: "\n## ")?.lowerBound ?? rest.endIndex)]
        return section.matches(of: /```sh\n(.*?)```/.dotMatchesNewlines()).map { String($0.1) }
    }

    private func paste(_ lines: String, _ redis: RedisServer) async throws {
        let folder = redis.folder.url
        let here = lines.replacing("-p 6390", with: "-p \(redis.port)").replacing("data/redis", with: folder.path)
        let output = folder.appendingPathComponent("pasted-\(UInt32.random(in: 0 ... .max))")
        let child = try ChildProcess("bash", ["-euc", here], folder: folder, output: output)
        #expect(try await child.waitForExit() == 0, "\(child.printed())")
    }
}
