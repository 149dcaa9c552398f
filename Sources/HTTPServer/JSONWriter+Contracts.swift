public import Contracts

/// Members that more than one resource has.
extension JSONWriter {
    /// - Parameter name: what the booking's id is called.
    public mutating func booking(_ name: StaticString, _ id: BookingID, visitor: String, seats: Int, status: String) {
        member(name, id.text)
        member("museumId", id.exhibition.text)
        member("visitor", visitor)
        member("seats", seats)
        member("status", status)
    }

    public mutating func exhibition(_ details: ExhibitionDetails) {
        member("title", details.title)
        member("hall", details.hall)
        member("date", details.date)
        member("startTime", details.startTime)
        member("endTime", details.endTime)
    }
}
