import HTTPServer
import NIOCore
import Redis
import Scripts

/// Finds out who listens on the embedded server's port.
struct PortProbe {
    enum Occupant {
        case nobody
        /// A redis-server: where its data is, and a connection to it, which the caller closes.
        case redis(directory: String, RedisConnection, isLoading: Bool)
        /// It accepts connections or has the port, and has not replied in time.
        case silent
        /// Another program: what it is.
        case other(String)
    }

    let endpoint: RedisEndpoint
    private let port: Int
    private let client: RedisClient

    init(port: Int, clientName: String) throws {
        self.port = port
        endpoint = try EmbeddedRedis.endpoint(port: port)
        var options = RedisOptions()
        options.commandTimeout = .seconds(1)
        options.clientName = clientName
        client = RedisClient(endpoint, options: options)
    }

    var isPortFree: Bool { PortCheck.isFree(address: "127.0.0.1", port: port) }

    func occupant() async -> Occupant {
        if isPortFree { return .nobody }
        guard let connection = try? await client.dedicatedConnection(for: Keys.partitions) else { return .silent }
        let occupant = await ask(connection)
        if case .redis = occupant { return occupant }
        connection.close()
        return occupant
    }

    private func ask(_ connection: RedisConnection) async -> Occupant {
        do throws(RedisError) {
            // Redis replies to this also while it loads its data.
            guard let directory = try await connection.send("CONFIG", "GET", "dir").asTexts().last else {
                return .other("a Redis that doesn't say where its data is")
            }
            return .redis(directory: directory, connection, isLoading: try await isLoading(connection))
        } catch {
            switch error {
            case .refused: return .other("a Redis that wants a user and password")
            case .server: return .other("a Redis that doesn't say where its data is")
            case .unexpected: return .other("a program that is no Redis")
            default: return .silent
            }
        }
    }

    private func isLoading(_ connection: RedisConnection) async throws(RedisError) -> Bool {
        do {
            _ = try await connection.send("PING")
            return false
        } catch {
            guard case .busy = error else { throw error }
            return true
        }
    }
}
