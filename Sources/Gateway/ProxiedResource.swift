import Contracts
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

    var collectionMethods: [HTTPRequest.Method] {
        switch self {
        case .museums, .books: [.get, .post]
        case .confirms, .myPages: [.get]
        }
    }

    var memberMethods: [HTTPRequest.Method] {
        switch self {
        case .museums: [.get, .patch, .delete]
        case .books: [.get, .patch, .put, .delete]
        case .confirms, .myPages: [.get]
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
