import Foundation

/// The holder of the maintenance lock, read from and written as the lock's value: `purge museum-1 4711 skmuseum-operator-…`.
struct MaintenanceHolder: CustomStringConvertible {
    let command: String
    let host: String
    let process: String
    /// Its name in CLIENT LIST while it is connected.
    let clientName: String

    init(command: String, clientName: String) {
        self.command = command
        host = ProcessInfo.processInfo.hostName.filter { !$0.isWhitespace }
        process = String(ProcessInfo.processInfo.processIdentifier)
        self.clientName = clientName
    }

    /// - Returns: `nil` if no command of skmuseum wrote the value.
    init?(value: String) {
        let words = value.split(separator: " ").map(String.init)
        guard words.count >= 4 else { return nil }
        // A command may have two words.
        command = words.dropLast(3).joined(separator: " ")
        (host, process, clientName) = (words[words.count - 3], words[words.count - 2], words[words.count - 1])
    }

    var value: String { "\(command) \(host) \(process) \(clientName)" }

    /// For people.
    var description: String { "'\(command)' (process \(process) on \(host))" }
}
