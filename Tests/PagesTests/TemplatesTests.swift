import Testing

@testable import Pages

@Suite struct TemplatesTests {
    @Test func loads() throws { _ = try Templates.shared.get() }
}
