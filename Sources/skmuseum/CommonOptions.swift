import ArgumentParser
import Configuration
import HTTPServer
import Operations
import Platform
import Redis

/// What every command takes.
struct CommonOptions: ParsableArguments {
    @Option(name: .customLong("redis-url"), help: "The Redis server; over REDIS_URL. Default: the embedded one's.")
    var redisURL: String?

    /// The settings: command line over environment over defaults.
    /// - Throws: ``InvalidSetting`` saying which variable is wrong and why.
    func settings() throws -> Settings {
        var given: [AbsoluteConfigKey: ConfigValue] = [:]
        if redisURL == "" {
            throw InvalidSetting("REDIS_URL", "can't be used: --redis-url is empty; leave it out, or give redis://host:port")
        }
        if let redisURL {
            given[["redis_url"]] = ConfigValue(.string(redisURL), isSecret: true)
            given[["redis_url_file"]] = ConfigValue(.string(""), isSecret: false)
        }
        let config = ConfigReader(providers: [
            InMemoryProvider(name: "command line", values: given), EnvironmentVariablesProvider(),
        ])
        return try Settings(config)
    }

    /// Runs a command's work on the data that the settings name; what goes wrong is reported.
    func withSession(_ work: (OperatorSession) async throws -> Void) async throws {
        try await CommandError.reporting { try await work(try await OperatorSession.open(try settings())) }
    }
}

/// Ends the command with one line on stderr: what is wrong and what to do next.
struct CommandError: Error {
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
        } catch let failure as CommandError {
            Output.error(failure.line)
            throw ExitCode(failure.exitCode)
        } catch let failure as OperationError {
            Output.error(failure.description)
            throw ExitCode(1)
        } catch let error as BindError {
            Output.error(InvalidSetting(error).description)
            throw ExitCode(78)
        } catch let setting as InvalidSetting {
            Output.error(setting.description)
            throw ExitCode(78)
        } catch let failure as OutputFailure {
            // The reader of the pipe has read enough: no message.
            guard case .notWritable(let reason) = failure else { return }
            Output.error("the result can't be written to stdout (\(reason)); send it to a disk with free space")
            throw ExitCode(1)
        } catch let error as RedisError {
            Output.error("\(error); \(error.advice)")
            throw ExitCode(1)
        } catch {
            Output.error("\(error)".split(whereSeparator: \.isNewline).joined(separator: " "))
            throw ExitCode(1)
        }
    }
}

extension RedisError {
    /// What to do next.
    fileprivate var advice: String {
        switch self {
        case .refused(let message) where message.hasPrefix("NOPERM"): "use a user with this right, such as operator, in REDIS_URL"
        case .refused(let message) where message.hasPrefix("NOAUTH") || message.hasPrefix("WRONGPASS"):
            "give the user and the password in REDIS_URL"
        default: "is it running, and is REDIS_URL right?"
        }
    }
}
