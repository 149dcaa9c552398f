"""Operators: the picture of a deployment while a service is away, dead letters, the audit, what is slow."""

import signal

from playwright.sync_api import expect

from harness.checks import expect_page, same
from harness.look import Look, texts
from harness.museum import until
from harness.runner import scenario

KOREAN = Look("ko")
PHONE = Look("en", 360)


def number(locator):
    """The number that is shown; -1 where there is none yet."""
    digits = "".join(each for each in locator.text_content() if each.isdigit())
    return int(digits or -1)


@scenario(KOREAN, PHONE)
def an_outage_of_confirm_is_seen_and_caught_up(run, look):
    museum = run.start_museum(is_split=True)
    exhibition = museum.register(title="Monet", capacity=500)
    page = run.open(look, museum)
    page.goto("/operator")
    expect_page(page, "operator")
    picture = page.locator("svg#picture")
    confirm, group = picture.locator('[data-service="confirm"]'), picture.locator('[data-group="confirm"]')
    for service in ["book", "museum", "confirm", "mypage"]:
        expect(picture.locator(f'[data-service="{service}"]')).to_have_attribute("data-health", "ok")
    # Requests to a service that is away fail, which the page may see.
    run.watch.allow(502, 503, 504)
    museum.stop("confirm", signal.SIGKILL)
    expect(confirm).to_have_attribute("data-health", "failing")
    bookings = [museum.change("POST", "/books", {"museumId": exhibition, "visitor": f"visitor-{each}"})["id"] for each in range(25)]
    lag = group.locator("[data-field=lag]")
    until("the lag of confirm rises to 25", lambda: number(lag) == 25)
    expect(picture.locator('[data-service="book"]'), "Book goes on without Confirm").to_have_attribute("data-health", "ok")
    same(museum.available(exhibition), 475, "seats left: booking goes on without Confirm")
    run.picture(page, "operator-outage")
    museum.start(["confirm"])
    expect(confirm).to_have_attribute("data-health", "ok")
    until("the lag of confirm falls to 0", lambda: number(lag) == 0)
    until("every booking is admitted", lambda: all(museum.row(each).get("admission") == "CONFIRMED" for each in bookings))


def write_letters(museum):
    """One dead letter that can't be applied, one that is to be dropped, one that can be applied now."""
    booking = museum.book(museum.register(title="Monet"))
    for number in [1, 2]:
        museum.redis("XADD", "book:{a}:events", "*", "eventType", "Canceled", "bookId", f"broken-{number}")
    until("Confirm has two dead letters", lambda: int(museum.redis("XLEN", "confirm:{a}:dead")) == 2)
    entry = next(lines for lines in entries(museum.redis("XRANGE", "book:{a}:events", "-", "+")) if booking in lines)
    museum.redis("XADD", "confirm:{a}:dead", "*", "eventId", entry[0], "service", "book", "reason", "too old", "attempts", "1", *entry[1:])


def entries(printed):
    """Entries as redis-cli prints them: each begins with its id."""
    found = []
    for line in printed.splitlines():
        if line.count("-") == 1 and line.replace("-", "").isdigit() and len(line) > 14:
            found.append([])
        found[-1].append(line)
    return found


@scenario(KOREAN, PHONE)
def dead_letters_are_retried_and_dropped(run, look):
    museum = run.start_museum()
    write_letters(museum)
    page = run.open(look, museum)
    page.goto("/operator")
    rows = page.locator("#dead-letters tbody tr")
    count = len(museum.all("/admin/dead-letters?size=200", "dead-letters"))
    expect(rows).to_have_count(count)
