import Contracts
import HTTPServer
import HTTPTypes

/// The public routes of a service in another process. The internal reservations route is not forwarded.
public enum ProxiedResource: Sendable, CaseIterable {
    case museums, books, confirms, myPages

    var path: String {
        switch self {
        case .museums: "museums"
        case .books: "books"
        case .confirms: "confirms"
        case .myPages: "myPages"
        }
    }

    /// As in messages.
    var name: String {
        switch self {
        case .museums: "Museum"
        case .books: "Book"
        case .confirms: "Confirm"
        case .myPages: "MyPage"
        }
    }

    /// The methods of the collection, and whose requests each accepts. The service checks it again.
    var collectionMethods: [(method: HTTPRequest.Method, access: Access)] {
        switch self {
        case .museums: [(.get, .everybody), (.post, .staff)]
        case .books: [(.get, .staff), (.post, .visitors)]
        case .confirms: [(.get, .staff)]
        case .myPages: [(.get, .visitors)]
        }
    }

    /// The same of a single resource.
    var memberMethods: [(method: HTTPRequest.Method, access: Access)] {
        switch self {
        case .museums: [(.get, .everybody), (.patch, .staff), (.delete, .staff)]
        case .books: [.get, .patch, .put, .delete].map { ($0, .visitors) }
        case .confirms, .myPages: [(.get, .visitors)]
        }
    }

    func isID(_ text: String) -> Bool {
        self == .museums ? ExhibitionID(text) != nil : BookingID(text) != nil
    }

    func unknown(_ id: String) -> Failure {
        switch self {
        case .museums: .unknownMuseum(id)
        case .books: .unknownBooking(id)
        case .confirms: .unknownAdmission(id)
        case .myPages: .unknownPage(id)
        }
    }
}
