/// Which part of a collection is asked for.
public struct PageRequest: Sendable {
    /// Most elements, 1 to 200.
    public let size: Int
    /// The position after which the page starts, as the texts of a cursor; `nil` for the start.
    public let position: [String]?

    public init(size: Int, position: [String]? = nil) {
        self.size = size
        self.position = position
    }
}

/// A part of a collection, and the position after which the next one starts, if there is one.
public struct Page<Element: Sendable>: Sendable {
    public let elements: [Element]
    public let next: [String]?

    public init(elements: [Element], next: [String]?) {
        self.elements = elements
        self.next = next
    }
}
