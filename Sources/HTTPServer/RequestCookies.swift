public import HTTPTypes

/// The cookies of a request (RFC 6265).
public enum RequestCookies {
    /// - Returns: the cookie's value; `nil` also where the request has several of that name.
    public static func value(of name: String, in fields: HTTPFields) -> String? {
        let values = fields[values: .cookie].flatMap { $0.split(separator: ";") }.compactMap { pair -> String? in
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, halves[0].filter({ $0 != " " }) == name else { return nil }
            return String(halves[1].filter { $0 != " " })
        }
        return values.count == 1 ? values[0] : nil
    }
}
