import Platform
import Testing

struct DurationTextTests {
    @Test(arguments: [
        ("500ms", Duration.milliseconds(500)), ("10s", .seconds(10)), ("2m", .seconds(120)), ("1h", .seconds(3600)),
        ("7d", .seconds(604_800)), ("0s", .zero), ("999999999d", .seconds(999_999_999 * 86_400)),
    ])
    func reads(text: String, duration: Duration) { #expect(DurationText.parse(text) == duration) }

    @Test(arguments: ["", "7", "d", "-1d", "1.5h", "7 d", "7D", "1000000000d", "٧d", "7days", "1h30m"])
    func refuses(text: String) { #expect(DurationText.parse(text) == nil) }
}
