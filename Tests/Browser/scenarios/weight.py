"""What each page costs on a slow line: bytes, requests, and the time until it shows something. Figures come from the browser."""

import datetime

from harness.checks import same
from harness.look import Look
from harness.runner import scenario
from harness.season import Season

# A slow mobile line, and a phone's processor.
KILOBITS, ROUND_TRIP, SLOWDOWN = 1600, 150, 4
MOST_BYTES = {"visitors": 100_000, "staff": 100_000, "operators": 200_000}
# What a page asks for: itself, a style sheet, an icon, its scripts and its words, a stream, and what may have changed before the
# stream began. A page of staff asks for its data as well; the day's list for each exhibition's bookings and admissions.
MOST_REQUESTS = {"visitors": 12, "staff": 30, "operators": 14}
# First contentful paint in milliseconds: two round trips for the page and its style sheet, what they carry, and the server's time.
LATEST_PAINT = 2500


class Meter:
    """Counts what one page loads, by the browser's own protocol."""

    def __init__(self, page):
        self.session = page.context.new_cdp_session(page)
        self.bytes, self.requests = 0, []
        self.session.on("Network.requestWillBeSent", self.sent)
        self.session.on("Network.loadingFinished", self.finished)
        self.session.send("Network.enable")
        throughput = KILOBITS * 1000 / 8
        line = {"offline": False, "latency": ROUND_TRIP, "downloadThroughput": throughput, "uploadThroughput": throughput}
        self.session.send("Network.emulateNetworkConditions", line)
        self.session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})

    def sent(self, event):
        if not event["request"]["url"].startswith("data:"):
            self.requests.append(event["request"]["url"])

    def finished(self, event):
        self.bytes += event["encodedDataLength"]

    def measure(self, page, path):
        """Loads a page until nothing more comes but its stream. Returns bytes, requests and the paint in milliseconds."""
        self.bytes, self.requests = 0, []
        page.goto(path, wait_until="load")
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
        page.wait_for_function(IS_QUIET, arg=None, polling=200)
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        return self.bytes, len(self.requests), round(paint)


# No resource has begun or ended for half a second. A stream is no resource until it ends.
IS_QUIET = """() => {
    const ends = performance.getEntriesByType('resource').map((each) => Math.max(each.startTime, each.responseEnd));
    return performance.now() - Math.max(...ends, performance.timing.loadEventEnd - performance.timeOrigin) > 500;
}"""


@scenario(Look("ko", 360))
def first_visit_and_next_page(run, look):
    museum = run.start_museum()
    guide = run.open(look, museum)
    season = Season(museum, guide)
    # A list as long as a page of it gets.
    for number in range(60):
        museum.register(title=season.words["monet"], hall=season.words["first"], date=season.day(5 + number // 6),
                        startTime=f"{10 + number % 6}:00", endTime=f"{10 + number % 6}:50", capacity=30)
    storage = guide.context.storage_state()
    for name, path in [
        ("exhibitions", "/"), ("exhibition", f"/museums/{season.open}"), ("my bookings", "/myPages"),
        ("booking", f"/myPages/{season.booking}"), ("sign-in", "/sign-in"), ("staff", "/staff"), ("staff: register", "/staff/new"),
        ("staff: one exhibition", f"/staff/museums/{season.open}"), ("staff: day", f"/staff/day?date={season.day(1)}"),
        ("operator", "/operator"),
    ]:
        page = run.open(look, museum, storage_state=storage)
        meter = Meter(page)
        size, requests, paint = meter.measure(page, path)
        run.figures.append((name, size, requests, paint))
        print(f"{name}: {size} bytes, {requests} requests, first contentful paint {paint} ms", flush=True)
        whose = "staff" if path.startswith("/staff") else "operators" if path == "/operator" else "visitors"
        most_bytes, most = MOST_BYTES[whose], MOST_REQUESTS[whose]
        assert size < most_bytes, f"{name}: expected less than {most_bytes} bytes, saw {size}"
        assert requests <= most, f"{name}: expected at most {most} requests, saw {requests}: {meter.requests}"
        assert paint < LATEST_PAINT, f"{name}: expected to show something within {LATEST_PAINT} ms, saw {paint} ms"
        if name == "exhibitions":
            again = meter.measure(page, path)
            run.figures.append(("exhibitions, again", *again))
            print(f"{name}, again: {again[0]} bytes, {again[1]} requests, first contentful paint {again[2]} ms", flush=True)
            loaded = [url for url in meter.requests if "/assets/" in url and is_loaded(page, url)]
            same(loaded, [], "assets that are loaded a second time")
        page.context.close()


def is_loaded(page, url):
    return page.evaluate("url => performance.getEntriesByName(url).some((each) => each.transferSize > 0)", url)


FIGURES = """# What the pages weigh

Measured by `scripts/screenshots` in Debian's chromium on {day}: a phone of 360 px with a {SLOWDOWN} times slower
processor, on a line of {KILOBITS} kbit/s with a round trip of {ROUND_TRIP} ms, in Korean. The program was a debug build. Each
page is somebody's first: nothing is in the browser's cache. The list of exhibitions has {shown} of them.

| page | bytes over the line | requests | first content |
|---|---|---|---|
{rows}

Bytes are the responses with their headers, compressed as sent. Requests are all of a page's, with its live stream. First content is
the browser's first contentful paint. The operator's page loads `/metrics`, which is not compressed.

`BrowserTests` fails at {MOST_BYTES[visitors]} bytes or above {MOST_REQUESTS[visitors]} requests of a page for visitors, at {MOST_BYTES[staff]} bytes or
above {MOST_REQUESTS[staff]} requests of one for staff, at {MOST_BYTES[operators]} bytes of the operator's, and at {LATEST_PAINT} ms until first content.
"""


def write_figures(path, figures):
    """The page of documentation."""
    rows = [f"| {name} | {size / 1000:.1f} kB | {requests} | {paint / 1000:.2f} s |" for name, size, requests, paint in figures]
    day = f"{datetime.date.today():%-d %B %Y}"
    path.write_text(FIGURES.format_map({**globals(), "rows": "\n".join(rows), "day": day, "shown": 60}))
