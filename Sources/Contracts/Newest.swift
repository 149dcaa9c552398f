extension Sequence {
    /// Of several elements about one thing only that with the highest version, in the order of the things' first elements.
    public func newest<ID: Hashable>(of id: (Element) -> ID, version: (Element) -> Int) -> [Element] {
        var places: [ID: Int] = [:]
        var newest: [Element] = []
        for element in self {
            if let place = places[id(element)] {
                if version(element) > version(newest[place]) { newest[place] = element }
            } else {
                places[id(element)] = newest.count
                newest.append(element)
            }
        }
        return newest
    }
}
