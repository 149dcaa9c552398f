"""Staff: registering programmes and files, editing with others, closing, deleting."""

import datetime

from playwright.sync_api import expect

from harness.checks import expect_fits, expect_live, open_exhibition, same
from harness.look import STATUS, Look, texts
from harness.museum import until
from harness.runner import scenario

KOREAN = Look("ko")
PHONE = Look("en", 360)


@scenario(KOREAN, PHONE)
def a_programme_of_84_exhibitions_in_one_form(run, look):
    museum = run.museum
    title = f"수련 Water Lilies {look}"
    page = run.open(look)
    page.goto("/staff/new")
    form = page.locator("form#programme")
    start = datetime.date.today() + datetime.timedelta(30 if look.width > 600 else 90)
    end = start + datetime.timedelta(27)
    for name, value in [
        ("title", title), ("halls", "Garden"), ("from", start.isoformat()), ("to", end.isoformat()), ("capacity", "25"),
    ]:
        form.locator(f"[name={name}]").fill(value)
    for number, (begin, finish) in enumerate([("10:00", "11:30"), ("13:00", "14:30"), ("19:00", "")]):
        if number:
            page.locator("#add-time").click()
        form.locator("[name=startTime]").nth(number).fill(begin)
        form.locator("[name=endTime]").nth(number).fill(finish)
    form.locator("button:not([type=button])").click()
    expect(page.locator("#preview tbody tr")).to_have_count(84)
    expect(page.locator("#preview-heading"), "focus moves to the preview").to_be_focused()
    same(museum.all(f"/museums?hall=Garden&from={start}&to={end}", "museums"), [], "exhibitions before somebody has agreed")
    expect_fits(page, "preview of a programme")
    # The response is lost. Sent again under the same key, it registers nothing twice.
    run.watch.allow("ERR_CONNECTION_RESET")
    lost = []

    def lose(route):
        if route.request.method != "POST" or lost:
            return route.continue_()
        lost.append(route.fetch().status)
        return route.abort("connectionreset")

    page.route("**/museums", lose)
    page.locator("#register").click()
    expect(page.locator("#result h2")).to_contain_text("84")
    expect(page.locator("#result h2"), "focus moves to the result").to_be_focused()
    assert lost and 200 <= lost[0] < 300, f"the first request reached the museum: {lost}"
    found = museum.all(f"/museums?hall=Garden&from={start}&to={end}", "museums")
    same(len(found), 84, "exhibitions registered")
    same(len({(each["date"], each["startTime"]) for each in found}), 84, "dates and times")
    same({(each["title"], each["capacity"], each.get("endTime")) for each in found},
         {(title, 25, "11:30"), (title, 25, "14:30"), (title, 25, None)}, "what they have")
    # The same once more: what exists is said, and left out.
    for name, value in [("title", title), ("halls", "Garden"), ("from", start.isoformat()), ("capacity", "25")]:
        form.locator(f"[name={name}]").fill(value)
    form.locator("[name=startTime]").first.fill("10:00")
    form.locator("button:not([type=button])").click()
    expect(page.locator("#preview [data-existing]")).to_have_count(1)
    expect(page.locator("#preview [name=include]")).not_to_be_checked()
    expect(page.locator("#register")).to_be_disabled()


@scenario(KOREAN)
def a_csv_file_is_registered_or_refused_at_its_row(run, look):
    page = run.open(look)
    page.goto("/staff/new")
    run.watch.allow(422)
    lines = ["title,hall,date,startTime,endTime,capacity", "모네,CSV hall,2099-10-01,10:00,11:00,20",
             '"모네, 둘째",CSV hall,2099-10-02,,,x']

    def choose(lines):
        file = {"name": "programme.csv", "mimeType": "text/csv", "buffer": "\r\n".join(lines).encode()}
        page.locator("form#file [name=file]").set_input_files(file)
        expect(page.locator("#file-preview tbody tr")).to_have_count(2)
        page.locator("form#file button").click()

    choose(lines)
    refused = page.locator('#file-preview [data-row="3"]')
    expect(refused.locator("[data-field=problem]")).to_contain_text(texts("ko")["field.capacity"])
    expect(page.locator("#error"), "focus moves to the error").to_be_focused()
    same(run.museum.all("/museums?hall=CSV+hall", "museums"), [], "exhibitions of a refused file")
    choose([*lines[:2], lines[2].replace(",x", ",30")])
    expect(page.locator("#result a")).to_have_count(2)
    same([each["title"] for each in run.museum.all("/museums?hall=CSV+hall", "museums")], ["모네", "모네, 둘째"], "exhibitions")


