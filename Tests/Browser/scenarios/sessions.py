"""Signing in, and what happens when a session ends on the way."""

from playwright.sync_api import expect

from harness.checks import booking_of, expect_booking, expect_page, same
from harness.look import Look, texts
from harness.museum import until
from harness.runner import scenario

KOREAN = Look("ko")
WITHOUT = Look("en", 360, has_scripts=False)


def sign_in(page, run, role, subject):
    page.goto("/sign-in")
    page.locator("form#token [name=bearer]").fill(run.museum.token(role, subject))
    page.locator("form#token button").click()
    page.wait_for_url(lambda url: not url.endswith("/sign-in"))
    expect(page.locator("form.sign-out")).to_contain_text(subject)


def end_sessions(run):
    """Everybody's, as if they had lasted long enough."""
    keys = run.museum.redis("KEYS", "gateway:session:*").split()
    assert keys, "there must be a session to end"
    run.museum.redis("DEL", *keys)


@scenario(KOREAN, WITHOUT, has_keys=True)
def a_visitor_whose_session_has_ended_books_nothing_and_signs_in_again(run, look):
    exhibition = run.museum.register(title="Monet")
    page = run.open(look)
    sign_in(page, run, "visitor", "kim")
    page.goto(f"/museums/{exhibition}")
    page.locator("form#book [name=seats]").fill("2")
    end_sessions(run)
    run.watch.allow(401)
    page.locator("form#book button").click()
    error = page.locator("#error")
    expect(error).to_have_attribute("data-problem", "unauthenticated")
    expect(error, "focus moves to the error").to_be_focused()
    same(run.museum.bookings(exhibition), [], "bookings: nothing becomes a guest's booking")
    error.locator("a").click()
    expect_page(page, "sign-in")
    sign_in(page, run, "visitor", "kim")
    page.goto(f"/museums/{exhibition}")
    page.locator("form#book button").click()
    booking = booking_of(page)
    same([(each["id"], each["visitor"]) for each in run.museum.bookings(exhibition)], [(booking, "kim")], "bookings")


@scenario(KOREAN, WITHOUT, has_keys=True)
def a_guest_whose_session_has_ended_books_as_a_new_guest(run, look):
    exhibition = run.museum.register(title="Monet")
    page = run.open(look)
    page.goto(f"/museums/{exhibition}")
    page.locator("form#book button").click()
    first = booking_of(page)
    until("the page knows its booking", lambda: run.museum.row(first))
    page.goto(f"/museums/{exhibition}")
    end_sessions(run)
    run.watch.allow(401)
    page.locator("form#book button").click()
    page.wait_for_url(lambda url: url.endswith("?booked"))
    second = booking_of(page)
    same({each["id"] for each in run.museum.bookings(exhibition)}, {first, second}, "bookings")
    expect_booking(page, second, "REQUEST_COMPLETED", "CONFIRMED")


@scenario(KOREAN, WITHOUT, has_keys=True)
def a_guest_finds_the_booking_with_another_browser(run, look):
    exhibition = run.museum.register(title="Monet")
    page = run.open(look)
    page.goto(f"/museums/{exhibition}")
    page.locator("form#book [name=contact]").fill("sky@example.org")
    page.locator("form#book button").click()
    booking = booking_of(page)
    until("the booking is admitted", lambda: run.museum.row(booking).get("admission") == "CONFIRMED")
    other = run.open(look)
    run.watch.allow(401)
    other.goto(f"/myPages/{booking}")
    expect(other.locator("#error")).to_have_attribute("data-problem", "unauthenticated")
    for contact, is_right in [("cloud@example.org", False), ("sky@example.org", True)]:
        other.goto("/sign-in")
        other.locator("form#guest [name=bookId]").fill(booking)
        other.locator("form#guest [name=contact]").fill(contact)
        other.locator("form#guest button").click()
        if not is_right:
            expect(other.locator("#error")).to_have_text(texts(look.language)["signInRefused"])
            expect(other.locator("form#guest [name=bookId]"), "entries are kept").to_have_value(booking)
    expect_page(other, "bookings")
    expect_booking(other, booking, "REQUEST_COMPLETED", "CONFIRMED")


@scenario(KOREAN, has_keys=True)
def tokens_and_roles(run, look):
    page = run.open(look)
    run.watch.allow(401, 403)
    for role, first_page, may in [
        ("visitor", "exhibitions", []), ("staff", "staff", ["/staff"]), ("admin", "operator", ["/staff", "/operator"]),
    ]:
        sign_in(page, run, role, f"{role}-1")
        expect_page(page, first_page)
        for path in ["/staff", "/operator"]:
            same(page.goto(path).status, 200 if path in may else 403, f"{path} for {role}")
            same(page.locator(f'nav a[href="{path}"]').count() > 0, path in may, f"a link to {path} for {role}")
        page.goto("/myPages")
        page.locator("form.sign-out button").click()
        page.wait_for_url("**/")
        expect(page.locator("form.sign-out")).to_have_count(0)
    page.goto("/sign-in")
    page.locator("form#token [name=bearer]").fill(run.museum.token("admin", "kim") + "x")
    page.locator("form#token button").click()
    expect(page.locator("#error")).to_have_text(texts(look.language)["signInRefused"])
    expect(page.locator("form#token [name=bearer]"), "a token is not shown again").to_have_value("")
