"""Staff at the desk: bookings for visitors, looking bookings up, the day's list, how full exhibitions are."""

import csv
import datetime
import io

from playwright.sync_api import expect

from harness.checks import expect_live, expect_page, open_exhibition, same, tab_to
from harness.look import STATUS, Look, texts
from harness.museum import until
from harness.runner import scenario

KOREAN = Look("ko")
PHONE = Look("en", 360)


@scenario(KOREAN, PHONE)
def book_at_the_desk_and_look_up(run, look):
    museum, words = run.museum, texts(look.language)
    exhibition = museum.register(title="Monet", capacity=20)
    page = open_exhibition(run, look, exhibition)
    visitor = f"정하나 {look}"
    for name, value in [("visitor", visitor), ("seats", "3"), ("name", "정하나"), ("contact", "010-0000-0000"), ("note", "단체")]:
        page.locator(f"form#desk [name={name}]").fill(value)
    page.locator("form#desk button").dblclick()
    link = page.locator("#desk-result a")
    expect(page.locator("#desk-result"), "focus moves to the result").to_be_focused()
    [booking] = museum.bookings(exhibition)
    same((booking["visitor"], booking["seats"], booking["note"]), (visitor, 3, "단체"), "the booking")
    expect_live(page, page.locator(f'#bookings [data-booking="{booking["id"]}"][data-admission=CONFIRMED]'))
    page.goto(f"/staff/museums/{exhibition}")
    page.goto("/staff/bookings")
    page.locator("form#by-visitor [name=visitor]").fill(visitor)
    page.locator("form#by-visitor button").click()
    card = page.locator(f'article[data-booking="{booking["id"]}"]')
    expect(card).to_be_visible()
    page.goto("/staff/bookings")
    page.locator("form#by-id [name=id]").fill(booking["id"])
    page.locator("form#by-id button").click()
    expect(card.locator("[data-field=status]")).to_have_text(STATUS[look.language]["CONFIRMED"])
    card.locator("form.seats [name=seats]").fill("1")
    card.locator("form.seats button").click()
    expect(page.locator("#status")).to_have_text(words["staffLowered"])
    until("two seats are free again", lambda: museum.available(exhibition) == 19)
    card.locator("button.cancel").click()
    page.locator("dialog#cancel-dialog [value=yes]").click()
    expect(card).to_have_attribute("data-status", "CANCELED")
    expect(page.locator("#status")).to_have_text(words["staffCanceled"])
    run.watch.allow(404)
    page.goto("/staff/bookings?id=a1-000000000001")
    expect(page.locator("#error")).to_have_text(words["staffNoSuchBooking"])


@scenario(KOREAN, PHONE)
def the_days_list(run, look):
    museum = run.museum
    date = (datetime.date.today() + datetime.timedelta(500 + look.width)).isoformat()
    morning = museum.register(title="Morning", date=date, startTime="10:00")
    museum.register(title="Evening", date=date, startTime="19:00")
    bookings = [museum.book(morning, "kim", seats=2, name="나", note="=1+1"),
                museum.book(morning, "lee", seats=3, name="가", note="휠체어")]
    page = run.open(look)
    page.goto(f"/staff/day?date={date}")
    sheets = page.locator("section.sheet")
    expect(sheets).to_have_count(2)
    rows = sheets.first.locator("tr[data-booking]")
    expect(rows).to_have_count(2)
    same([row.get_attribute("data-booking") for row in rows.all()], [bookings[1], bookings[0]], "bookings by name")
    expect(page.locator("#day-sum")).to_contain_text("5")
    late = museum.book(morning, "park", seats=1, name="다")
    expect_live(page, page.locator(f'tr[data-booking="{late}"]'))
    with page.expect_download() as download:
        page.locator("#csv").click()
    same(download.value.suggested_filename, f"day-{date}.csv", "the file's name")
    with open(download.value.path(), encoding="utf-8-sig", newline="") as file:
        read = list(csv.DictReader(io.StringIO(file.read())))
    same([(row["name"], row["seats"], row["note"]) for row in read], [("가", "3", "휠체어"), ("나", "2", "'=1+1"), ("다", "1", "")],
         "the file's rows, none of which is a formula")
    page.emulate_media(media="print")
    for hidden in ["header.site", "nav.staff", "form#filter", "#csv"]:
        expect(page.locator(hidden), f"{hidden} is not printed").to_be_hidden()
    expect(rows.first).to_be_visible()
    same(page.pdf(format="A4").count(b"/Type /Page\n"), 2, "sheets of paper: one for each exhibition")


@scenario(KOREAN, PHONE)
def bars_say_how_full_each_exhibition_is(run, look):
    museum = run.museum
    hall = f"Bars {look}"
    exhibition = museum.register(title="Monet", hall=hall, capacity=20)
    page = run.open(look)
    page.goto("/staff")
    expect_page(page, "staff")
    page.locator("form#filter [name=hall]").fill(hall)
    tab_to(page, "form#filter button")
    page.keyboard.press("Enter")
    row = page.locator(f'li[data-museum="{exhibition}"]')
    expect(row.locator("[data-field=held]")).to_have_text("0 / 20")
    museum.book(exhibition, seats=15)
    expect_live(page, row.locator("[data-field=held]").get_by_text("15 / 20"))
    expect(row.locator("meter")).to_have_js_property("value", 15)
