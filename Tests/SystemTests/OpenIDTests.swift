import Foundation
import HTTPServer
import TestSupport
import Testing

/// The whole flow with a real OpenID provider: discovery, mapped claims, a new key under load, and a provider that is away.
@Suite(.serialized, .timeLimit(.minutes(4)))
struct OpenIDTests {
    private static let users = [
        #"{"sub":"1","name":"mina","museum":{"roles":["staff"]}}"#, #"{"sub":"2","name":"kim","museum":{"roles":["visitor"]}}"#,
        #"{"sub":"3","name":"lee","museum":{"roles":["gardener"]}}"#,
    ]

    private func environment(_ provider: OpenIDProvider) -> [String: String] {
        [
            "AUTH_JWKS_URL": provider.url + "/.well-known/openid-configuration", "AUTH_ISSUER": provider.url,
            "AUTH_AUDIENCE": "museum", "AUTH_ROLE_CLAIM": "museum.roles", "AUTH_SUBJECT_CLAIM": "name", "RATE_LIMIT": "0",
            "ADDRESS_RATE_LIMIT": "0",
        ]
    }

    private func header(_ token: String) -> [String: String] { ["Authorization": "Bearer " + token] }

    @Test func theWholeFlow() async throws {
        let provider = try await OpenIDProvider.start(users: Self.users)
        let deployment = try await TestDeployment.open(environment: environment(provider))
        let gateway = deployment.visitor
        let staff = gateway.with(headers: header(try await provider.signIn("1", client: "museum")))
        let token = try await provider.signIn("2", client: "museum")
        let kim = gateway.with(headers: header(token))
        let exhibition = try await staff.register(capacity: 100)
        let booked = try await kim.send("POST", "/books", #"{"museumId":"\#(exhibition)"}"#)
        #expect(booked.status == 201)
        #expect(booked.json["visitor"]?.text == "kim")
        let id = try #require(booked.json["id"]?.text)
        try await eventually("the admission is there") {
            try await kim.get("/myPages/\(id)").json["admission"]?.text == "CONFIRMED"
        }
        #expect(try await kim.get("/books").status == 403)
        let other = header(try await provider.signIn("3", client: "museum"))
        #expect(try await gateway.get("/myPages", headers: other).status == 403)
        let foreign = header(try await provider.signIn("2", client: "another-application"))
        #expect(try await gateway.get("/myPages", headers: foreign).status == 401)

        // A browser signs in with the same token.
        let session = try await gateway.send("POST", "/sessions", #"{"token":"\#(token)"}"#)
        #expect(session.json["subject"]?.text == "kim")
    }

    @Test func aNewKeyUnderLoadFailsNoRequest() async throws {
        let provider = try await OpenIDProvider.start(users: Self.users)
        let deployment = try await TestDeployment.open(environment: environment(provider))
        let gateway = deployment.visitor
        let older = header(try await provider.signIn("2", client: "museum"))
        #expect(try await gateway.get("/myPages", headers: older).status == 200)

        let token = LockedBox(older)
        let isOver = LockedBox(false)
        let failures = LockedBox<[String]>([])
        let answered = LockedBox(0)
        let load = Task {
            while !isOver.value {
                do {
                    let headers = token.value
                    let answer = try await gateway.get("/myPages", headers: headers)
                    answered.update { $0 += 1 }
                    if answer.status != 200 { failures.update { $0.append("\(answer.status) \(answer.text)") } }
                } catch {
                    failures.update { $0.append("\(error)") }
                }
            }
        }
        // Away: whoever has a token goes on.
        provider.kill()
        let away = answered.value
        try await eventually("requests go on without the provider") { answered.value > away + 50 }
        // Back with another key; old tokens are used until the first new one is seen.
        try await provider.launch()
        token.value = header(try await provider.signIn("2", client: "museum"))
        let back = answered.value
        try await eventually("requests go on with the new key") { answered.value > back + 50 }
        isOver.value = true
        await load.value
        #expect(failures.value.isEmpty, "\(failures.value.prefix(3)) of \(answered.value)")
        // The old key is not in the set any more.
        #expect(try await gateway.get("/myPages", headers: older).status == 401)
    }

    @Test func withoutTheProviderItSaysSo() async throws {
        let provider = try await OpenIDProvider.start(users: Self.users)
        let token = try await provider.signIn("2", client: "museum")
        provider.kill()
        let redis = try await RedisServer.start()
        let process = try await MuseumProcess.start(
            ports: try MuseumProcess.freePorts(), redis: redis, environment: environment(provider))
        let gateway = Visitor(process.url("gateway"))
        let answer = try await gateway.get("/myPages", headers: header(token))
        #expect(answer.status == 503)
        #expect(answer.problem == "keys-unavailable")
        #expect(answer.header("Retry-After") == "1")
        #expect(try await gateway.get("/museums").status == 200)
        try await provider.launch()
        let again = header(try await provider.signIn("2", client: "museum"))
        try await eventually("the keys are there", within: .seconds(15)) {
            try await gateway.get("/myPages", headers: again).status == 200
        }
    }
}
