import Redis
import Testing

/// Where a server is, read from a URL.
struct RedisEndpointTests {
    @Test func overTCP() throws {
        let plain = try RedisEndpoint(url: "redis://localhost")
        #expect(plain.address == .tcp(host: "localhost", port: 6379))
        #expect(plain.user == nil && plain.password == nil && plain.database == 0)
        #expect(try RedisEndpoint(url: "redis://10.0.0.1:7000/3").address == .tcp(host: "10.0.0.1", port: 7000))
        #expect(try RedisEndpoint(url: "redis://10.0.0.1:7000/3").database == 3)
        #expect(try RedisEndpoint(url: "redis://host/").database == 0)
        #expect(try RedisEndpoint(url: "redis://[::1]:7000").address == .tcp(host: "::1", port: 7000))
    }

    @Test func withAUser() throws {
        let full = try RedisEndpoint(url: "redis://book:p%40ss%3Aw%2Frd%25@redis.internal:6380/0")
        #expect(full.user == "book" && full.password == "p@ss:w/rd%")
        #expect(full.address == .tcp(host: "redis.internal", port: 6380))
        let password = try RedisEndpoint(url: "redis://:secret@host")
        #expect(password.user == nil && password.password == "secret")
    }

    @Test func overTLS() throws {
        let plain = try RedisEndpoint(url: "rediss://book:p%40ss@localhost/3")
        #expect(plain.address == .tcp(host: "localhost", port: 6379) && plain.database == 3 && plain.password == "p@ss")
        #expect(plain.tls?.authorities == nil && plain.tls != nil && plain.tls?.identity == nil)
        let full = try RedisEndpoint(url: "rediss://[::1]:7000?ca=/etc/redis/my%20ca.pem&key=/k.pem&cert=/c.pem")
        #expect(full.address == .tcp(host: "::1", port: 7000) && full.tls?.authorities == "/etc/redis/my ca.pem")
        #expect(full.tls?.identity?.certificate == "/c.pem" && full.tls?.identity?.key == "/k.pem")
        #expect(try RedisEndpoint(url: "redis://localhost").tls == nil)
        #expect(try RedisEndpoint(url: "rediss://localhost") != RedisEndpoint(url: "redis://localhost"))
    }

    @Test func overASocket() throws {
        let plain = try RedisEndpoint(url: "unix:///run/redis.sock")
        #expect(plain.address == .unix(path: "/run/redis.sock") && plain.database == 0)
        #expect(try RedisEndpoint(url: "unix:///run/redis.sock?db=2").database == 2)
        let path = "/" + String(repeating: "a", count: 99)
        #expect(try RedisEndpoint(url: "unix://" + path).address == .unix(path: path))
    }

