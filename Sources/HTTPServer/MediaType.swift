/// A media type or range with its parameters, as `Content-Type` and `Accept` have it (RFC 9110, 8.3.1 and 12.5.1).
struct MediaType: Sendable, Equatable {
    struct Parameter: Sendable, Equatable {
        /// In lower case.
        let name: String
        /// Without quotes.
        let value: String
    }

    /// `type/subtype` in lower case.
    let name: String
    let parameters: [Parameter]

    /// Reads one media type; `nil` for whatever is none.
    init?(_ text: Substring) {
        let parts = Self.split(text, at: UInt8(ascii: ";"))
        let name = parts[0].trimmingSpaces().lowercased()
        let halves = name.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, halves.allSatisfy(Self.isToken) else { return nil }
        var parameters: [Parameter] = []
        for part in parts.dropFirst() where !part.trimmingSpaces().isEmpty {
            guard let parameter = Self.parameter(part) else { return nil }
            parameters.append(parameter)
        }
        self.name = name
        self.parameters = parameters
    }

    /// The members of a comma-separated list. What is no media type is left out.
    static func list(_ text: String) -> [MediaType] {
        split(text[...], at: UInt8(ascii: ",")).compactMap(MediaType.init)
    }

    private static func parameter(_ text: Substring) -> Parameter? {
        let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = halves[0].trimmingSpaces().lowercased()
        guard isToken(name[...]) else { return nil }
        let value = halves.count == 2 ? halves[1].trimmingSpaces() : ""
        guard value.hasPrefix("\"") else {
            // Unquoted addresses in `profile=` are no tokens, but often sent.
            return value.utf8.contains { ",\"".utf8.contains($0) } ? nil : Parameter(name: name, value: value)
        }
        return unquoted(value).map { Parameter(name: name, value: $0) }
    }

    /// The content of a quoted string; `nil` if it does not end where the text ends.
    private static func unquoted(_ text: String) -> String? {
        var content = String.UnicodeScalarView()
        var scalars = text.unicodeScalars.dropFirst().makeIterator()
        while let scalar = scalars.next() {
            switch scalar {
            case "\"": return scalars.next() == nil ? String(content) : nil
            case "\\":
                guard let escaped = scalars.next() else { return nil }
                content.append(escaped)
            default: content.append(scalar)
            }
        }
        return nil
    }

    /// The parts between separators that are not inside a quoted string.
    private static func split(_ text: Substring, at separator: UInt8) -> [Substring] {
        var parts: [Substring] = []
        var start = text.startIndex
        var isQuoted = false
        var isEscaped = false
        for index in text.utf8.indices {
            let byte = text.utf8[index]
            if isEscaped {
                isEscaped = false
            } else if isQuoted, byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if byte == separator, !isQuoted {
                parts.append(text[start..<index])
                start = text.utf8.index(after: index)
            }
        }
        return parts + [text[start...]]
    }

    private static func isToken(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"\"(),/:;<=>?@[\\]{}".utf8.contains($0) }
    }
}
