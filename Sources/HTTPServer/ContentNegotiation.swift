import HTTPTypes

/// Which of the two representations a client gets: `application/json`, or the same with HAL's media type (RFC 9110, 12.5.1).
enum ContentNegotiation {
    static let json = "application/json"
    static let hal = "application/hal+json"

    /// HAL if `Accept` names it and gives JSON no higher quality; else JSON, also where neither is acceptable.
    static func mediaType(for headers: HTTPFields) -> String {
        // What is shorter can't name HAL, and most clients send nothing or `*/*`.
        guard let accept = headers[.accept], accept.utf8.count >= hal.utf8.count else { return json }
        return prefersHAL(accept) ? hal : json
    }

    /// - Parameter accept: the field's value; several lines joined by commas.
    static func prefersHAL(_ accept: String) -> Bool {
        let ranges = MediaType.list(accept)
        func quality(of name: String) -> Double? { ranges.filter { $0.name == name }.compactMap(weight).max() }
        guard let hal = quality(of: hal), hal > 0 else { return false }
        // The most specific range decides.
        return hal >= quality(of: json) ?? quality(of: "application/*") ?? quality(of: "*/*") ?? 0
    }

    /// A range's weight, 0 to 1; `nil` if it is malformed: such a range counts as not sent.
    private static func weight(of range: MediaType) -> Double? {
        guard let text = range.parameters.first(where: { $0.name == "q" })?.value else { return 1 }
        let digits = text.utf8.dropFirst(2)
        guard text == "0" || text == "1" || text.hasPrefix("0.") || text.hasPrefix("1."),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let weight = Double(text.hasSuffix(".") ? text + "0" : text), weight <= 1
        else { return nil }
        return weight
    }
}
