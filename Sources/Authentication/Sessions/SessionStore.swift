import Contracts
import Crypto
import HTTPServer
import Messaging
import Redis
import Scripts

/// Sessions in Redis, under the hash of their cookie: who reads the data can't take over a session.
struct SessionStore: Sendable {
    let redis: any RedisSender
    let now: CurrentTime

    /// The cookie of a new session.
    func begin(_ session: Session) async throws(Failure) -> String {
        let cookie = (session.isGuest ? Kind.guest : .signedIn).rawValue + Self.randomText()
        do throws(RedisError) {
            _ = try await redis.send(
                "SET", Keys.session(Self.hash(cookie)), Self.text(session), "PXAT", String(session.expiry(at: now())))
        } catch {
            throw Failure(reading: error)
        }
        return cookie
    }

    /// The session of a cookie, if it has not ended. This counts as use.
    func find(_ cookie: String) async throws(Failure) -> Session? {
        guard let kind = cookie.first.flatMap({ Kind(rawValue: String($0)) }), cookie.utf8.count == Self.cookieLength else {
            return nil
        }
        let key = Keys.session(Self.hash(cookie))
        do throws(RedisError) {
            let reply =
                switch kind {
                case .guest: try await redis.send("GET", key)
                case .signedIn: try await redis.send("GETEX", key, "PX", String(Session.idleLimit))
                }
            guard let text = try reply.asOptionalText(), let session = Self.session(text) else { return nil }
            // GETEX may have moved the end beyond the longest life.
            guard session.expiry(at: now()) > now() else { return nil }
            return session
        } catch {
            throw Failure(reading: error)
        }
    }

    func end(_ cookie: String) async throws(Failure) {
        do throws(RedisError) {
            _ = try await redis.send("DEL", Keys.session(Self.hash(cookie)))
        } catch {
            throw Failure(reading: error)
        }
    }

    private static func randomText() -> String {
        var generator = SystemRandomNumberGenerator()
        return Base64URL.encode((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    private enum Kind: String { case guest = "g", signedIn = "s" }

    /// The kind, and 32 bytes as base64url.
    private static let cookieLength = 44

    private static func hash(_ cookie: String) -> String {
        SHA256.hash(data: Array(cookie.utf8)).map { byte in
            let hex = String(byte, radix: 16)
            return hex.count == 1 ? "0" + hex : hex
        }.joined()
    }

    private static func text(_ session: Session) -> String {
        "\(session.role.rawValue) \(session.createdAt) \(session.subject)"
    }

    private static func session(_ text: String) -> Session? {
        let parts = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let role = AccessRole(rawValue: parts[0]), let createdAt = UnixMilliseconds(parts[1]) else {
            return nil
        }
        return Session(subject: parts[2], role: role, createdAt: createdAt)
    }
}
