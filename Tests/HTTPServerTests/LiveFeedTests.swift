import Contracts
import NIOCore
import NIOEmbedded
import Testing

@testable import HTTPServer

/// What a watcher of a feed gets, without a connection.
struct LiveFeedTests {
    private let loop = EmbeddedEventLoop()
    private let feed = LiveFeed(service: "test", limit: 3)

    /// What a watcher has got.
    private final class Received {
        var text = ""
        var takes = true
        var end: Bool?

        var ids: [String] { text.matches(of: #/id: (\S+)\ndata: /#).map { String($0.1) } }
    }

    private func watch(_ topic: String? = nil, from start: LiveFeed.Start = .now) throws -> (Received, LiveWatcher, FeedStream) {
        let stream = try feed.stream(topic: topic)
        stream.starts(from: start)
        let received = Received()
        let watcher = LiveWatcher(topic: topic, on: loop) { bytes in
            if received.takes { received.text += String(buffer: bytes) }
            return received.takes
        } end: {
            received.end = $0
        }
        stream.begin(watcher)
        return (received, watcher, stream)
    }

    private func publish(_ position: String, topics: String...) {
        feed.publish(topics.map { LiveMessage(data: ByteBuffer(string: "{}"), topic: $0) }, position: position)
        loop.run()
        // The next few are served after a pause.
        loop.advanceTime(by: .milliseconds(10))
    }

    @Test func onlyTheLastMessageHasTheNewPosition() throws {
        feed.begin(at: "1")
        let (all, _, one) = try watch()
        let (mine, _, other) = try watch("kim")
        publish("2", topics: "kim", "lee", "kim")
        // A client that got the first of them only must get the others again.
        #expect(all.ids == ["1", "1", "2"])
        #expect(mine.ids == ["1", "2"])
        #expect(feed.watchers == 2 && feed.watched.isAll && feed.watched.names == ["kim"])
        withExtendedLifetime((one, other)) {}
    }

    @Test func nothingIsMissingFromAPosition() throws {
        feed.begin(at: "1")
        publish("2", topics: "a")
        publish("3", topics: "b")
        #expect(feed.knows("2") && !feed.knows("9"))
        let (received, _, stream) = try watch(from: .after("2"))
        #expect(received.ids == ["3"] && received.text.hasSuffix("id: 3\n\n"))
        let (unknown, _, other) = try watch(from: .after("9"))
        #expect(unknown.text.contains("event: reset\n"))
        withExtendedLifetime((stream, other)) {}
    }

    /// Reading ends for lack of watchers just when somebody begins to watch.
    @Test func goesOnAfterAPause() throws {
        feed.begin(at: "1")
        for position in 2...5 { publish(String(position), topics: "a") }
        let (received, _, stream) = try watch()
        feed.pause()
        feed.begin(at: "6")
        publish("7", topics: "a")
        #expect(received.ids == ["7"])
        #expect(!feed.knows("5"))
        withExtendedLifetime(stream) {}
    }

    @Test func aWatcherThatDoesNotReadIsDropped() throws {
        feed.begin(at: "1")
        let (slow, watcher, stream) = try watch()
        let (quick, _, other) = try watch()
        slow.takes = false
        publish("2", topics: "a")
        #expect(slow.end == false && !watcher.isOpen)
        #expect(quick.ids == ["2"] && quick.end == nil)
        withExtendedLifetime((stream, other)) {}
    }

    @Test func thereIsALimit() throws {
        feed.begin(at: "1")
        var streams: [FeedStream] = []
        for _ in 1...3 { streams.append(try feed.stream(topic: nil)) }
        #expect(throws: RequestError.failure(.overloaded)) { try feed.stream(topic: nil) }
        streams.removeLast()
        _ = try feed.stream(topic: "kim")
    }

    @Test(arguments: ["", "x", "-1", "01", "+1", "1.0", "1234567890123456", "١", "1 "])
    func noPosition(_ text: String) { #expect(LivePosition(text) == nil) }

    @Test func positions() {
        #expect(LivePosition("0")?.milliseconds == 0)
        #expect(LivePosition("1764000000000")?.text == "1764000000000")
    }
}
