import HTTPTypes

/// Which representation a client gets: `application/json`, the same with HAL's media type, or where there is one `text/csv`
/// (RFC 9110, 12.5.1).
enum ContentNegotiation {
    static let json = "application/json"
    static let hal = "application/hal+json"
    static let csv = "text/csv"
    static let html = "text/html"

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

    /// Whether CSV has a higher quality than JSON and HAL; or the same, if `Accept` names it and neither of them.
    static func prefersCSV(_ headers: HTTPFields) -> Bool { prefers(csv, headers) }

    /// The same of a page.
    static func prefersHTML(_ headers: HTTPFields) -> Bool {
        // Most requests are from programs.
        guard let accept = headers[.accept], accept.utf8.count >= html.utf8.count else { return false }
        // What takes any `application/*` as gladly gets what it got before there were pages.
        return prefers(html, headers) && !MediaType.list(accept).contains { $0.name == "application/*" }
    }

    private static func prefers(_ type: String, _ headers: HTTPFields) -> Bool {
        guard let accept = headers[.accept], accept != json, accept != "*/*" else { return false }
        let ranges = MediaType.list(accept)
        func quality(of name: String) -> Double? { ranges.filter { $0.name == name && $0.fitsCSV }.compactMap(weight).max() }
        let all = quality(of: "*/*") ?? 0
        let application = quality(of: "application/*") ?? all
        let named = (type: quality(of: type), json: quality(of: json), hal: quality(of: hal))
        let best = max(named.json ?? application, named.hal ?? application)
        let quality = named.type ?? quality(of: "text/*") ?? all
        return quality > best || quality == best && quality > 0 && named.type != nil && named.json == nil && named.hal == nil
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

extension MediaType {
    /// Whether it does not ask for CSV in another form than ours: in UTF-8, with a header row.
    fileprivate var fitsCSV: Bool {
        guard name == ContentNegotiation.csv else { return true }
        return parameters.allSatisfy { parameter in
            switch parameter.name {
            case "charset": ["utf-8", "utf8"].contains(parameter.value.lowercased())
            case "header": parameter.value.lowercased() == "present"
            default: true
            }
        }
    }
}
