"""Headers of pages and assets, and forms of other sites."""

import contextlib
import http.server
import threading

from harness.checks import same
from harness.look import Look
from harness.runner import scenario

POLICY = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:", "connect-src": "'self'",
    "form-action": "'self'", "base-uri": "'none'", "frame-ancestors": "'none'",
}
HEADERS = {"x-content-type-options": "nosniff", "referrer-policy": "same-origin", "x-frame-options": "DENY"}


def pages(museum):
    """The path of every page, with the status that it has."""
    exhibition = museum.register(title="Monet")
    booking = museum.book(exhibition)
    found = ["/", "/museums", f"/museums/{exhibition}", "/myPages", f"/myPages/{booking}", f"/myPages/{booking}/cancel", "/sign-in",
             "/staff", "/staff/new", f"/staff/museums/{exhibition}", "/staff/day", "/staff/bookings", "/operator"]
    return [(path, 200) for path in found] + [("/nothing", 404), ("/museums/a999", 404), ("/myPages/a1-000000000001", 404)]


@scenario(Look())
def every_page_and_asset_has_its_headers(run, look):
    page = run.open(look)
    run.watch.allow(404)
    assets = {}
    page.on("response", lambda response: "/assets/" in response.url and assets.update({response.url: response}))
    for path, status in pages(run.museum):
        response = page.goto(path)
        same(response.status, status, path)
        headers = response.all_headers()
        policy = dict(each.strip().split(" ", 1) for each in headers["content-security-policy"].split(";"))
        same(policy, POLICY, f"Content-Security-Policy of {path}")
        same({name: headers.get(name) for name in HEADERS}, HEADERS, f"headers of {path}")
        kept = headers["cache-control"]
        assert "no-store" in kept or "no-cache" in kept, f"Cache-Control of {path}: expected no-store or no-cache, saw {kept}"
        assert page.locator("script:not([src]), [style], style").count() == 0, f"{path} has no inline script or style"
    assert len(assets) >= 10, f"the pages have scripts and styles: {list(assets)}"
    for url, response in assets.items():
        headers = response.all_headers()
        same(headers.get("cache-control"), "public, max-age=31536000, immutable", f"Cache-Control of {url}")
        same(headers.get("x-content-type-options"), "nosniff", f"X-Content-Type-Options of {url}")
        same(headers.get("content-encoding"), "gzip", f"Content-Encoding of {url}")


@scenario(Look())
def nothing_comes_from_other_servers(run, look):
    page = run.open(look)
    run.watch.allow(404)
    elsewhere = []
    page.on("request", lambda request: request.url.startswith((run.museum.url, "data:", "blob:")) or elsewhere.append(request.url))
    for path, _ in pages(run.museum):
        page.goto(path, wait_until="load")
    same(elsewhere, [], "requests to other servers")


@contextlib.contextmanager
def serving(html):
    """The address of another site: 127.0.0.1 is another one than localhost."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/" else 204)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode() if self.path == "/" else b"")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@scenario(Look())
def another_site_can_not_book_nor_frame(run, look):
    exhibition = run.museum.register(title="Monet")
    page = run.open(look)
    page.goto(f"/museums/{exhibition}")
    page.locator("form#book button").click()
    page.wait_for_url("**/myPages/*?booked")
    before = run.museum.available(exhibition)
    other = page.context.new_page()
    other.look = look
    run.watch.allow(403, "frame-ancestors", "chrome-error", "X-Frame-Options", r"Framing .* violates", "ERR_BLOCKED_BY_RESPONSE")
    html = f"""<form method="post" action="{run.museum.url}/forms/book"><input name="museumId" value="{exhibition}">
        <input name="seats" value="1"><input name="key" value="0123456789012345"><input name="token" value="x">
        <button>Go</button></form>
        <iframe src="{run.museum.url}/museums/{exhibition}"></iframe>"""
    with serving(html) as address:
        other.goto(address)
        assert other.frames[1].locator("[data-museum]").count() == 0, "the page must not be framed by another site"
        with other.expect_navigation() as navigation:
            other.locator("button").click()
        same(navigation.value.status, 403, "a form of another site")
    same(run.museum.available(exhibition), before, "seats left after a form of another site")
