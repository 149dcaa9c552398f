import Contracts
public import HTTPServer

/// A CSV file of exhibitions. Each row is checked by the rules of a registration in JSON.
public struct ExhibitionFile: Sendable {
    private static let columns = ["title", "hall", "date", "startTime", "endTime", "capacity"]
    private static let requiredColumns = ["hall", "date", "capacity"]

    /// At least one, in the order of the rows.
    let plans: [ExhibitionPlan]

    /// - Throws: ``RequestError`` naming the row: of what is no CSV, of an invalid field, of a row that repeats another one's hall,
    ///   date and start time. Also where there is no row, or more than 1,000.
    public init(_ document: CSVReader) throws(RequestError) {
        var reader = document
        guard let header = try reader.next() else { throw .malformedCSV("it must have the names of the columns", row: 1) }
        let names = try Self.names(header)
        var plans: [ExhibitionPlan] = []
        var rows: [Slot: Int] = [:]
        while let cells = try reader.next() {
            // Spreadsheets write rows that were cleared as commas alone.
            if cells.allSatisfy({ $0.trimmingSpaces().isEmpty }) { continue }
            guard plans.count < ExhibitionService.plansLimit else { throw .tooManyRows(limit: ExhibitionService.plansLimit) }
            let plan = try Self.plan(cells, names, row: reader.row)
            if let earlier = rows.updateValue(reader.row, forKey: Slot(plan.details)) {
                let field = plan.details.startTime == nil ? "date" : "startTime"
                throw .invalidRow(field, "repeats row \(earlier): the same hall, date and startTime", row: reader.row)
            }
            plans.append(plan)
        }
        guard !plans.isEmpty else { throw .malformedCSV("no exhibition follows it", row: 1) }
        self.plans = plans
    }

    /// What may be there once in a file.
    private struct Slot: Hashable {
        let hall: String
        let date: String
        let startTime: String?

        init(_ details: ExhibitionDetails) { (hall, date, startTime) = (details.hall, details.date, details.startTime) }
    }

    private static func names(_ header: [String]) throws(RequestError) -> [String] {
        var names: [String] = []
        for cell in header {
            let name = cell.trimmingSpaces()
            guard columns.contains(name) else {
                throw .invalidRow(
                    String(name.prefix(100)), "is unknown; the columns are \(columns.joined(separator: ", "))", row: 1)
            }
            guard !names.contains(name) else { throw .invalidRow(name, "is there twice", row: 1) }
            names.append(name)
        }
        if let missing = requiredColumns.first(where: { !names.contains($0) }) {
            throw .invalidRow(missing, "is missing", row: 1)
        }
        return names
    }

    private static func plan(_ cells: [String], _ names: [String], row: Int) throws(RequestError) -> ExhibitionPlan {
        guard cells.count == names.count else {
            let field = names[min(cells.count, names.count - 1)]
            throw .invalidRow(field, "is out of place: the row has \(cells.count) cells, the header \(names.count)", row: row)
        }
        let members = zip(names, cells).map { name, cell in
            let text = cell.trimmingSpaces()
            return JSON.Member(name: name, value: .string(text))
        }
        do throws(RequestError) {
            var fields = try RequestFields(.object(members.filter { $0.value != .string("") }))
            return try ExhibitionPlan(&fields)
        } catch {
            guard case .failure(.invalidField(let field, let requirement)) = error else { throw error }
            throw .invalidRow(field, requirement, row: row)
        }
    }
}

extension ExhibitionFile {
    /// What the file says of each exhibition: title, hall, date, start and end, capacity; empty where there is nothing.
    public var fields: [[String]] {
        plans.map { plan in
            let details = plan.details
            return [
                details.title ?? "", details.hall, details.date, details.startTime ?? "", details.endTime ?? "",
                String(plan.capacity),
            ]
        }
    }
}

extension ExhibitionPlan {
    /// A plan as a request has it, checked.
    init(_ fields: inout RequestFields) throws(RequestError) {
        let title = try fields.optionalText("title", length: Self.textLength)
        let hall = try fields.text("hall", length: Self.textLength)
        let date = try fields.text("date", length: 1...100)
        let startTime = try fields.optionalText("startTime", length: 1...100)
        let endTime = try fields.optionalText("endTime", length: 1...100)
        let capacity = try fields.integer("capacity", in: Self.capacityRange)
        do throws(Failure) {
            try self.init(
                title: title, hall: hall, date: date, startTime: startTime, endTime: endTime, capacity: capacity)
        } catch {
            throw .failure(error)
        }
        try fields.finish()
    }
}
