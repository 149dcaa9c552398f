"""Every page in every state, one after another."""

import datetime
import zoneinfo

from playwright.sync_api import expect

from .museum import until

WORDS = {
    "ko": {"monet": "모네: 빛의 정원", "klimt": "클림트, 황금의 시대", "photos": "한국 근현대 사진", "porcelain": "조선의 백자",
           "canceled": "이응노: 문자추상", "first": "제1전시홀", "second": "제2전시홀", "garden": "야외 정원",
           "visitors": [("김하늘", "휠체어"), ("이바다", ""), ("박나래", "초등학교 4학년 단체"), ("최은우", "")], "me": ("정하나", "유모차")},
    "en": {"monet": "Monet: Garden of Light", "klimt": "Klimt and the Golden Age", "photos": "A Century of Photographs",
           "porcelain": "White Porcelain of Joseon", "canceled": "Lee Ungno: Letters", "first": "Hall 1", "second": "Hall 2",
           "garden": "Sculpture Garden",
           "visitors": [("Anna Lee", "wheelchair"), ("Ben Okafor", ""), ("Mina Park", "school class"), ("Tom Weber", "")],
           "me": ("Jane Doe", "pushchair")},
}


class Season:
    """A museum with exhibitions and bookings in every state, and a browser session that has some of them."""

    def __init__(self, museum, page):
        self.museum, self.page = museum, page
        self.words = words = WORDS[page.look.language]
        self.today = datetime.datetime.now(zoneinfo.ZoneInfo("Asia/Seoul")).date()
        first, second = words["first"], words["second"]
        self.open = self.add("monet", first, 1, 40, startTime="10:00", endTime="11:30")
        self.sold_out = self.add("monet", first, 1, 12, startTime="14:00", endTime="15:30")
        self.closed = self.add("klimt", second, 1, 30, startTime="16:00", endTime="17:00")
        self.canceled = self.add("canceled", second, 2, 25, startTime="11:00")
        self.add("photos", second, 2, 60)
        self.add("porcelain", first, 3, 20, startTime="19:00", endTime="20:30")
        self.untitled = museum.register(hall=words["garden"], date=self.day(3), capacity=200)
        self.over = self.add("photos", second, 0, 15, startTime="00:00", endTime="00:01")
        self.deleted = self.add("porcelain", first, 4, 25, startTime="11:00")
        for number, (name, note) in enumerate(words["visitors"]):
            fields = {"name": name, **({"note": note} if note else {}), "contact": f"visitor{number}@example.org"}
            museum.book(self.open, f"member-{1001 + number}", seats=number + 2, **fields)
        museum.book(self.sold_out, "member-1001", seats=12, name=words["visitors"][0][0])
        museum.book(self.closed, "member-1002", seats=9, name=words["visitors"][1][0])
        museum.change("PATCH", f"/museums/{self.closed}", {"status": "CLOSED"})
        museum.change("DELETE", f"/museums/{self.deleted}")
        session = self.send("POST", "/sessions", {})
        self.visitor = session["subject"]
        self.dropped = self.book(self.open, 1)
        self.send("PATCH", f"/books/{self.dropped}", {"status": "CANCELED"})
        self.forced = self.book(self.canceled, 2)
        museum.change("DELETE", f"/museums/{self.canceled}")
        self.booking = self.book(self.open, 2)
        until("bookings have their states", lambda: (museum.row(self.dropped)["status"], museum.row(self.forced)["status"])
              == ("CANCELED", "FORCE_CANCELED"))

    def day(self, days):
        return (self.today + datetime.timedelta(days)).isoformat()

    def add(self, title, hall, days, capacity, **times):
        return self.museum.register(title=self.words[title], hall=hall, date=self.day(days), capacity=capacity, **times)

    def send(self, method, path, body):
        """A request of the browser's session."""
        response = self.page.request.fetch(path, method=method, data=body, headers={"Origin": self.museum.url})
        assert response.ok, f"{method} {path}: {response.status} {response.text()}"
        return response.json()

    def book(self, exhibition, seats):
        name, note = self.words["me"]
        fields = {"museumId": exhibition, "visitor": self.visitor, "seats": seats, "name": name, "note": note,
                  "contact": "sky@example.org"}
        booking = self.send("POST", "/books", fields)["id"]
        until("the booking is admitted", lambda: self.museum.row(booking).get("admission") == "CONFIRMED")
        return booking


