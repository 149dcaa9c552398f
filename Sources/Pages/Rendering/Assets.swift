import Crypto
import HTTPServer
import HTTPTypes
import NIOCore

/// Stylesheet, scripts and pictures. Their folder has the hash of all of them in its name, so that browsers may keep them for ever.
struct Assets: Sendable {
    struct Asset: Sendable {
        let bytes: ByteBuffer
        let compressed: ByteBuffer
        let type: String
    }

    static let shared = Result { try Assets() }

    /// 16 hexadecimal digits.
    let version: String
    private let assets: [String: Asset]

    private init() throws {
        var files: [(name: String, bytes: [UInt8])] = [
            ("museum.css", PackageResources.museum_css),
            ("museum.svg", PackageResources.museum_svg),
            ("common.js", PackageResources.common_js),
            ("exhibitions.js", PackageResources.exhibitions_js),
            ("exhibition.js", PackageResources.exhibition_js),
            ("bookings.js", PackageResources.bookings_js),
            ("latencies.js", PackageResources.latencies_js),
            ("operator.js", PackageResources.operator_js),
            ("picture.js", PackageResources.picture_js),
            ("seats.js", PackageResources.seats_js),
            ("staff.js", PackageResources.staff_js),
            ("staff-new.js", PackageResources.staff_new_js),
            ("staff-museum.js", PackageResources.staff_museum_js),
            ("staff-day.js", PackageResources.staff_day_js),
            ("staff-bookings.js", PackageResources.staff_bookings_js),
            ("staff-bookings-of.js", PackageResources.staff_bookings_of_js),
            ("staff-common.js", PackageResources.staff_common_js),
            ("staff-file.js", PackageResources.staff_file_js),
            ("book-at-desk.js", PackageResources.book_at_desk_js),
            ("csv.js", PackageResources.csv_js),
            ("edit-form.js", PackageResources.edit_form_js),
            ("programme.js", PackageResources.programme_js),
            ("registration.js", PackageResources.registration_js),
        ]
        // The words that scripts need, one module for each language.
        for language in Language.allCases {
            var writer = JSONWriter()
            writer.object { writer in
                for (key, text) in Texts.of(language).all.sorted(by: { $0.key < $1.key }) { writer.member(named: key, text) }
            }
            files.append(
                ("words.\(language.rawValue).js", Array("export default ".utf8) + Array(writer.buffer.readableBytesView)))
        }
        var hash = SHA256()
        var assets: [String: Asset] = [:]
        for (name, bytes) in files {
            hash.update(data: Array("\(name) \(bytes.count)\n".utf8))
            hash.update(data: bytes)
            assets[name] = Asset(
                bytes: ByteBuffer(bytes: bytes), compressed: try Gzip.compress(bytes), type: Self.type(of: name))
        }
        version = hash.finalize().prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        self.assets = assets
    }

    /// The scripts' sources.
    var scripts: [(name: String, bytes: [UInt8])] {
        assets.filter { $0.key.hasSuffix(".js") }.map { ($0.key, Array($0.value.bytes.readableBytesView)) }
    }

    /// Where browsers find an asset.
    func path(of name: String) -> String { "/assets/\(version)/\(name)" }

    private static func type(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "css": "text/css; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        default: "image/svg+xml"
        }
    }

    /// - Parameter isCurrent: whether the path has this version. A browser that got its page from another release during an update
    ///   gets this one's assets, and does not keep them.
    func response(to request: CollectedRequest, name: String, isCurrent: Bool) throws(RequestError) -> DocumentResponse {
        guard let asset = assets[name] else { throw .unknownPath }
        var headers: HTTPFields = [
            .contentType: asset.type, .vary: "Accept-Encoding", .xContentTypeOptions: "nosniff",
            .cacheControl: isCurrent ? "public, max-age=31536000, immutable" : "no-cache",
        ]
        guard Self.acceptsGzip(request.headers) else { return DocumentResponse(status: .ok, headers: headers, body: asset.bytes) }
        headers[.contentEncoding] = "gzip"
        return DocumentResponse(status: .ok, headers: headers, body: asset.compressed)
    }

    static func acceptsGzip(_ headers: HTTPFields) -> Bool {
        (headers[.acceptEncoding] ?? "").split(separator: ",").contains { coding in
            let parts = coding.split(separator: ";").map { $0.trimmingSpaces().lowercased() }
            return parts.first == "gzip" && !parts.dropFirst().contains { $0.hasPrefix("q=0") && Double($0.dropFirst(2)) == 0 }
        }
    }
}