@scenario(KOREAN, PHONE)
def two_members_of_staff_choose_between_their_edits(run, look):
    museum = run.museum
    for choice, capacity in [("theirs", 30), ("mine", 44)]:
        exhibition = museum.register(title="Monet", capacity=20)
        first, second = open_exhibition(run, look, exhibition), open_exhibition(run, look, exhibition)
        run.watch.allow(409)
        second.locator("form#edit [name=capacity]").fill("44")
        first.locator("form#edit [name=capacity]").fill("30")
        first.locator("form#edit [name=hall]").fill("Hall B")
        first.locator("form#edit button").click()
        expect(first.locator("#status")).to_have_text(texts(look.language)["staffSaved"])
        second.locator("form#edit button").click()
        dialog = second.locator("dialog#conflict-dialog")
        expect(dialog).to_be_visible()
        expect(dialog.locator("[data-field=capacity] .theirs")).to_have_text("30")
        expect(dialog.locator("[data-field=capacity] .mine")).to_have_text("44")
        expect(dialog.locator("tr.differs")).to_have_count(1)
        expect_fits(second, "choice between two edits")
        dialog.locator(f"[value={choice}]").click()
        expect(dialog).to_be_hidden()
        until(f"{choice} is kept", lambda: museum.get(f"/museums/{exhibition}")["capacity"] == capacity)
        same(museum.get(f"/museums/{exhibition}")["hall"], "Hall B", "what only the other has changed stays")
        for page in [first, second]:
            expect_live(page, page.locator("article [data-field=held]").get_by_text(f"0 / {capacity}", exact=True))


@scenario(KOREAN, PHONE)
def close_reopen_capacity_and_delete(run, look):
    museum, words = run.museum, texts(look.language)
    exhibition = museum.register(title="Monet", capacity=20)
    for visitor in ["kim", "lee", "park"]:
        museum.book(exhibition, visitor, seats=4)
    page = open_exhibition(run, look, exhibition)
    article = page.locator(f'article[data-museum="{exhibition}"]')
    expect(page.locator("#bookings tbody tr")).to_have_count(3)
    page.locator("#close").click()
    expect(article).to_have_attribute("data-state", "closed")
    expect(page.locator("#status")).to_have_text(words["staffClosed"])
    page.locator("#reopen").click()
    expect(article).to_have_attribute("data-state", "open")
    run.watch.allow(409)
    page.locator("form#edit [name=capacity]").fill("10")
    page.locator("form#edit button").click()
    expect(page.locator("#error")).to_have_attribute("data-problem", "capacity-below-held")
    expect(page.locator("#error")).to_have_text(words["staffBelowHeld.other"].replace("{count}", "12"))
    page.locator("form#edit [name=capacity]").fill("12")
    page.locator("form#edit button").click()
    expect(article).to_have_attribute("data-state", "sold-out")
    expect(article.locator("meter")).to_have_js_property("value", 12)
    page.locator("#delete").click()
    dialog = page.locator("dialog#delete-dialog")
    expect(dialog.locator("[data-field=bookings]"), "three bookings of twelve people fall").to_have_text(
        falling(words["staffFalls"], look, 3, 12))
    dialog.locator("[value=no]").click()
    same(museum.get(f"/museums/{exhibition}")["status"], "OPEN", "status after No")
    page.locator("#delete").click()
    dialog.locator("[value=yes]").click()
    expect(article).to_have_attribute("data-state", "deleted")
    expect(page.locator("#bookings [data-status=FORCE_CANCELED]")).to_have_count(3)
    expect(page.locator("#bookings [data-field=status]").first).to_have_text(STATUS[look.language]["FORCE_CANCELED"])


def falling(pattern, look, bookings, people):
    """The text that says how many bookings fall."""
    words = texts(look.language)
    said = {"bookings": words["staffBookingsCount.other"].replace("{count}", str(bookings)),
            "people": words["seats.other"].replace("{count}", str(people))}
    return pattern.replace("{said}", words["staffBookingsPeople"].format_map(said))
