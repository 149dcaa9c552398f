import Testing

@testable import HTTPServer

/// Normalization and validation of input text.
struct InputTextTests {
    private func scalars(_ text: String?) -> [UInt32]? { text?.unicodeScalars.map(\.value) }

    @Test func isComposed() {
        #expect(scalars(InputText.clean("\u{1112}\u{1161}\u{11AB}", length: 1...1)) == [0xD55C])
        #expect(scalars(InputText.clean("e\u{301}", length: 1...1)) == [0xE9])
        #expect(scalars(InputText.clean("A\u{30A}ngstro\u{308}m", length: 8...8)) == scalars("\u{C5}ngstr\u{F6}m"))
        #expect(scalars(InputText.clean("x\u{301}", length: 1...2)) == [0x78, 0x301], "there is no composed one")
        #expect(scalars(InputText.clean("한", length: 1...1)) == [0xD55C])
    }

    @Test func isTrimmed() {
        #expect(InputText.clean("  kim  lee ", length: 1...100) == "kim  lee")
        #expect(InputText.clean("\u{3000}달 항아리\u{A0}\u{2003}", length: 1...100) == "달 항아리")
        #expect(InputText.clean("\u{2028}x\u{2029}", length: 1...1) == "x")
    }

    @Test(arguments: ["", " ", "\u{3000}\u{A0}"])
    func nothingIsNoText(_ text: String) {
        #expect(InputText.clean(text, length: 0...10) == nil)
    }

    @Test(arguments: ["\0", "\n", "\t", "\r", "\u{1B}", "\u{7F}", "\u{80}", "\u{85}", "\u{9F}"])
    func controlCharactersAreRefused(_ control: String) {
        for text in [control, "a" + control + "b", control + "a", "a" + control, "한" + control] {
            #expect(InputText.clean(text, length: 1...100) == nil)
        }
    }

    @Test func bidirectionalOverridesAndIsolatesAreRefused() {
        for value in Array(0x202A...0x202E) + Array(0x2066...0x2069) {
            let character = String(Unicode.Scalar(UInt32(value))!)
            for text in [character, "a" + character, character + "a", "한" + character + "국"] {
                #expect(InputText.clean(text, length: 1...100) == nil, "U+\(String(value, radix: 16))")
                #expect(InputText.normalized(text) == text)
            }
        }
    }

    @Test(arguments: ["\u{200E}", "\u{200F}", "\u{61C}"])
    func directionalMarksAreText(_ mark: String) {
        #expect(InputText.clean("א" + mark + "b", length: 1...3) == "א" + mark + "b")
        #expect(InputText.clean(mark, length: 1...3) == nil, "alone it shows nothing")
    }

    @Test(arguments: [
        "\u{200B}", "\u{200C}", "\u{200D}", "\u{2060}", "\u{FEFF}", "\u{AD}", "\u{34F}", "\u{115F}", "\u{1160}", "\u{3164}",
        "\u{FFA0}", "\u{2800}", "\u{FE0F}", "\u{E0100}", "\u{E0041}", "\u{17B4}", "\u{180B}", "\u{180E}", "\u{2063}", "\u{FFF9}",
        "\u{FFFE}", "\u{10FFFF}", "\u{1D159}", "\u{13430}",
    ])
    func textThatShowsNothingIsRefused(_ blank: String) {
        for text in [blank, blank + blank, " " + blank + "\u{3000}" + blank + " ", blank + "\u{200B}\u{2800}\u{3164}"] {
            #expect(InputText.clean(text, length: 1...100) == nil)
        }
        #expect(InputText.clean(blank + "x", length: 1...2) != nil, "beside something visible it is part of the text")
    }

    @Test(arguments: [
        "👨‍👩‍👧", "❤️", "1️⃣", "🇰🇷", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "\u{1100}\u{1161}", "\u{115F}\u{1161}", "\u{A960}\u{1161}", "ㄱ", "ㅏ", "\u{1112}", "\u{301}", ".",
        "0",
        "\u{E000}", "م\u{200C}ن", "क्\u{200D}ष", "\u{30000}",
    ])
    func textThatShowsSomethingIsTaken(_ text: String) {
        #expect(InputText.clean(text, length: 1...10) != nil)
    }

    @Test func lengthIsCountedInScalars() {
        #expect(InputText.clean("abc", length: 1...3) == "abc")
        #expect(InputText.clean("abcd", length: 1...3) == nil)
        #expect(InputText.clean("ab", length: 3...5) == nil)
        #expect(InputText.clean("  abc  ", length: 1...3) == "abc", "after trimming")
        #expect(InputText.clean(String(repeating: "e\u{301}", count: 3), length: 1...3) != nil, "after composing")
        #expect(InputText.clean(String(repeating: "🏛", count: 4), length: 1...3) == nil)
        #expect(InputText.clean(String(repeating: "🏛", count: 3), length: 1...3) != nil, "not in bytes")
        #expect(InputText.clean("👨‍👩‍👧", length: 1...4) == nil, "five scalars, one to the eye")
        #expect(InputText.clean("x" + String(repeating: "\u{301}", count: 100), length: 1...100) == nil)
    }

    @Test func digits() {
        for (text, number) in [("0", 0), ("7", 7), ("007", 7), ("999999999", 999_999_999)] {
            #expect(InputText.digits(text) == number)
        }
        for text in ["", "1234567890", "-1", "+1", " 1", "1 ", "1.0", "1e1", "１", "١", "a", "1\n"] {
            #expect(InputText.digits(text) == nil)
        }
    }
}
