/// Why an operation can't be done, and what to do next, in one line.
package struct OperationError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
