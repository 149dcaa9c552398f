"""A booking is made once, whatever happens on the way."""

from playwright.sync_api import expect

from harness.checks import booking_of, expect_booking, expect_page, same
from harness.look import STATE, Look, texts
from harness.museum import until
from harness.runner import scenario

KOREAN = Look("ko")
PHONE = Look("en", 360)
WITHOUT = Look("ko", 360, has_scripts=False)
CUT = r"ERR_CONNECTION_RESET|ERR_INTERNET_DISCONNECTED"


def open_form(run, look, seats=2, **fields):
    """An exhibition's page with its form filled in. Returns the page and the exhibition's id."""
    exhibition = run.museum.register(**{"title": "Monet", "capacity": 20, **fields})
    page = run.open(look)
    page.goto(f"/museums/{exhibition}")
    page.locator("form#book [name=seats]").fill(str(seats))
    return page, exhibition


def submit(page):
    page.locator("form#book button").click()


def expect_one(run, exhibition, booking, seats):
    """There is this booking and no other."""
    seen = [(each["id"], each["seats"]) for each in run.museum.bookings(exhibition)]
    same(seen, [(booking, seats)], "bookings of the exhibition")
    same(run.museum.available(exhibition), 20 - seats, "seats left")


@scenario(KOREAN, PHONE)
def a_lost_response_makes_one_booking(run, look):
    page, exhibition = open_form(run, look)
    run.watch.allow(CUT)
    lost = []

    def lose(route):
        if len(lost) == 2:
            return route.continue_()
        lost.append(route.fetch().status)
        return route.abort("connectionreset")

    page.route("**/books", lose)
    submit(page)
    expect(page.locator("#status")).to_have_text(texts(look.language)["bookingAgain"])
    booking = booking_of(page)
    assert len(lost) == 2 and all(200 <= status < 300 for status in lost), f"both requests reached the museum: {lost}"
    expect_one(run, exhibition, booking, 2)


@scenario(KOREAN, PHONE)
def a_cut_line_is_said_and_the_button_books_once(run, look):
    page, exhibition = open_form(run, look)
    run.watch.allow(CUT)
    first = []

    def cut(route):
        if not first:
            first.append(route.fetch().status)
        route.abort("internetdisconnected")

    page.route("**/books", cut)
    page.clock.install()
    submit(page)
    error = page.locator("#error")
    until("the page gives up", lambda: page.clock.run_for(1000) or error.is_visible())
    expect(error.locator("p")).to_have_text(texts(look.language)["bookingUnknown"])
    expect(error, "focus moves to the error").to_be_focused()
    page.unroute("**/books")
    submit(page)
    expect_one(run, exhibition, booking_of(page), 2)


@scenario(WITHOUT)
def a_lost_response_without_scripts(run, look):
    page, exhibition = open_form(run, look)
    run.watch.allow(CUT)
    page.route("**/forms/book", lambda route: (route.fetch(), route.abort("connectionreset")))
    submit(page)
    page.wait_for_url("chrome-error://**")
    page.unroute("**/forms/book")
    # Sends the form again.
    page.reload()
    booking = booking_of(page)
    expect_one(run, exhibition, booking, 2)
    page.goto(f"/museums/{exhibition}")
    expect(page.locator("section.mine a"), "the page says what is booked").to_have_attribute("href", f"/myPages/{booking}")


@scenario(KOREAN, PHONE, WITHOUT)
def a_double_click_makes_one_booking(run, look):
    page, exhibition = open_form(run, look)
    page.locator("form#book button").dblclick()
    expect_one(run, exhibition, booking_of(page), 2)


@scenario(KOREAN, WITHOUT)
def two_windows_make_one_booking(run, look):
    page, exhibition = open_form(run, look)
    other = page.context.new_page()
    other.look = page.look
    other.goto(page.url)
    other.locator("form#book [name=seats]").fill("2")
    submit(page)
    submit(other)
    booking = booking_of(page)
    same(booking_of(other), booking, "the booking that the second window shows")
    expect_one(run, exhibition, booking, 2)


@scenario(KOREAN, PHONE, WITHOUT)
def reload_and_back_book_nothing_more(run, look):
    page, exhibition = open_form(run, look)
    submit(page)
    booking = booking_of(page)
    page.reload()
    expect_booking(page, booking, "REQUEST_COMPLETED", "CONFIRMED")
    expect_one(run, exhibition, booking, 2)
    page.go_back()
    expect_page(page, "exhibition")
    expect_one(run, exhibition, booking, 2)
    if page.locator("section.mine").count() == 0:
        # The browser shows the page as it was: its form is that of the booking that was made.
        page.locator("form#book [name=seats]").fill("2")
        submit(page)
        same(booking_of(page), booking, "the booking of the same form")
        expect_one(run, exhibition, booking, 2)
    page.goto(f"/museums/{exhibition}")
    expect(page.locator("section.mine a")).to_have_attribute("href", f"/myPages/{booking}")
    page.locator("form#book [name=seats]").fill("3")
    submit(page)
    assert booking_of(page) != booking, "who books again from a new page gets another booking"
    same(run.museum.available(exhibition), 15, "seats left after both")


@scenario(KOREAN, PHONE, WITHOUT)
def too_large_a_party_is_told_how_many_seats_are_left(run, look):
    page, exhibition = open_form(run, look, seats=3, capacity=3)
    page.locator("form#book [name=name]").fill("김하늘")
    run.museum.book(exhibition, "lee", seats=2)
    run.watch.allow(409)
    submit(page)
    error = page.locator("#error")
    expect(error).to_have_attribute("data-problem", "sold-out")
    one = texts(look.language).get("onlyLeft.one", texts(look.language)["onlyLeft.other"]).replace("{count}", "1")
    expect(error).to_have_text(one)
    expect(error, "focus moves to the error").to_be_focused()
    expect(page.locator("form#book [name=name]"), "entries are kept").to_have_value("김하늘")
    page.locator("form#book [name=seats]").fill("1")
    submit(page)
    booking_of(page)
    page.goto(f"/museums/{exhibition}")
    expect(page.locator("[data-museum]")).to_have_attribute("data-state", "sold-out")
    expect(page.locator("[data-field=state]")).to_have_text(STATE[look.language]["sold-out"])
    expect(page.locator("form#book")).to_have_count(0)
