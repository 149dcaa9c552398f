"""Operators: the picture of a deployment while a service is away, dead letters, the audit, what is slow."""

import json
import signal

from playwright.sync_api import expect

from harness.checks import expect_page, same
from harness.look import Look, texts
from harness.museum import until
from harness.runner import scenario

KOREAN = Look("ko")
PHONE = Look("en", 360)
SERVICES = ["gateway", "book", "museum", "confirm", "mypage"]


@scenario(KOREAN, PHONE)
def an_outage_of_confirm_is_seen_and_caught_up(run, look):
    words = texts(look.language)
    museum = run.start_museum(is_split=True)
    exhibition = museum.register(title="Monet", capacity=500)
    page = run.open(look, museum)
    page.goto("/operator")
    expect_page(page, "operator")
    picture = page.locator("svg#picture")
    confirm, group = picture.locator("[data-service=confirm]"), picture.locator("[data-group=confirm][data-of=book]")
    for service in SERVICES:
        expect(picture.locator(f"[data-service={service}]")).to_have_attribute("data-health", "ok")
    museum.stop("confirm", signal.SIGKILL)
    expect(confirm).to_have_attribute("data-health", "failing")
    expect(confirm, "the state is said in words").to_contain_text(words["health.failing"])
    expect(page.locator("#status"), "screen readers are told").to_contain_text(words["service.confirm"])
    bookings = [museum.change("POST", "/books", {"museumId": exhibition, "visitor": f"visitor-{each}"})["id"] for each in range(25)]
    same(museum.available(exhibition), 475, "seats left: booking goes on without Confirm")
    # Each booking has two events: it was received, and it was completed.
    expect(group).to_have_attribute("data-lag", "50")
    expect(group).to_contain_text("50")
    page.locator("#figures summary").click()
    expect(page.locator("#streams [data-field=lag]").filter(has_text="50"), "the table has the same figures").to_have_count(1)
    expect(picture.locator("[data-service=book]"), "Book goes on without Confirm").to_have_attribute("data-health", "ok")
    museum.start(["confirm"])
    expect(confirm).to_have_attribute("data-health", "ok")
    expect(group).to_have_attribute("data-lag", "0")
    until("every booking is admitted", lambda: all(museum.row(each).get("admission") == "CONFIRMED" for each in bookings))


def write_letters(museum):
    """Two events that can't be applied, and one that can, as a process that was too old for it has left it. Returns its booking."""
    booking = museum.book(museum.register(title="Monet"))
    entry = next(each for each in entries(museum, "book:{a}:events") if booking in each[1])
    letter = ["eventId", entry[0], "service", "book", "reason", "too old", "attempts", "1", *entry[1]]
    museum.redis("XADD", "confirm:{a}:dead", "*", *letter)
    for number in [1, 2]:
        museum.redis("XADD", "book:{a}:events", "*", "eventType", "Canceled", "bookId", f"broken-{number}")
    until("Confirm has three dead letters", lambda: museum.redis("XLEN", "confirm:{a}:dead") == "3")
    return booking


def entries(museum, stream):
    return json.loads(museum.redis("--json", "XRANGE", stream, "-", "+"))


def answer(page, button, value):
    button.click()
    dialog = page.locator("dialog#letter-dialog")
    expect(dialog).to_be_visible()
    expect(dialog.locator("[value=no]"), "the question begins at the harmless answer").to_be_focused()
    dialog.locator(f"[value={value}]").click()
    expect(dialog).to_be_hidden()


