import ArgumentParser
import Chassis
import Configuration
import Foundation
import Redis

/// What every command takes.
struct CommonOptions: ParsableArguments {
    @Option(name: .customLong("redis-url"), help: "The Redis server; over REDIS_URL. Default: the embedded one's.")
    var redisURL: String?

    /// The settings: command line over environment over defaults.
    /// - Throws: exit 78 after saying which variable is wrong and why.
    func settings() throws -> Settings {
        var given: [AbsoluteConfigKey: ConfigValue] = [:]
        if let redisURL { given[["redis_url"]] = ConfigValue(.string(redisURL), isSecret: true) }
        let config = ConfigReader(providers: [
            InMemoryProvider(name: "command line", values: given), EnvironmentVariablesProvider(),
        ])
        do {
            return try Settings(config)
        } catch {
            throw Complaint(error.description, exitCode: 78)
        }
    }
}

/// Says in one line what is wrong and what to do next, and ends the command.
struct Complaint: Error {
    let line: String
    let exitCode: Int32

    init(_ line: String, exitCode: Int32 = 1) {
        self.line = line
        self.exitCode = exitCode
    }

    /// Runs a command's work; what goes wrong becomes one line on stderr and the exit code.
    static func reporting(_ work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch let complaint as Complaint {
            Output.complain(complaint.line)
            throw ExitCode(complaint.exitCode)
        } catch let error as RedisError {
            Output.complain("\(error); is it running, and is REDIS_URL right?")
            throw ExitCode(1)
        } catch {
            Output.complain("\(error)".split(whereSeparator: \.isNewline).joined(separator: " "))
            throw ExitCode(1)
        }
    }
}

/// stdout and stderr, a line at a time.
enum Output {
    /// Prints a line at once. Where nobody reads any more (`| head`), the command is done.
    static func line(_ text: String) {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
        } catch {
            exit(0)
        }
    }

    static func complain(_ text: String) { note("skmuseum: " + text) }

    static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

    /// Overwrites the last line of a terminal.
    static func overwrite(_ text: String) { FileHandle.standardError.write(Data(("\r\u{1B}[K" + text).utf8)) }

    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }
}
