import Foundation
import HTTPServer
import Redis
import TestSupport
import Testing

/// `DURABILITY=replicated`: what is answered 2xx is on a replica, and what is not there is answered otherwise. D2.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct ReplicatedDurabilityTests {
    private static func museum(_ servers: ReplicatedRedis) async throws -> MuseumProcess {
        try await MuseumProcess.start(
            ports: try MuseumProcess.freePorts(), redis: servers.primary, environment: ["DURABILITY": "replicated"])
    }

    /// The primary is lost under load, while the replica lags now and then. Every booking that got 201 is on the replica with its
    /// seats, and every one whose cancel got 200 is canceled there.
    @Test func whatWasAnsweredSurvivesTheLossOfThePrimary() async throws {
        let servers = try await ReplicatedRedis.start()
        let museum = try await Self.museum(servers)
        let visitor = Visitor(museum.url("gateway"))
        let exhibition = try await visitor.register(capacity: 100_000)
        let (booked, canceled, attempts) = (LockedBox<[String]>([]), LockedBox<[String]>([]), LockedBox(0))
        let isOver = LockedBox(false)
        try await withThrowingTaskGroup { group in
            for number in 0..<16 {
                group.addTask {
                    while !isOver.value {
                        attempts.update { $0 += 1 }
                        guard let answer = try? await visitor.book(exhibition, visitor: "visitor \(number)"),
                            answer.status == 201,
                            let id = answer.json["id"]?.text
                        else { continue }
                        guard number % 4 == 0 else {
                            booked.update { $0.append(id) }
                            continue
                        }
                        // A cancel with an unknown outcome says nothing of the booking.
                        if try await visitor.delete("/books/\(id)").status == 200 { canceled.update { $0.append(id) } }
                    }
                }
            }
            // Lags that are shorter than what a write waits for a replica, and then one that is longer.
            for _ in 0..<6 {
                try await eventually("bookings go on", within: .seconds(20)) { [count = booked.value.count] in
                    booked.value.count > count + 20
                }
                servers.replica.signal(SIGSTOP)
                try await eventually("a write waits for the replica", every: .milliseconds(2)) { try await servers.isAwaited() }
                servers.replica.signal(SIGCONT)
            }
            servers.replica.signal(SIGSTOP)
            let before = attempts.value
            try await eventually("bookings are in doubt", within: .seconds(20)) { attempts.value > before + 8 }
            try await servers.failOver()
            isOver.value = true
            try await group.waitForAll()
        }
        let copy = try servers.replica.client()
        let seats = try await copy.send("HGETALL", "museum:{a}:\(exhibition):seats").asFields()
        var lost: [String] = []
        for id in booked.value {
            let status = try await copy.send("HGET", "book:{a}:\(id)", "status").asOptionalText()
            if status == nil || seats[id] != "1" { lost.append("\(id) \(status ?? "missing") \(seats[id] ?? "none")") }
        }
        for id in canceled.value where try await copy.send("HGET", "book:{a}:\(id)", "status") != .text("CANCELED") {
            lost.append(id)
        }
        #expect(lost.isEmpty, "\(lost.count) lost: \(lost.prefix(3))")
        #expect(booked.value.count > 100 && !canceled.value.isEmpty)
        print("\(attempts.value) attempts, \(booked.value.count) booked, \(canceled.value.count) canceled, \(lost.count) lost")
    }

    /// While the replica does not follow, nothing is answered 2xx and nothing is held; afterwards all is as before.
    @Test func withoutAReplicaNothingIsAcknowledged() async throws {
        let servers = try await ReplicatedRedis.start()
        let museum = try await Self.museum(servers)
        let visitor = Visitor(museum.url("gateway"))
        let exhibition = try await visitor.register(capacity: 10)
        let id = try #require(try await visitor.book(exhibition, visitor: "kim", seats: 4, key: "first").json["id"]?.text)
        servers.replica.signal(SIGSTOP)
        var statuses: [Int] = []
        for number in 0..<3 {
            let answer = try await visitor.book(exhibition, visitor: "visitor \(number)", key: number == 0 ? "key" : nil)
            #expect([503, 504].contains(answer.status), "\(answer.text)")
            statuses.append(answer.status)
        }
        for (method, path, body) in [
            ("POST", "/museums", #"{"hall":"A hall","date":"2099-12-24","capacity":5}"#),
            ("PATCH", "/museums/\(exhibition)", #"{"capacity":60}"#), ("PATCH", "/books/\(id)", #"{"seats":3}"#),
            ("DELETE", "/books/\(id)", nil), ("DELETE", "/museums/\(exhibition)", nil),
        ] as [(String, String, String?)] {
            let answer = try await visitor.send(method, path, body)
            #expect([503, 504].contains(answer.status), "\(method) \(path): \(answer.text)")
        }
        #expect(try await visitor.get("/books/\(id)").status == 200, "reads go on")
        let metrics = try await visitor.get("/metrics").text
        #expect(metrics.contains(#"skmuseum_replication_waits_unconfirmed_total{service="book"}"#))
        try await eventually("no seats are held") {
            try await servers.primary.client().send("HGET", "museum:{a}:\(exhibition)", "held") == .text("0")
        }
        servers.replica.signal(SIGCONT)
        let other = try await visitor.register(capacity: 10)
        try await eventually("bookings go on") { try await visitor.book(other, visitor: "kim").status == 201 }
        print("without a replica: \(statuses)")
        let audit = try await museum.run("audit", "--wait", "20s")
        #expect(audit.code == 0, "\(audit.output)")
    }

    /// A replica that is late once costs no booking: it is sent a second time.
    @Test func aShortLagCostsNoBooking() async throws {
        let servers = try await ReplicatedRedis.start()
        let museum = try await Self.museum(servers)
        let visitor = Visitor(museum.url("gateway"))
        let exhibition = try await visitor.register(capacity: 10)
        servers.replica.signal(SIGSTOP)
        async let answer = visitor.book(exhibition, visitor: "kim", seats: 2)
        try await eventually("a wait has ended without the replica", every: .milliseconds(2)) {
            try await visitor.get("/metrics").text.contains(
                #"skmuseum_replication_waits_unconfirmed_total{service="museum"} 1"#)
        }
        servers.replica.signal(SIGCONT)
        let booked = try await answer
        #expect(booked.status == 201, "\(booked.text)")
        try await eventually("it is completed") {
            try await visitor.get(booked.header("Location") ?? "").json["status"]?.text == "REQUEST_COMPLETED"
        }
        #expect(try await visitor.get("/museums/\(exhibition)").json["available"]?.integer == 8)
    }

    /// A booking that is recorded and not yet on the replica is not answered as a replay either.
    @Test func aReplayWaitsForTheReplica() async throws {
        let servers = try await ReplicatedRedis.start()
        let museum = try await Self.museum(servers)
        let local = try await MuseumProcess.start(ports: try MuseumProcess.freePorts(), redis: servers.primary)
        let visitor = Visitor(museum.url("gateway"))
        let exhibition = try await visitor.register(capacity: 10)
        let file = #"{"hall":"A hall","date":"2099-12-24","capacity":5}"#
        servers.replica.signal(SIGSTOP)
        #expect(try await Visitor(local.url("gateway")).book(exhibition, visitor: "kim", key: "one").status == 201)
        #expect(
            try await Visitor(local.url("gateway")).send("POST", "/museums", file, headers: ["Idempotency-Key": "two"]).status
                == 201)
        #expect([503, 504].contains(try await visitor.book(exhibition, visitor: "kim", key: "one").status))
        #expect(
            [503, 504].contains(try await visitor.send("POST", "/museums", file, headers: ["Idempotency-Key": "two"]).status))
        servers.replica.signal(SIGCONT)
        let answer = try await visitor.book(exhibition, visitor: "kim", key: "one")
        #expect(answer.status == 201 && answer.header("Idempotent-Replayed") == "true", "\(answer.text)")
        #expect(try await visitor.send("POST", "/museums", file, headers: ["Idempotency-Key": "two"]).status == 201)
    }

    /// 64 bookings at once share a few WAITs, and the roles' users may send them.
    @Test func bookingsShareWaits() async throws {
        let guarded = try await GuardedRedis.start(["--repl-diskless-sync-delay", "0"])
        let servers = try await ReplicatedRedis.following(guarded.server)
        let ports = try MuseumProcess.freePorts()
        var processes: [MuseumProcess] = []
        for role in MuseumProcess.allRoles {
            processes.append(
                try await MuseumProcess.start(
                    [role], ports: ports, redis: servers.primary,
                    environment: ["REDIS_URL": guarded.url(of: role), "DURABILITY": "replicated"]))
        }
        let visitor = Visitor("http://127.0.0.1:\(ports["gateway"]!)")
        let exhibition = try await visitor.register(capacity: 100)
        #expect(try await visitor.book(exhibition, visitor: "first").status == 201)
        let client = try servers.primary.client()
        let before = try await client.calls(of: "wait")
        let statuses = await withTaskGroup(of: Int?.self) { group in
            for number in 0..<64 {
                group.addTask { try? await visitor.book(exhibition, visitor: "visitor \(number)").status }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.allSatisfy { $0 == 201 }, "\(statuses)")
        let waits = try await client.calls(of: "wait") - before
        #expect((2...42).contains(waits), "\(waits)")
        print("64 bookings at once: \(waits) WAIT")
        #expect(try await client.send("ACL", "LOG") == .array([]))
        withExtendedLifetime((guarded, processes)) {}
    }

    /// The embedded server has no replica.
    @Test func theEmbeddedServerCannotReplicate() async throws {
        let process = try MuseumProcess(
            roles: MuseumProcess.allRoles, ports: try MuseumProcess.freePorts(), environment: ["DURABILITY": "replicated"])
        try process.begin()
        #expect(try await process.waitForExit() == 78)
        #expect(
            process.printed().contains("DURABILITY is replicated, but the embedded redis-server has no replica; set REDIS_URL"))
    }
}
