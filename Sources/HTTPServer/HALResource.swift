public import Contracts
import Foundation
public import HTTPTypes
import Hummingbird
import HummingbirdCore

/// A resource that writes itself as a HAL object.
public protocol HALResource: Sendable {
    /// What `_links` says.
    var links: HALLinks { get }
    /// Writes its members, without `_links`.
    func writeMembers(to writer: inout JSONWriter)
    /// The columns of its list as CSV, named as the members that they show; none where the list is not offered as CSV.
    static var csvColumns: [String] { get }
}

extension HALResource {
    public static var csvColumns: [String] { [] }
}

/// A resource's own path, and the paths of what belongs to it by relation.
public struct HALLinks: Sendable {
    let own: String
    let others: KeyValuePairs<StaticString, String>

    public init(_ own: String, _ others: KeyValuePairs<StaticString, String> = [:]) {
        self.own = own
        self.others = others
    }
}

extension HALResource {
    func write(to writer: inout JSONWriter) {
        let links = links
        writer.object { writer in
            writeMembers(to: &writer)
            writer.object("_links") { writer in
                writer.link("self", links.own)
                for (relation, href) in links.others { writer.link(relation, href) }
            }
        }
    }
}

extension DocumentResponse {
    /// One resource as JSON, or as HAL where the request accepts that by name.
    public static func resource(
        _ resource: some HALResource, status: HTTPResponse.Status = .ok, to request: CollectedRequest, headers: HTTPFields = [:]
    ) -> DocumentResponse {
        var writer = JSONWriter()
        resource.write(to: &writer)
        var headers = headers
        if status == .created { headers[.location] = resource.links.own }
        return json(writer, status: status, to: request, headers: headers)
    }

    /// A page of a collection as HAL, its relation named as its path.
    public static func collection<Element: HALResource>(
        _ page: Page<Element>, of relation: String, status: HTTPResponse.Status = .ok, to request: CollectedRequest,
        headers: HTTPFields = [:]
    ) -> DocumentResponse {
        var writer = JSONWriter(capacity: 256 * (page.elements.count + 1))
        writer.object { writer in
            writer.object("_embedded") { writer in
                writer.array(relation, page.elements) { writer, element in element.write(to: &writer) }
            }
            writer.object("_links") { writer in
                writer.link("self", request.uri.string)
                if let next = page.next { writer.link("next", request.uri.href(withCursor: Cursor.encode(next))) }
            }
        }
        return json(writer, status: status, to: request, headers: headers)
    }

    public static func json(
        _ writer: JSONWriter, status: HTTPResponse.Status = .ok, to request: CollectedRequest, headers: HTTPFields = [:]
    ) -> DocumentResponse {
        var headers = headers
        // With those that each response gets.
        headers.reserveCapacity(10)
        headers[.contentType] = ContentNegotiation.mediaType(for: request.headers)
        headers[.vary] = "Accept"
        return DocumentResponse(status: status, headers: headers, body: writer.buffer)
    }
}

extension URI {
    /// The same place with another cursor.
    fileprivate func href(withCursor cursor: String) -> String {
        let others = (query ?? "").split(separator: "&").filter { RequestQuery.name(of: $0) != "cursor" }
        return path + "?" + (others + ["cursor=\(cursor)"]).joined(separator: "&")
    }
}
