import HTTPServer
import NIOCore
import NIOHTTP1
import Platform
import TestSupport
import Testing

/// Two replicas of a role restart one after the other under load, and no request fails.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct RollingRestartTests {
    /// Never shut down: they are for the whole run.
    private static let connections = UpstreamConnections()
    private static let services = ["book", "museum", "confirm", "mypage"]

    /// Two of each service, each in its own process, and gateways that know all of them.
    private static func open(gateways: Int, delay: String, redis: RedisServer) async throws -> [[String: MuseumProcess]] {
        let ports = [try MuseumProcess.freePorts(), try MuseumProcess.freePorts()]
        var environment = ["DRAIN_DELAY": delay]
        for service in services {
            environment["\(service.uppercased())_URL"] = ports.map { "http://127.0.0.1:\($0[service]!)" }.joined(separator: ",")
        }
        var replicas: [[String: MuseumProcess]] = [[:], [:]]
        for (index, ports) in ports.enumerated() {
            for role in services + (index < gateways ? ["gateway"] : []) {
                replicas[index][role] = try await MuseumProcess.start(
                    [role], ports: ports, redis: redis, environment: environment)
            }
        }
        return replicas
    }

    /// Runs requests side by side until the work ends.
    /// - Returns: how many were answered, and the answers that were not expected.
    private static func load(
        _ lanes: Int, _ step: @escaping @Sendable (_ lane: Int, _ number: Int) async throws -> (status: Int, isExpected: Bool),
        during work: () async throws -> Void
    ) async throws -> (answered: Int, failures: [String]) {
        let (isOver, answered, failures) = (LockedBox(false), LockedBox(0), LockedBox<[String]>([]))
        let clients = Task {
            await withTaskGroup { group in
                for lane in 0..<lanes {
                    group.addTask {
                        var number = 0
                        while !isOver.value {
                            number += 1
                            do {
                                let (status, isExpected) = try await step(lane, number)
                                answered.update { $0 += 1 }
                                if !isExpected { failures.update { $0.append("\(lane) \(number): \(status)") } }
                            } catch {
                                failures.update { $0.append("\(lane) \(number): \(error)") }
                            }
                            try? await Task.sleep(for: .milliseconds(5))
                        }
                    }
                }
            }
        }
        defer { isOver.value = true }
        try await work()
        isOver.value = true
        await clients.value
        return (answered.value, failures.value)
    }

    /// Without a delay what may be repeated is sent to the other replica. With one, what must not be repeated does not fail
    /// either: nothing is sent to a replica when its port closes.
    @Test(arguments: ["0s", "1s"])
    func services(delay: String) async throws {
        let redis = try await RedisServer.start()
        let replicas = try await Self.open(gateways: 1, delay: delay, redis: redis)
        let visitor = Visitor(replicas[0]["gateway"]!.url("gateway"))
        let exhibition = try await visitor.register(capacity: 100_000)
        let edited = try await visitor.register(capacity: 1)
        let id = try #require(try await visitor.book(exhibition, visitor: "kim").json["id"]?.text)
        try await eventually("every service has the booking") { try await visitor.get("/myPages/\(id)").status == 200 }
        try await eventually("and its admission") { try await visitor.get("/confirms/\(id)").status == 200 }
        let paths = ["/museums/\(exhibition)", "/books/\(id)", "/confirms/\(id)", "/myPages/\(id)"]

        let (answered, failures) = try await Self.load(8) { lane, number in
            if number.isMultiple(of: 3) {
                let answer = try await visitor.book(exhibition, visitor: "visitor \(lane)-\(number)")
                return (answer.status, answer.status == 201)
            }
            if delay != "0s", lane == 0 {
                let answer = try await visitor.send("PATCH", "/museums/\(edited)", #"{"title":"number \#(number)"}"#)
                return (answer.status, answer.status == 200)
            }
            let answer = try await visitor.get(paths[number % paths.count])
            return (answer.status, answer.status == 200)
        } during: {
            for replica in replicas {
                for service in Self.services {
                    #expect(try await replica[service]!.stop() == 0)
                    try await replica[service]!.launch()
                }
            }
        }
        print("rolling restart of services, DRAIN_DELAY=\(delay): \(answered) answered, \(failures.count) failed")
        #expect(failures.isEmpty && answered > 100, "\(answered) answered; \(failures.prefix(5))")
        let audit = try await replicas[0]["book"]!.run("audit", "--wait", "20s")
        #expect(audit.code == 0, "\(audit.output)")
    }

    /// Behind a balancer that passes on what one gateway does not answer, as nginx does with a key.
    @Test func gateways() async throws {
        let redis = try await RedisServer.start()
        let replicas = try await Self.open(gateways: 2, delay: "0s", redis: redis)
        let gateways = replicas.map { $0["gateway"]! }
        let exhibition = try await Visitor(gateways[0].url("gateway")).register(capacity: 100_000)
        let balancer = Upstream(urls: gateways.map { $0.url("gateway") }, connections: Self.connections)

        let (answered, failures) = try await Self.load(8) { lane, number in
            let deadline = ContinuousClock.now + .seconds(10)
            if number.isMultiple(of: 2) {
                let answer = try await balancer.send(
                    .GET, "/museums/\(exhibition)", headers: [:], body: nil, repetition: .byUpstream, deadline: deadline)
                return (answer.status, answer.status == 200)
            }
            let answer = try await balancer.send(
                .POST, "/books", headers: ["Content-Type": "application/json", "Idempotency-Key": "\(lane)-\(number)"],
                body: ByteBuffer(string: #"{"museumId":"\#(exhibition)","visitor":"visitor \#(lane)"}"#), repetition: .byUpstream,
                deadline: deadline)
            return (answer.status, answer.status == 201)
        } during: {
            for _ in 1...2 {
                for gateway in gateways {
                    #expect(try await gateway.stop() == 0)
                    try await gateway.launch()
                }
            }
        }
        print("rolling restart of gateways: \(answered) answered, \(failures.count) failed")
        #expect(failures.isEmpty && answered > 100, "\(answered) answered; \(failures.prefix(5))")
    }
}
