import HTTPServer
import TestSupport
import Testing

/// Two processes of a role, one of which takes requests and never answers.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct ReplicaTests {
    /// A reservation is held by the one that hangs for its share of the time, and then goes to the other: nobody is refused.
    @Test func aMuseumThatHangs() async throws {
        let redis = try await RedisServer.start()
        let hanging = try StubServer(.saysThenHangs(""))
        let ports = try MuseumProcess.freePorts()
        let museum = try await MuseumProcess.start(["museum"], ports: ports, redis: redis)
        let book = try await MuseumProcess.start(
            ["book"], ports: ports, redis: redis, environment: ["MUSEUM_URL": "\(hanging.url),\(museum.url("museum"))"])
        let exhibition = try await Visitor(museum.url("museum")).register(capacity: 100)
        let visitor = Visitor(book.url("book"))
        for number in 0..<20 {
            let answer = try await visitor.book(exhibition, visitor: "visitor \(number)")
            #expect(answer.status == 201, "\(number): \(answer.text)")
        }
        #expect(!hanging.received.isEmpty, "the fault struck")
        let held = try await Visitor(museum.url("museum")).get("/museums/\(exhibition)").json["available"]?.integer
        #expect(held == 80)
    }

    /// What the gateway may repeat, it sends to the other process in time.
    @Test func aBookThatHangs() async throws {
        let redis = try await RedisServer.start()
        let hanging = try StubServer(.saysThenHangs(""))
        let ports = try MuseumProcess.freePorts()
        let rest = try await MuseumProcess.start(["book", "museum", "confirm", "mypage"], ports: ports, redis: redis)
        let gateway = try await MuseumProcess.start(
            ["gateway"], ports: ports, redis: redis, environment: ["BOOK_URL": "\(hanging.url),\(rest.url("book"))"])
        let visitor = Visitor(gateway.url("gateway"))
        let exhibition = try await visitor.register(capacity: 100)
        for number in 0..<6 {
            let answer = try await visitor.book(exhibition, visitor: "visitor \(number)")
            #expect(answer.status == 201, "\(number): \(answer.text)")
            #expect(try await visitor.get("/books").status == 200)
        }
        #expect(!hanging.received.isEmpty, "the fault struck")
        #expect(try await visitor.all("books").count == 6)
    }
}