    @Test func ofSentinels() throws {
        let endpoint = try RedisEndpoint(url: "redis+sentinel://book:p%2Cw@h1,h2:26380,[::1]:1/museum")
        #expect(endpoint.topology == .sentinel(primary: "museum") && endpoint.database == 0)
        #expect(
            endpoint.addresses == [
                .tcp(host: "h1", port: 26379), .tcp(host: "h2", port: 26380), .tcp(host: "::1", port: 1),
            ])
        #expect(endpoint.user == "book" && endpoint.password == "p,w")
        #expect("\(endpoint)" == "museum of the Sentinels h1:26379,h2:26380,::1:1")
        #expect(try RedisEndpoint(url: "redis+sentinel://h1/mymaster/3").database == 3)
    }

    @Test func ofACluster() throws {
        let endpoint = try RedisEndpoint(url: "redis+cluster://:secret@h1:7000,h2")
        #expect(endpoint.topology == .cluster && endpoint.password == "secret" && endpoint.user == nil)
        #expect(endpoint.addresses == [.tcp(host: "h1", port: 7000), .tcp(host: "h2", port: 6379)])
        #expect("\(endpoint)" == "the cluster of h1:7000,h2:6379")
        #expect(try RedisEndpoint(url: "redis+cluster://h1/").addresses.count == 1)
    }

    @Test(arguments: [
        "", "host", "host:6379", "http://host", "REDISS://host?x=y", "rediss://", "redis://", "redis:", "redis:///0",
        "redis://:secret@",
        "redis://host/x",
        "redis://host/-1", "redis://host/1/2", "redis://host/1.5", "redis://host:port", "unix://", "unix://run/redis.sock",
        "unix:redis.sock",
        "unix:///" + String(repeating: "a", count: 100), "unix:///run/redis.sock?db=x", "unix:///run/redis.sock?db=-1",
        "unix:///run/redis.sock?db", "redis://host:-1", "redis://host:0", "redis://host:65536", "redis://host:99999",
        "redis://host?ca=/ca.pem", "redis://host/0?cert=/c&key=/k", "rediss://host?ca", "rediss://host?ca=",
        "rediss://host?ca=/a&ca=/b",
        "redis://host?db=3", "redis://host?", "redis://host/3?", "redis://host#3", "redis://host/0#", "redis://host//3",
        "redis://host/3/", "redis://host/+3", "redis://host/ 3", "redis://host/٣", "redis://host/99999999999999999999",
        "redis://:@host", "redis://@host", "redis://kim@host", "redis://kim:@host", "redis://kim:a@b@host", "redis://host:",
        "redis://host:+1", "redis://host:6379:1", "redis://host:000000", " redis://host", "redis://host ", "redis://host\n",
        "redis://ho st", "redis://host\t", "redis://h\u{0}st", "redis://host,other", "redis://h%6Fst", "redis://höst",
        "redis://::1", "redis://[::1", "redis://[::1]6379", "redis://[::1]:", "redis://[fe80::1%25eth0]", "redis://[host]",
        "redis://[]", "redis://kim:a%zz@host", "redis://kim:a%ff@host", "redis://kim:%@host", "redis://kim:a%0Ab@host",
        "redis://:12#34@host", "redis://kim:12/34@host", "redis://kim:12?34@host", "rediss://kim:12?ca=/x@host",
        "rediss://host?ca=/a&", "rediss://host?&ca=/a", "rediss://host?ca=/a&db=1", "unix://host/run/redis.sock",
        "unix:///run/redis.sock?db=1&db=2", "unix:///run/redis.sock?ca=/a", "unix:///run/redis.sock#1", "unix:///",
        "unix:///run/redis.sock?db=", "unix:///run/", "unix:///run/%00", "unix:///run/redis.sock?", "unix://kim@/run/redis.sock",
        "redis+sentinel://h1,h2", "redis+sentinel://h1,h2/", "redis+sentinel://h1,,h2/m", "redis+sentinel://h1,h1/m",
        "redis+sentinel:///m", "redis+sentinel://h1/m/x", "redis+sentinel://h1/m?db=1", "redis+sentinel://h1/m/1/2",
        "redis+sentinel://h1//1", "redis+sentinel://h1:0,h2/m", "redis+cluster://", "redis+cluster://h1,h2/0",
        "redis+cluster://h1,h2:x", "redis+cluster://h1,h2,", "redis+cluster://h1,h1:6379", "redis+cluster://h1?db=0",
        "rediss+cluster://h1", "redis://h1,h2/0", "unix://,/run/redis.sock",
        "rediss://host?cert=/c", "rediss://host?key=/k", "rediss://host?verify=no", "rediss://host:0", "rediss:///0?ca=/ca.pem",
    ])
    func noEndpoint(_ url: String) {
        #expect(throws: RedisEndpoint.InvalidURL.self) { try RedisEndpoint(url: url) }
    }

    @Test(arguments: [
        "redis://book:hunter2@host/x", "redis://book:hunter2@", "http://book:hunter2@host", "redis://:hunter2@host:port",
        "hunter2",
        "unix://book:hunter2@host/run/redis.sock?db=x", "redis://book:hunter2@host:99999", "rediss://book:hunter2@host?x=y",
        "redis://book:hunter2@host?ca=/hunter2.pem", "redis://book:hunter2#x@host", "redis://book:1#hunter2@host",
        "redis://book:hunter2/x@host", "redis://book:1/hunter2@host", "redis://book:1?hunter2@host", "redis://hunter2@host",
        "redis://book:hunter2@host@host", "redis://book:hunter2 @host", "redis://book:hunter2%zz@host",
        "redis://book:hunter2@ho st", "redis+sentinel://book:hunter2@h1,h1/m", "redis+cluster://book:hunter2,@h1,",
        "redis://book:hunter2@h1,h2", "redis://book:hunter2@[::1", "rediss://book:1?ca=/hunter2@host",
    ])
    func theMessageKeepsThePassword(_ url: String) {
        do {
            let endpoint = try RedisEndpoint(url: url)
            Issue.record("\(url) is \(endpoint)")
        } catch {
            #expect(!"\(error)".contains("hunter2") && !error.description.isEmpty)
            #expect(!String(reflecting: error).contains("hunter2"))
        }
    }

    @Test(arguments: [
        ("redis://kim:a#b@host", "%23"), ("redis://kim:12/b@host", "%2F"), ("redis://kim:12?b@host", "%3F"),
        ("redis://kim:a@b@host", "%40"), ("redis://kim:a%b@host", "%25"), ("redis://host?db=3", "/3"),
        ("redis://host?ca=/ca.pem", "rediss://"), ("redis://kim@host", "user:password@"), ("redis://host/x", "redis://host/3"),
    ])
    func theMessageSaysWhatToWrite(url: String, hint: String) {
        #expect { try RedisEndpoint(url: url) } throws: { "\($0)".contains(hint) }
    }

    @Test func validURLsAreAccepted() throws {
        let odd = try RedisEndpoint(url: "redis://kim:a%23b%2Fc%3Fd%40e%25:f@my_redis-1.internal:00080/007")
        #expect(odd.user == "kim" && odd.password == "a#b/c?d@e%:f" && odd.database == 7)
        #expect(odd.address == .tcp(host: "my_redis-1.internal", port: 80))
        #expect(try RedisEndpoint(url: "redis://:비밀^{}|@host").password == "비밀^{}|")
        let socket = try RedisEndpoint(url: "unix://kim:pw@/run/my%20redis@1.sock?db=2")
        #expect(socket.address == .unix(path: "/run/my redis@1.sock") && socket.user == "kim" && socket.password == "pw")
        #expect(try RedisEndpoint(url: "rediss://host?ca=/%C3%A4.pem").tls?.authorities == "/ä.pem")
    }

    @Test func theDescriptionHasNoPassword() throws {
        let tcp = try RedisEndpoint(url: "redis://book:hunter2@host:7000/1")
        #expect("\(tcp)" == "host:7000")
        #expect("\(try RedisEndpoint(url: "rediss://book:hunter2@host:7000/1?ca=/ca.pem"))" == "host:7000")
        #expect("\(try RedisEndpoint(url: "unix:///run/redis.sock?db=2"))" == "/run/redis.sock")
    }
}