@scenario(KOREAN, PHONE)
def dead_letters_are_shown_retried_and_dropped(run, look):
    words = texts(look.language)
    museum = run.start_museum()
    write_letters(museum)
    letters = [each for each in museum.all("/admin/dead-letters?size=200", "dead-letters") if each["group"] == "confirm"]
    page = run.open(look, museum)
    page.goto("/operator")
    status = page.locator("#status")

    def row(letter):
        return page.locator(f'#dead-letters [data-letter="{letter["deadLetter"]}"]')

    right = next(each for each in letters if each["reason"] == "too old")
    first, second = [each for each in letters if each["reason"] != "too old"]
    expect(row(right)).to_contain_text("too old")
    row(right).locator("button.show").click()
    expect(page.locator("dialog#letter-dialog")).to_contain_text("too old")
    page.keyboard.press("Escape")
    expect(page.locator("dialog#letter-dialog")).to_be_hidden()
    answer(page, row(right).locator("button.retry"), "yes")
    expect(status).to_have_text(words["outcome.applied"])
    expect(row(right)).to_have_count(0)
    answer(page, row(first).locator("button.retry"), "yes")
    expect(status).to_contain_text(words["outcome.left"].split("{")[0])
    expect(row(first)).to_have_count(1)
    answer(page, row(second).locator("button.drop"), "no")
    expect(row(second)).to_have_count(1)
    answer(page, row(second).locator("button.drop"), "yes")
    expect(status).to_have_text(words["outcome.dropped"])
    expect(row(second)).to_have_count(0)
    # Somebody else drops it while the page still shows it.
    shown = museum.get("/admin/dead-letters?size=100")
    page.route("**/admin/dead-letters?*", lambda route: route.fulfill(json=shown))
    museum.change("DELETE", f"/admin/dead-letters/{first['deadLetter']}")
    run.watch.allow(404)
    answer(page, row(first).locator("button.drop"), "yes")
    error = page.locator("#error")
    expect(error).to_have_text(words["problem.unknown-dead-letter"])
    said = page.locator("#updated").text_content()
    expect(page.locator("#updated"), "the page reads again").not_to_have_text(said)
    expect(error, "the error stays").to_be_visible()
    expect(error).to_have_text(words["problem.unknown-dead-letter"])


@scenario(KOREAN, PHONE)
def the_audit_says_what_is_wrong(run, look):
    words = texts(look.language)
    museum = run.start_museum()
    exhibition = museum.register(title="Monet", capacity=20)
    for visitor in ["kim", "lee"]:
        museum.book(exhibition, visitor, seats=2)
    page = run.open(look, museum)
    page.goto("/operator")
    result = page.locator("#audit-result")
    page.locator("#audit").click()
    expect(result).to_have_attribute("data-ok", "true")
    expect(result, "focus moves to the result").to_be_focused()
    counted = [words.get(f"{key}.one", words[f"{key}.other"]) if number == 1 else words[f"{key}.other"] for key, number in
               [("opExhibitions", 1), ("opBookings", 2)]]
    counted = [each.replace("{count}", str(number)) for each, number in zip(counted, [1, 2])]
    expect(result.locator("p")).to_have_text(
        words["opAuditGood"].replace("{exhibitions}", counted[0]).replace("{bookings}", counted[1]))
    # Somebody has written into Redis past the museum.
    museum.redis("HINCRBY", f"museum:{{a}}:{exhibition}", "available", "1")
    page.locator("#audit").click()
    expect(result).to_have_attribute("data-ok", "false")
    expect(result.locator("tbody tr")).to_have_count(1)
    expect(result.locator("tbody")).to_contain_text(exhibition)


@scenario(KOREAN, PHONE)
def what_is_slow_is_counted(run, look):
    museum = run.start_museum()
    exhibition = museum.register(title="Monet", capacity=500)
    page = run.open(look, museum)
    page.goto("/operator")
    expect(page.locator("svg#picture [data-service=book]")).to_have_attribute("data-health", "ok")
    for each in range(20):
        museum.change("POST", "/books", {"museumId": exhibition, "visitor": f"visitor-{each}"})
    row = page.locator("#slow tbody tr").filter(has_text="POST").filter(has_text="/books")
    expect(row.locator("td").nth(1)).to_have_text("20")
    expect(row.locator("td").nth(3)).to_contain_text("ms")
