"""Names that attack a page or break its layout, on every page: as text, never as markup, and nothing is wider than the window."""

import unicodedata

from playwright.sync_api import expect

from harness.checks import expect_fits, same
from harness.look import Look
from harness.museum import until
from harness.runner import scenario

NAMES = {
    "script": "<script>alert(1)</script>",
    "attribute": "\"><img src=x onerror=alert(2)>'><svg onload=alert(3)>",
    "template": "{{t.title}} {{{t.museum}}} ${alert(4)} {{#page}}x{{/page}}",
    "entities": "&lt;b&gt; &amp;#60;i&#62; </title></textarea></template>",
    "link": "javascript:alert(5)//",
    "rtl": "معرض الفن الحديث (שלום עולם) 2099 معرض",
    "emoji": "🎨" * 64,
    "families": "👩‍👩‍👧‍👦" * 9,
    "long": "W" * 60,
    "marks": "Z̷̨a̸͓l̵͎g̶͇o̷̝" + "\u0301" * 30,
    "korean": "가" * 60,
}
WIDTHS = [1280, 360, 320]
DATE = "2099-03-01"


class Attack:
    """An exhibition and bookings whose every text is one hostile name."""

    def __init__(self, museum, request, visitor, kind):
        self.museum, self.kind = museum, kind
        name = NAMES[kind]
        # What fits: 100, 64 and 200 characters at most.
        self.title, self.hall, self.visitor, self.person, self.note = name[:100], name[:100], name[:64], name[:64], (name * 3)[:200]
        self.exhibition = museum.register(title=self.title, hall=self.hall, date=DATE, capacity=50)
        details = {"name": self.person, "note": self.note, "contact": self.note[:60]}
        fields = {"museumId": self.exhibition, "visitor": visitor, **details}
        response = request.post("/books", data=fields, headers={"Origin": museum.url})
        assert response.ok, f"a booking of {kind}: {response.status} {response.text()}"
        self.own = response.json()["id"]
        self.other = museum.book(self.exhibition, self.visitor, **details)
        until("the booking is admitted", lambda: museum.row(self.own).get("admission") == "CONFIRMED")


def lists(page, attacks):
    """The pages that show all of them. Yields the path of each, when the names are there."""
    for path, selector, text in [
        (f"/museums?date={DATE}", '[data-museum="{exhibition}"] .title bdi', "title"),
        ("/myPages", '[data-booking="{own}"] .title bdi', "title"),
        (f"/staff?date={DATE}", 'li[data-museum="{exhibition}"] [data-field=title]', "title"),
        (f"/staff/day?date={DATE}", 'tr[data-booking="{other}"] [data-field=name]', "person"),
    ]:
        page.goto(path)
        for attack in attacks:
            seen = page.locator(selector.format_map(vars(attack))).text_content()
            same(clean(seen), clean(getattr(attack, text)), f"{attack.kind} on {path}")
        yield path


def pages(page, attack):
    """The pages that show one."""
    title, own = attack.title, attack.own
    for path, selector, text in [
        (f"/museums/{attack.exhibition}", "h1 bdi", title), (f"/myPages/{own}", ".title bdi", title),
        (f"/myPages/{own}/cancel", ".title bdi", title),
        (f"/staff/museums/{attack.exhibition}", f'#bookings [data-booking="{attack.other}"] [data-field=note]', attack.note),
        (f"/staff/bookings?id={attack.other}", f'article[data-booking="{attack.other}"] [data-field=visitor]', attack.visitor),
    ]:
        page.goto(path)
        same(clean(page.locator(selector).first.text_content()), clean(text), f"{attack.kind} on {path}")
        yield path
    page.goto(f"/myPages/{own}")
    page.locator("a.cancel").click()
    same(clean(page.locator("#cancel-dialog [data-field=what]").text_content()), clean(title), f"{attack.kind} in the question")
    yield "question"
    page.goto("/staff/new")
    form = page.locator("form#programme")
    for name, value in [("title", title), ("halls", attack.hall), ("from", DATE), ("capacity", "5")]:
        form.locator(f"[name={name}]").fill(value)
    form.locator("button:not([type=button])").click()
    expect(page.locator("#preview tbody tr")).to_have_count(1)
    yield "preview"
    page.locator("#preview [name=include]").check()
    page.locator("#register").click()
    same(page.locator("#result a bdi").first.text_content(), clean(title), f"{attack.kind} in the result")
    yield "result"


def clean(text):
    """The museum trims names, and keeps them in one form of Unicode."""
    return unicodedata.normalize("NFC", text).strip()


@scenario(Look("ko"))
def hostile_names_are_text_on_every_page(run, look):
    page = run.open(look, museum := run.start_museum())
    visitor = page.request.post("/sessions", data={}, headers={"Origin": museum.url}).json()["subject"]
    attacks = [Attack(museum, page.request, visitor, kind) for kind in NAMES]
    findings = []
    for kind, states in [("all", lists(page, attacks)), *[(attack.kind, pages(page, attack)) for attack in attacks]]:
        for where in states:
            brought = page.locator("main img, main svg, main script, main b, main i").count()
            same(brought, 0, f"elements that {kind} has brought into {where}")
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 740})
                try:
                    expect_fits(page, f"{kind} on {where} [{look}]")
                except AssertionError as error:
                    findings.append(str(error))
            page.set_viewport_size({"width": 1280, "height": 800})
    assert not findings, f"{len(findings)} findings:\n" + "\n".join(findings)


@scenario(Look("ko", has_scripts=False), Look("en"))
def hostile_entries_come_back_as_text(run, look):
    """What somebody has entered and is refused, and what is in the address."""
    exhibition = run.museum.register(title="Monet", capacity=1)
    page = run.open(look)
    run.watch.allow(400, 401, 404, 409, 422)
    for kind in ["script", "attribute", "template", "entities"]:
        name = NAMES[kind][:64]
        page.goto(f"/museums/{exhibition}")
        for field, value in [("seats", "5"), ("name", name), ("note", name)]:
            page.locator(f"form#book [name={field}]").fill(value)
        page.locator("form#book button").click()
        expect(page.locator("#error")).to_have_attribute("data-problem", "sold-out")
        expect(page.locator("form#book [name=note]")).to_have_value(name)
        page.goto("/")
        page.locator("form#filter [name=hall]").fill(f"no {name}")
        page.locator("form#filter button").click()
        expect(page.locator("form#filter [name=hall]")).to_have_value(f"no {name}")
        expect(page.locator(".empty")).to_be_visible()
        page.goto("/sign-in")
        page.locator("form#guest [name=bookId]").fill(name[:40])
        page.locator("form#guest [name=contact]").fill(name)
        page.locator("form#guest button").click()
        expect(page.locator("form#guest [name=contact]")).to_have_value(name)
    page.goto(f"/museums/{exhibition}")
    page.locator("form#book [name=name]").fill("abc\u202edef")
    page.locator("form#book button").click()
    expect(page.locator("#error"), "a name that turns text round is refused").to_have_attribute("data-problem", "invalid-field")
    for path in ["/museums/%3Cscript%3Ealert(1)%3C/script%3E", "/%22%3E%3Cimg%20src=x%20onerror=alert(2)%3E",
                 "/language/ko?return=javascript:alert(3)", "/language/ko?return=//evil.example/"]:
        page.goto(path)
        assert page.url.startswith(run.museum.url), f"{path} must not lead elsewhere; seen: {page.url}"
        same(page.locator("main img, main script").count(), 0, f"elements that {path} has brought in")
