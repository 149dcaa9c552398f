/// Every key of one partition. The partition in braces is the hash tag: what one script touches lies in one slot.
public struct Keys: Sendable {
    /// The partitions in use, over all of them.
    public static let partitions = "museum:partitions"
    /// The deployment's secret, 64 hexadecimal digits.
    public static let deploymentSecret = "book:secret"
    /// The secret that signs the tokens between services, 64 hexadecimal digits.
    public static let serviceSecret = "museum:service-secret"
    /// A browser's session, under the SHA-256 of its cookie.
    public static func session(_ hash: String) -> String { "gateway:session:" + hash }
    /// How many requests of one sender have come in one window of time.
    public static func rate(_ name: String, window: Int64) -> String { "gateway:rate:\(name):\(window)" }
    /// While a visitor is being forgotten: the HMAC of the name → the pseudonym.
    public static let forgetting = "museum:forgetting"

    /// Held by the one command at a time that may change other services' data.
    public static let maintenance = "museum:maintenance"

    private let tag: String
    /// What all of MyPage's rows and lists begin with.
    private let pages: String

    public init(partition: String) {
        tag = "{\(partition)}"
        pages = "mypage:\(tag):"
    }

    private init(tag: String, pages: String) {
        self.tag = tag
        self.pages = pages
    }

    /// The same, but for MyPage's rows and lists: those of the read model that is being built beside the live one.
    public var rebuilt: Keys { Keys(tag: tag, pages: "mypage:\(tag):rebuild:") }

    public func events(of service: String) -> String { "\(service):\(tag):events" }
    public func progress(of group: String, on service: String) -> String { "\(group):\(tag):progress:\(service)" }
    public func deadLetters(of group: String) -> String { "\(group):\(tag):dead" }
    /// How often a process died while it processed this event singly: `service:id` → count.
    public func attempts(of group: String) -> String { "\(group):\(tag):attempts" }
    /// Exhibitions that have been purged: the service writes nothing about them any more, however late it is asked to.
    public func purgedExhibitions(of service: String) -> String { "\(service):\(tag):purged" }

    // Museum
    public var sequence: String { "museum:\(tag):sequence" }
    public func exhibition(_ id: String) -> String { "museum:\(tag):\(id)" }
    public func seats(_ exhibition: String) -> String { "museum:\(tag):\(exhibition):seats" }
    public var exhibitions: String { "museum:\(tag):index" }
    public var deletedExhibitions: String { "museum:\(tag):deleted" }
    /// Which exhibitions have been moved to another date or time within the last hour, and where they were before.
    public var movedExhibitions: String { "museum:\(tag):moved" }
    public var revoking: String { "museum:\(tag):revoking" }
    /// Idempotency keys of registrations: key → the exhibitions' ids, separated by commas, and a digest of the fields.
    public var registrationKeys: String { "museum:\(tag):keys" }

    // Book
    public func booking(_ id: String) -> String { "book:\(tag):\(id)" }
    public func bookings(of exhibition: String) -> String { "book:\(tag):\(exhibition):index" }
    public var exhibitionsWithBookings: String { "book:\(tag):index" }

    // Confirm
    public func admission(_ booking: String) -> String { "confirm:\(tag):\(booking)" }
    public func admissions(to exhibition: String) -> String { "confirm:\(tag):\(exhibition):index" }
    public var exhibitionsWithAdmissions: String { "confirm:\(tag):index" }

    // MyPage
    public func page(_ booking: String) -> String { pages + booking }
    public func pageExhibition(_ id: String) -> String { pages + id }
    public func pages(of visitor: String) -> String { pages + "visitor:" + visitor }
    public var visitors: String { pages + "visitors" }
}
