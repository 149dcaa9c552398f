/// Writes the parts of commands into memory of a fixed size. A command has many small parts, and `ByteBuffer` takes five times as
/// long for each.
struct RESPWriter {
    private let memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    /// - Parameter memory: enough for all that is written.
    init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

    /// Writes an argument.
    mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    /// Writes an argument.
    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        write("$", bytes.count)
        space(for: bytes.count).copyMemory(from: bytes)
        count += bytes.count
        endLine()
    }

    /// Writes a line such as `$12`, without a string for the number: every argument has one.
    mutating func write(_ mark: Unicode.Scalar, _ length: Int) {
        var digits = 1
        var limit = 10
        while length >= limit {
            digits += 1
            limit *= 10
        }
        let line = space(for: 1 + digits)
        line[0] = UInt8(ascii: mark)
        var rest = length
        for place in (1...digits).reversed() {
            line[place] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        count += 1 + digits
        endLine()
    }

    private mutating func endLine() {
        let end = space(for: 2)
        end[0] = UInt8(ascii: "\r")
        end[1] = UInt8(ascii: "\n")
        count += 2
    }

    /// What follows what has been written.
    private func space(for size: Int) -> UnsafeMutableRawBufferPointer {
        precondition(size <= memory.count - count, "a command is longer than its size says")
        return UnsafeMutableRawBufferPointer(rebasing: memory[count..<count + size])
    }
}
