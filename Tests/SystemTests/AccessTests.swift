import Chassis
import Foundation
import Redis
import TestSupport
import Testing

/// Each role as its own Redis user: it writes its own keys, reads and acknowledges what it hears, and nothing else.
@Suite(.timeLimit(.minutes(3)))
struct AccessTests {
    /// A server with the project's users, and the default user for the test's own eyes.
    private static func guardedServer() async throws -> (RedisServer, TemporaryFolder) {
        let users = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../redis/users.acl")
        let folder = try TemporaryFolder()
        let acl = folder.url.appendingPathComponent("users.acl")
        let text = try String(contentsOf: users.standardized, encoding: .utf8)
        #expect(text.contains("user default off\n"))
        try Data(text.replacing("user default off", with: "user default on nopass ~* &* +@all").utf8).write(to: acl)
        return (try await RedisServer.start(["--aclfile", acl.path]), folder)
    }

    @Test func rolesNeedNoMoreThanTheirUsersMay() async throws {
        let (redis, folder) = try await Self.guardedServer()
        defer { withExtendedLifetime(folder) {} }
        let ports = try MuseumProcess.freePorts()
        var houses: [String: MuseumProcess] = [:]
        for role in MuseumProcess.allRoles {
            let url = "redis://\(role):\(role)@127.0.0.1:\(redis.port)"
            houses[role] = try await MuseumProcess.start([role], ports: ports, redis: redis, environment: ["REDIS_URL": url])
        }
        let client = try redis.client()
        let visitor = Visitor("http://127.0.0.1:\(ports["gateway"]!)")
        let exhibition = try await visitor.register(capacity: 50)
        var ids: [String] = []
        for number in 0..<20 {
            ids.append(try #require(try await visitor.book(exhibition, visitor: "visitor \(number)").json["id"]?.text))
        }
        for id in ids.prefix(5) { #expect(try await visitor.delete("/books/\(id)").status == 200) }
        #expect(try await visitor.send("PATCH", "/museums/\(exhibition)", #"{"capacity":60}"#).status == 200)
        for relation in ["museums", "books", "confirms", "myPages"] { _ = try await visitor.all(relation) }
        _ = try await client.send("XGROUP", "DESTROY", "book:{a}:events", "confirm")
        _ = try await client.send("XADD", "book:{a}:events", "*", "eventType", "Nonsense")
        houses["confirm"]?.kill()
        try await houses["confirm"]?.launch()
        #expect(try await visitor.delete("/museums/\(exhibition)").status == 202)
        let audit = try await MuseumProcess.start(["gateway"], ports: try MuseumProcess.freePorts(), redis: redis).run(
            "audit", "--wait", "20s")
        #expect(audit.code == 0, "\(audit.output)")
        for role in MuseumProcess.allRoles { #expect(try await houses[role]?.stop() == 0) }
        let denied = try await client.send("ACL", "LOG")
        #expect(denied == .array([]), "\(denied)")
    }

    @Test(arguments: ["museum", "book", "confirm", "mypage", "gateway"])
    func nobodyTouchesAnotherRoom(role: String) async throws {
        let (redis, folder) = try await Self.guardedServer()
        defer { withExtendedLifetime(folder) {} }
        let client = RedisClient(try RedisEndpoint(url: "redis://\(role):\(role)@127.0.0.1:\(redis.port)"))
        let rooms = ["museum", "book", "confirm", "mypage"].filter { $0 != role }
        var forbidden = [
            ["KEYS", "*"], ["FLUSHALL"], ["CONFIG", "GET", "dir"], ["SHUTDOWN"], ["ACL", "LIST"],
            ["CLIENT", "KILL", "TYPE", "normal"],
        ]
        for room in rooms {
            forbidden += [
                ["XADD", "\(room):{a}:events", "*", "a", "b"], ["HSET", "\(room):{a}:a1", "a", "b"],
                ["HGETALL", "\(room):{a}:a1"],
                ["DEL", "\(room):{a}:events"], ["XTRIM", "\(room):{a}:events", "MAXLEN", "0"],
                ["EVAL", "return redis.call('XADD', KEYS[1], '*', 'a', 'b')", "1", "\(room):{a}:events"],
            ]
        }
        for words in forbidden {
            switch await client.send([Command(words)])[0] {
            case .failure(.refused(let message)): #expect(message.hasPrefix("NOPERM"))
            case .failure(.inDoubt(let message)): #expect(message.hasPrefix("ERR The user executing the script"))
            case let result: Issue.record("\(role) may \(words): \(result)")
            }
        }
    }
}
