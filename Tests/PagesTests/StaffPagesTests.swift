import Testing

@testable import Pages

struct StaffPagesTests {
    @Test(arguments: StaffPage.allCases) func everyPageHasATemplateAScriptAndAHeading(_ page: StaffPage) throws {
        let assets = try Assets.shared.get()
        #expect(Templates.sources.contains { $0.name == page.rawValue })
        #expect(assets.scripts.contains { $0.name == page.rawValue + ".js" })
        for texts in [Texts.korean, Texts.english] { #expect(texts.all[page.heading] != nil) }
    }

    /// A script that imports one which is not served does nothing at all.
    @Test func scriptsImportWhatIsServed() throws {
        let scripts = try Assets.shared.get().scripts
        var found = 0
        for (name, bytes) in scripts {
            for match in String(decoding: bytes, as: UTF8.self).matches(of: /(?:from|import) '([^']+)';/) {
                #expect(scripts.contains { "./" + $0.name == match.1 }, "\(name) imports \(match.1)")
                found += 1
            }
        }
        #expect(found > 20)
    }

    /// Each place that scripts fill is in the page: the ids, and the `<template>` elements.
    @Test(arguments: StaffPage.allCases) func scriptsNameElementsThatExist(_ page: StaffPage) throws {
        let scripts = try Assets.shared.get().scripts
        var sources = Templates.sources.filter { ["layout", "staff-head", page.rawValue].contains($0.name) }
        if page == .bookings { sources += Templates.sources.filter { $0.name == "cancel-dialog" } }
        let html = sources.map { String(decoding: $0.bytes, as: UTF8.self) }.joined()
        let script = try #require(scripts.first { $0.name == page.rawValue + ".js" })
        var found = 0
        for match in String(decoding: script.bytes, as: UTF8.self).matches(of: /(?:getElementById|element|clone)\('([^']+)'\)/) {
            #expect(html.contains(#"id="\#(match.1)""#), "\(page.rawValue): \(match.1)")
            found += 1
        }
        #expect(found >= 3)
    }
}
