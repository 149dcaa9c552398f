import HTTPServer
import TestSupport

/// One booking request and every response to it. Each operation has a visitor of its own, so that whatever it has left
/// behind in Redis is found by that name.
struct BookingOperation: Sendable {
    let visitor: String
    /// `nil` where the visitor sends no Idempotency-Key, and so may ask only once.
    let key: String?
    let exhibition: String
    let seats: Int
    var answers: [Answer] = []
    var cancels: [Answer] = []
    /// Every request for fewer seats: never more than in the request before, so that each is granted, whichever arrives first.
    var lowerings: [(seats: Int, answer: Answer)] = []
    /// When the last request that was answered 2xx was sent. Everything is killed before the log is cut: an answer to what was
    /// sent before the cut was given before it too, however late the client took note of it.
    var confirmedAt: ContinuousClock.Instant?
    /// When the last request was sent that was refused: the reason may be lost as well.
    var refusedAt: ContinuousClock.Instant?
    /// When each request to cancel or to lower seats was sent that was answered 2xx.
    var changedAt: [ContinuousClock.Instant?] = []
    /// For each booking that was made anew under the key, when the last one before it was confirmed: it must have been lost.
    var madeAnew: [ContinuousClock.Instant?] = []
    /// The newest version of the booking that anybody was shown, and when.
    var seenVersion = 0
    var seenAt: ContinuousClock.Instant?
    var violations: [String] = []
    /// Violations, unless what was told or shown at one of these moments may be lost.
    var doubts: [(what: String, moments: [ContinuousClock.Instant?])] = []

    init(visitor: String, key: String?, exhibition: String, seats: Int) {
        self.visitor = visitor
        self.key = key
        self.exhibition = exhibition
        self.seats = seats
    }

    /// A response, as the checker distinguishes them.
    enum Answer: Sendable, Equatable {
        /// 2xx, with the booking.
        case booking(id: String, status: String, isReplayed: Bool)
        /// A definite refusal: `409 sold-out`.
        case refused(Int, String)
        /// 503: nothing was done, or nothing is left of it.
        case unavailable(String)
        /// 502, 504, a broken connection: it may have been done or not.
        case open(String)

        var isOpen: Bool { if case .open = self { true } else { false } }
        /// Whether what became of earlier requests under the same key is as open as before. Without Redis nobody can look it up.
        var leavesOpen: Bool { isOpen || self == .unavailable("storage-unavailable") }
        /// Whether it says what became of what was asked.
        var isDefinite: Bool { isBooking || isRefusal }
        var isRefusal: Bool { if case .refused = self { true } else { false } }
        var isBooking: Bool { if case .booking = self { true } else { false } }
    }

    /// The booking that it was told to have.
    var bookingId: String? {
        for answer in answers { if case .booking(let id, _, _) = answer { return id } }
        return nil
    }

    /// A booking is made that had been made before: from now on only this one counts.
    mutating func beginAnew() {
        madeAnew.append(confirmedAt)
        (answers, cancels, lowerings, changedAt, refusedAt, seenVersion) = ([], [], [], [], nil, 0)
    }

    /// The fewest seats that were asked for so far.
    var fewestSeats: Int { lowerings.last?.seats ?? seats }

    /// Whether asking again under the same key would tell more.
    var isUnsettled: Bool { key != nil && bookingId == nil && answers.contains(where: \.isOpen) }
    var isCancelUnsettled: Bool { !cancels.isEmpty && !cancels.contains(where: \.isDefinite) }
}

extension BookingOperation.Answer {
    /// Reads an answer; a response that no visitor may ever get is a violation.
    init(_ answer: Visitor.Answer, report: (String) -> Void) {
        switch answer.status {
        case 200, 201:
            let json = answer.json
            self = .booking(
                id: json["id"]?.text ?? "", status: json["status"]?.text ?? "",
                isReplayed: answer.header("Idempotent-Replayed") != nil)
        case 502, 504: self = .open(answer.problem ?? "\(answer.status)")
        case 503: self = .unavailable(answer.problem ?? "no problem document")
        case 404, 409: self = .refused(answer.status, answer.problem ?? "no problem document")
        default:
            report("was answered \(answer.status): \(answer.text)")
            self = .refused(answer.status, answer.problem ?? "")
        }
    }
}
