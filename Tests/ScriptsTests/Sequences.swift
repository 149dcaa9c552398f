/// Every order in which all of the elements can come, and, for a greater length, with repetitions.
/// - Parameter length: of each sequence; the number of elements where none comes twice.
func sequences<Element>(of elements: [Element], length: Int) -> [[Element]] {
    var found: [[Int]] = [[]]
    for place in 0..<length {
        let left = length - place - 1
        found = found.flatMap { start in
            elements.indices.map { start + [$0] }.filter { elements.count - Set($0).count <= left }
        }
    }
    return found.map { $0.map { elements[$0] } }
}