def visitor_states(season):
    """Drives the page to each state of the visitors' pages. Yields the state's name."""
    page = season.page
    for name, path in [
        ("exhibitions", "/"), ("exhibitions-none", "/museums?title=zzz"), ("exhibitions-refused", "/museums?cursor=x"),
        ("exhibition", f"/museums/{season.open}"), ("exhibition-untitled", f"/museums/{season.untitled}"),
        ("exhibition-sold-out", f"/museums/{season.sold_out}"), ("exhibition-closed", f"/museums/{season.closed}"),
        ("exhibition-over", f"/museums/{season.over}"), ("exhibition-deleted", f"/museums/{season.deleted}"),
        ("bookings", "/myPages"), ("booking", f"/myPages/{season.booking}"), ("booking-canceled", f"/myPages/{season.dropped}"),
        ("booking-force-canceled", f"/myPages/{season.forced}"), ("cancel", f"/myPages/{season.booking}/cancel"),
        ("sign-in", "/sign-in"), ("problem", "/nothing"), ("problem-museum", "/museums/a99999"),
    ]:
        page.goto(path)
        yield name
    page.goto(f"/museums/{season.open}")
    page.locator("form#book [name=seats]").fill("100")
    page.locator("form#book button").click()
    expect(page.locator("#error")).to_be_visible()
    yield "exhibition-error"
    page.goto(f"/myPages/{season.booking}")
    page.locator("a.cancel").click()
    expect(page.locator("dialog#cancel-dialog")).to_be_visible()
    yield "booking-question"
    page.goto("/sign-in")
    page.locator("form#guest [name=bookId]").fill(season.booking)
    page.locator("form#guest [name=contact]").fill("nobody")
    page.locator("form#guest button").click()
    expect(page.locator("#error")).to_be_visible()
    yield "sign-in-refused"


def fill_programme(season):
    form = season.page.locator("form#programme")
    for name, value in [("title", season.words["klimt"]), ("halls", season.words["first"] + "\n" + season.words["second"]),
                        ("from", season.day(1)), ("to", season.day(4)), ("capacity", "30")]:
        form.locator(f"[name={name}]").fill(value)
    form.locator("[name=startTime]").fill("10:00")
    form.locator("[name=endTime]").fill("11:00")
    return form


def staff_states(season):
    page = season.page
    page.goto("/staff")
    expect(page.locator("li[data-museum]").first).to_be_visible()
    yield "staff"
    page.goto("/staff?title=zzz")
    expect(page.locator("#empty")).to_be_visible()
    yield "staff-none"
    page.goto("/staff/new")
    expect(page.locator("form#programme .pair")).to_have_count(1)
    form = fill_programme(season)
    form.locator("button:not([type=button])").click()
    expect(page.locator("#preview tbody tr")).to_have_count(8)
    yield "staff-new"
    form.locator("[name=to]").fill(season.day(-3))
    form.locator("button:not([type=button])").click()
    expect(page.locator("#error")).to_be_visible()
    yield "staff-new-error"
    content = f"title,hall,date,capacity\r\n{season.words['monet']},{season.words['first']},{season.day(9)},x\r\n"
    page.locator("form#file [name=file]").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": content.encode()})
    page.locator("form#file button").click()
    expect(page.locator("#file-preview [data-field=problem]")).not_to_have_text("")
    yield "staff-new-file"
    page.locator("form#one [name=hall]").fill(season.words["garden"])
    page.locator("form#one [name=date]").fill(season.day(20))
    page.locator("form#one [name=capacity]").fill("5")
    page.locator("form#one button").click()
    expect(page.locator("#result a")).to_have_count(1)
    yield "staff-new-result"
    page.goto(f"/staff/museums/{season.open}")
    expect(page.locator("#bookings tbody tr")).to_have_count(6)
    yield "staff-museum"
    page.locator("#delete").click()
    expect(page.locator("#delete-dialog [data-field=bookings]")).to_contain_text("16")
    yield "staff-delete"
    page.goto(f"/staff/museums/{season.open}")
    expect(page.locator("form#edit [name=hall]")).to_have_value(season.words["first"])
    page.locator("form#edit [name=capacity]").fill("50")
    season.museum.change("PATCH", f"/museums/{season.open}", {"capacity": 45, "hall": season.words["second"]})
    page.locator("form#edit button").click()
    expect(page.locator("#conflict-dialog tbody tr")).to_have_count(6)
    yield "staff-conflict"
    season.museum.change("PATCH", f"/museums/{season.open}", {"capacity": 40, "hall": season.words["first"]})
    for name, path in [("staff-museum-closed", season.closed), ("staff-museum-deleted", season.deleted), ("staff-museum-over", season.over)]:
        page.goto(f"/staff/museums/{path}")
        expect(page.locator("article[data-state]")).to_be_visible()
        yield name
    page.goto(f"/staff/day?date={season.day(1)}")
    expect(page.locator("section.sheet")).to_have_count(3)
    yield "staff-day"
    page.goto("/staff/day?date=2031-01-01")
    expect(page.locator("#empty")).to_be_visible()
    yield "staff-day-none"
    page.goto("/staff/bookings?visitor=member-1001")
    expect(page.locator("article[data-booking]")).to_have_count(2)
    yield "staff-bookings"
    page.locator("button.cancel").first.click()
    expect(page.locator("dialog#cancel-dialog")).to_be_visible()
    yield "staff-bookings-question"
    page.goto("/staff/bookings?id=a1-000000000001")
    expect(page.locator("#error")).to_be_visible()
    yield "staff-bookings-error"


# What the states bring about on purpose.
ALLOWED = [400, 401, 404, 409, 422]


def operator_states(season):
    page = season.page
    page.goto("/operator")
    yield "operator"
