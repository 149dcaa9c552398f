extension SeededRandom {
    /// Text that somebody may try in the place of an id or a name.
    public mutating func hostileText(upTo length: Int = 24) -> String {
        let special = Array("{}:*?[]()\r\n\t\0\\\"'%/-._ a1bz0{a}".unicodeScalars)
        var scalars = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...length, using: &self) {
            if Bool.random(using: &self) {
                scalars.append(special.randomElement(using: &self)!)
            } else if let scalar = Unicode.Scalar(UInt32.random(in: 0...0x10FFFF, using: &self)) {
                scalars.append(scalar)
            }
        }
        return String(scalars)
    }

    /// Changes bytes here and there: flips, drops, doubles, inserts, swaps pieces.
    public mutating func mutated(_ bytes: [UInt8], splicing others: [[UInt8]]) -> [UInt8] {
        var bytes = bytes
        let telling = Array("\r\n :;,/%{}\"\0+-0159aF\u{7F}é".utf8)
        for _ in 0..<Int.random(in: 1...4, using: &self) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &self)
            let end = min(bytes.count, place + Int.random(in: 1...16, using: &self))
            switch Int.random(in: 0..<8, using: &self) {
            case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &self)
            case 1: bytes[place] = telling.randomElement(using: &self)!
            case 2: bytes.insert(telling.randomElement(using: &self)!, at: place)
            case 3: bytes.removeSubrange(place..<end)
            case 4: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 5: bytes = Array(bytes[..<place])
            case 6:
                let other = others.randomElement(using: &self)!
                bytes = Array(bytes[..<place]) + Array(other[Int.random(in: 0..<other.count, using: &self)...])
            default:
                bytes.insert(contentsOf: repeatElement(bytes[place], count: Int.random(in: 1...3000, using: &self)), at: place)
            }
        }
        return bytes
    }
}
