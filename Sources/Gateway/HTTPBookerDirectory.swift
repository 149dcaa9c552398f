import Contracts
import HTTPServer
import NIOCore
import NIOHTTP1
import Platform

/// Who has booked, asked of Book in another process.
struct HTTPBookerDirectory: BookerDirectory {
    let book: Upstream
    let token: @Sendable () async -> String?

    func booker(of booking: BookingID) async throws(Failure) -> Booker? {
        var headers: HTTPHeaders = [:]
        if let token = await token() { headers.add(name: "Authorization", value: "Bearer " + token) }
        let response: UpstreamResponse
        do throws(Upstream.Fault) {
            response = try await book.send(
                .GET, "/books/\(booking.text)", headers: headers, body: nil, repetition: .byUpstream,
                deadline: .now + RequestDeadline.local)
        } catch {
            throw .storageUnavailable("Book can't be reached")
        }
        if response.status == 404 { return nil }
        guard response.status == 200, let json = try? JSON(parsing: response.body.readableBytesView),
            let visitor = json["visitor"]?.text
        else { throw .storageUnavailable("Book did not say who has booked") }
        return Booker(visitor: visitor, contact: json["contact"]?.text)
    }
}
