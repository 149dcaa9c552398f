"""Visitors: finding exhibitions, live seats, keyboard, languages, printing."""

import datetime

from playwright.sync_api import expect

from harness.checks import booking_of, expect_booking, expect_page, expect_seats_left, same, tab_to
from harness.look import SEATS_LEFT, Look, texts
from harness.runner import scenario

KOREAN = Look("ko")
PHONE = Look("en", 360)
WITHOUT = Look("ko", 360, has_scripts=False)


@scenario(KOREAN, PHONE)
def pages_change_by_themselves(run, look):
    museum = run.museum
    title = f"Live {look}"
    exhibition = museum.register(title=title, capacity=5)
    listed, shown = run.open(look), run.open(look)
    listed.goto(f"/museums?title={title}")
    shown.goto(f"/museums/{exhibition}")
    for page in [listed, shown]:
        expect_seats_left(page, exhibition, 5)
    booking = museum.book(exhibition, seats=3)
    for page in [listed, shown]:
        expect_seats_left(page, exhibition, 2)
    museum.book(exhibition, seats=2)
    for state, change in [("sold-out", None), ("closed", {"status": "CLOSED"}), ("open", {"status": "OPEN", "capacity": 6})]:
        if change:
            museum.change("PATCH", f"/museums/{exhibition}", change)
        for page in [listed, shown]:
            card = page.locator(f'[data-museum="{exhibition}"]')
            expect(card).to_have_attribute("data-state", state)
            expect(card.locator("[data-field=state]")).to_have_text(texts(look.language)[f"state.{state}"])
    museum.change("PATCH", f"/books/{booking}", {"status": "CANCELED"})
    for page in [listed, shown]:
        expect_seats_left(page, exhibition, 4)


@scenario(KOREAN, PHONE, WITHOUT)
def exhibitions_are_found_by_date_hall_and_title(run, look):
    museum = run.museum
    day = (datetime.date.today() + datetime.timedelta(400)).isoformat()
    hall = f"Hall {look}"
    first = museum.register(title="Renoir", hall=hall, date=day)
    second = museum.register(title="Vermeer", hall=hall, date="2099-11-11")
    museum.register(title="Renoir", hall="Elsewhere", date="2020-01-01")
    page = run.open(look)
    for entries, expected in [
        ({"date": day}, [first]), ({"hall": hall}, [first, second]), ({"title": "vermeer", "hall": hall}, [second]),
        ({"title": "Renoir", "date": "2099-11-11"}, []),
    ]:
        page.goto("/")
        for name, value in entries.items():
            page.locator(f"form#filter [name={name}]").fill(value)
        page.locator("form#filter button").click()
        page.wait_for_url("**/museums?*")
        seen = [each.get_attribute("data-museum") for each in page.locator("[data-museum]").all()]
        same([each for each in seen if each in (first, second)], expected, f"exhibitions of {entries}")
        for name, value in entries.items():
            expect(page.locator(f"form#filter [name={name}]")).to_have_value(value)
    expect(page.locator(".empty")).to_have_text(texts(look.language)["noneFound"])
    page.goto(f"/museums?hall={hall}")
    dates = page.locator("section.day h2 time").evaluate_all("all => all.map(each => each.dateTime)")
    same(dates, [day, "2099-11-11"], "days with their exhibitions")
    words = {"ko": "2099년 11월 11일", "en": "11 November 2099"}
    expect(page.locator("section.day h2").last).to_contain_text(words[look.language])


@scenario(KOREAN, PHONE)
def the_keyboard_is_enough(run, look):
    exhibition = run.museum.register(title=f"Keyboard {look}")
    page = run.open(look)
    page.goto(f"/museums?title=Keyboard {look}")
    page.keyboard.press("Tab")
    expect(page.locator("a.skip"), "the first stop leads to the content").to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    tab_to(page, f'[data-museum="{exhibition}"] a')
    page.keyboard.press("Enter")
    expect_page(page, "exhibition")
    tab_to(page, "form#book [name=seats]")
    page.keyboard.press("Control+a")
    page.keyboard.type("2")
    tab_to(page, "form#book [name=note]")
    page.keyboard.type("휠체어")
    tab_to(page, "form#book button")
    page.keyboard.press("Enter")
    booking = booking_of(page)
    expect(page.locator("#result"), "focus moves to the result").to_be_focused()
    expect_booking(page, booking, "REQUEST_COMPLETED", "CONFIRMED")
    tab_to(page, "a.cancel")
    page.keyboard.press("Enter")
    dialog = page.locator("dialog#cancel-dialog")
    expect(dialog.locator("[value=no]"), "the question begins at the harmless answer").to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("a.cancel"), "focus returns to what opened the question").to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "dialog [value=yes]", backwards=True)
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_have_text(texts(look.language)["canceledResult"])
    expect(page.locator("#main"), "focus moves to the result").to_be_focused()
    expect_booking(page, booking, "CANCELED")


@scenario(Look("en"), Look("en", has_scripts=False))
def the_language_is_kept(run, look):
    page = run.open(look)
    exhibition = run.museum.register(title="Monet", capacity=7, date="2099-12-24", startTime="14:00")
    page.goto(f"/museums/{exhibition}")
    expect(page.locator("[data-field=available]")).to_have_text(SEATS_LEFT["en"].format(7))
    expect(page.locator("time[datetime]")).to_have_text("Thursday, 24 December 2099")
    page.locator(".languages a[lang=ko]").click()
    page.wait_for_url(f"**/museums/{exhibition}")
    for path in [f"/museums/{exhibition}", "/", "/myPages", "/sign-in", f"/museums/{exhibition}"]:
        page.goto(path)
        expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.locator("[data-field=available]")).to_have_text(SEATS_LEFT["ko"].format(7))
    expect(page.locator("time[datetime]")).to_have_text("2099년 12월 24일 목요일")


@scenario(KOREAN, WITHOUT)
def a_booking_prints(run, look):
    exhibition = run.museum.register(title="Monet")
    page = run.open(look)
    page.goto(f"/museums/{exhibition}")
    page.locator("form#book button").click()
    booking_of(page)
    page.emulate_media(media="print")
    expect(page.locator("[data-booking]")).to_be_visible()
    expect(page.locator("[data-booking] code")).to_be_visible()
    for hidden in ["header.site", "footer", "a.cancel"]:
        expect(page.locator(hidden), f"{hidden} is not printed").to_be_hidden()
    sheets = page.pdf(format="A4").count(b"/Type /Page\n")
    same(sheets, 1, "sheets of paper")
