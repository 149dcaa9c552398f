import Foundation
import Scripts

/// Where the embedded server keeps its data, by the path that it names itself: without symlinks.
struct DataFolder {
    let path: String

    /// Makes the folder where it isn't there.
    /// - Throws: ``CommandError`` saying what is in the way.
    init(_ given: String) throws {
        var made = given.hasPrefix("/") ? "/" : ""
        for name in given.split(separator: "/") {
            made += name
            try Self.make(made)
            made += "/"
        }
        try self.init(existing: given)
    }

    /// - Throws: ``CommandError`` where it isn't there.
    init(existing given: String) throws {
        guard let real = realpath(given, nil) else { throw Self.failure("\(given) can't be used", errno) }
        defer { free(real) }
        path = String(cString: real)
    }

    private static func make(_ path: String) throws {
        if mkdir(path, 0o777) == 0 { return }
        let code = errno
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
            guard !isFolder.boolValue else { return }
            throw CommandError("\(path) is no folder; start elsewhere, or set REDIS_URL to a Redis elsewhere")
        }
        guard code != EEXIST else {
            throw CommandError("\(path) is a symlink to a folder that isn't there; make that folder, or set REDIS_URL")
        }
        throw failure("\(path) can't be made", code)
    }

    private static func failure(_ what: String, _ code: Int32) -> CommandError {
        let reason = String(cString: strerror(code))
        return CommandError("\(what) (\(reason)); start where it can be, or set REDIS_URL to a Redis elsewhere")
    }

    /// The newest file of the append-only log, by the manifest: the only one that may end in an incomplete write. `nil` if there
    /// is none.
    var newestLog: String? {
        let folder = path + "/appendonlydir/"
        guard let manifest = try? String(contentsOfFile: folder + "appendonly.aof.manifest", encoding: .utf8) else { return nil }
        // "file NAME seq 1 type i" is such a file; type b is what it adds to, type h is older.
        let names = manifest.split(whereSeparator: \.isNewline).compactMap { $0.firstMatch(of: #/^file (\S+) .*type i/#)?.1 }
        return names.last.map { folder + $0 }
    }

    var log: String { path + "/redis.log" }

    /// Opens the log for the server's own output.
    func openLog() throws -> Int32 {
        let descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure("\(log) can't be written", errno) }
        return descriptor
    }

    /// Writes the server's configuration.
    /// - Returns: its path.
    func writeConfiguration() throws -> String {
        let file = path + "/redis.conf"
        do {
            try Data(Scripts.redisConf.utf8).write(to: URL(fileURLWithPath: file))
        } catch {
            let reason = "\(error.localizedDescription)".split(whereSeparator: \.isNewline).joined(separator: " ")
            throw CommandError(
                "\(file) can't be written (\(reason)); start where it can be, or set REDIS_URL to a Redis elsewhere")
        }
        return file
    }
}
