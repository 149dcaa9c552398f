import HTTPServer
import Testing

@testable import Pages

/// What the pages say, in both languages.
struct TextsTests {
    @Test func bothLanguagesHaveTheSameTexts() {
        // Korean has one form for all numbers.
        let english = Set(Texts.english.all.keys).filter { !$0.hasSuffix(".one") }
        #expect(english.symmetricDifference(Texts.korean.all.keys).sorted() == [])
        for (key, text) in Texts.korean.all {
            #expect(!text.isEmpty && !(Texts.english.all[key] ?? "").isEmpty, "\(key)")
            #expect(places(text) == places(Texts.english.all[key] ?? ""), "\(key)")
        }
        #expect(Texts.korean.all.count > 100)
    }

    /// Each key occurs once in all files of a language, so that no file hides another's.
    @Test func noKeyIsThereTwice() throws {
        for files in [
            [PackageResources.visitor_ko_json, PackageResources.staff_ko_json, PackageResources.operator_ko_json],
            [PackageResources.visitor_en_json, PackageResources.staff_en_json, PackageResources.operator_en_json],
        ] {
            var keys: Set<String> = []
            for file in files {
                guard case .object(let members) = try JSON(parsing: file) else {
                    Issue.record("a file of texts is no object")
                    continue
                }
                for member in members { #expect(keys.insert(member.name).inserted, "\(member.name)") }
            }
        }
    }

    @Test func everyProblemHasAText() {
        for type in ProblemType.allCases {
            #expect(Texts.korean.all["problem.\(type.slug)"] != nil, "\(type.slug)")
            #expect(Texts.english.all["problem.\(type.slug)"] != nil, "\(type.slug)")
        }
    }

    /// A template that names a text which is not there shows nothing, and nobody would see it.
    @Test func templatesNameTextsThatExist() throws {
        for (name, bytes) in Templates.sources {
            let source = String(decoding: bytes, as: UTF8.self)
            for match in source.matches(of: /\{\{[#^\/]?t\.([A-Za-z0-9.]+)\}\}/) {
                #expect(!match.1.contains(".") && Texts.english.all[String(match.1)] != nil, "\(name): \(match.1)")
            }
            #expect(source.contains("{{{") == false, "\(name) shows text that is not escaped")
        }
    }

    @Test func scriptsNameTextsThatExist() throws {
        let assets = try Assets.shared.get()
        var found = 0
        for (name, bytes) in assets.scripts {
            let source = String(decoding: bytes, as: UTF8.self)
            for match in source.matches(of: /\b(text|count)\(\s*'([^']+)'/) {
                let key = match.1 == "count" ? "\(match.2).other" : String(match.2)
                #expect(Texts.english.all[key] != nil, "\(name): \(key)")
                found += 1
            }
        }
        #expect(found > 5)
    }

    @Test func placesAreFilled() {
        #expect(Texts.english.count("seatsLeft", 1) == "1 seat left")
        #expect(Texts.english.count("seatsLeft", 2000) == "2,000 seats left")
        #expect(Texts.korean.count("seatsLeft", 1) == "남은 자리 1석")
        #expect(Texts.english("problem.invalid-field", ["field": "{x}"]) == "{x} is not valid.")
        #expect(Texts.english.problem("no-such-slug") == Texts.english["problem.internal"])
    }

    private func places(_ text: String) -> Set<String> { Set(text.matches(of: /\{[a-z]+\}/).map { String($0.0) }) }
}
