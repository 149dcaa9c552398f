import Foundation
import HTTPServer
import TestSupport

/// Visitors who book and cancel, and staff who edit, while something else is tried.
struct Traffic {
    let visitor: Visitor
    let exhibitions: [String]
    /// Staff edit this one only.
    let edited: String

    /// - Returns: what was answered 201, each with whether it was cancelled after.
    func during(_ body: @escaping @Sendable () async throws -> Void) async throws -> [String: Bool] {
        let isOver = LockedBox(false)
        let booked = LockedBox<[String: Bool]>([:])
        try await withThrowingTaskGroup { group in
            for lane in 0..<3 {
                group.addTask {
                    var number = 0
                    while !isOver.value {
                        number += 1
                        try await step(lane, number, booked)
                    }
                }
            }
            group.addTask {
                defer { isOver.value = true }
                try await body()
            }
            try await group.waitForAll()
        }
        return booked.value
    }

    private func step(_ lane: Int, _ number: Int, _ booked: LockedBox<[String: Bool]>) async throws {
        let exhibition = exhibitions[(lane + number) % exhibitions.count]
        let answer = try await visitor.book(exhibition, visitor: "passer-by \(lane)-\(number % 50)")
        guard answer.status == 201, let id = answer.json["id"]?.text else { return }
        booked.update { $0[id] = false }
        if number.isMultiple(of: 2), try await visitor.delete("/books/\(id)").status == 200 { booked.update { $0[id] = true } }
        if number.isMultiple(of: 7) {
            _ = try await visitor.send("PATCH", "/museums/\(edited)", #"{"title":"\#(lane)-\#(number)"}"#)
        }
        // Sooner or later; as fast as the machine can would leave nothing to those who are tried.
        try await Task.sleep(for: .milliseconds(5))
    }
}
