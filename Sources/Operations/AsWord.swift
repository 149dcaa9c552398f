extension String {
    /// Short and on one line, whatever it contains.
    package var asWord: String {
        let limit = 120
        var word = ""
        for scalar in unicodeScalars.prefix(limit) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: word += scalar.escaped(asASCII: true)
            default: word += String(scalar)
            }
        }
        return unicodeScalars.dropFirst(limit).isEmpty ? word : word + "…"
    }
}
