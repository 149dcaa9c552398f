"""Every page in every state, one after another."""

from playwright.sync_api import expect


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
    for state, exhibition in [("closed", season.closed), ("deleted", season.deleted), ("over", season.over)]:
        page.goto(f"/staff/museums/{exhibition}")
        expect(page.locator(f"article[data-state={state}]")).to_be_visible()
        yield f"staff-museum-{state}"
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


def operator_states(season):
    page, museum = season.page, season.museum
    page.goto("/operator")
    expect(page.locator("svg#picture [data-service=confirm]")).to_have_attribute("data-health", "ok")
    expect(page.locator("#no-dead-letters")).to_be_visible()
    yield "operator-quiet"
    page.locator("#audit").click()
    expect(page.locator("#audit-result")).to_be_visible()
    page.locator("#figures summary").click()
    for number in range(3):
        museum.redis("XADD", "book:{a}:events", "*", "eventType", "Canceled", "bookId", f"broken-{number}")
        museum.change("POST", "/books", {"museumId": season.untitled, "visitor": "member-1001"})
    expect(page.locator("#dead-letters tbody tr").first).to_be_visible()
    expect(page.locator("#slow tbody tr").first).to_be_visible()
    yield "operator"
    page.locator("#dead-letters button.show").first.click()
    expect(page.locator("dialog#letter-dialog")).to_be_visible()
    yield "operator-dead-letter"
    page.keyboard.press("Escape")
    page.locator("#dead-letters button.drop").first.click()
    expect(page.locator("dialog#letter-dialog [value=yes]")).to_be_visible()
    yield "operator-question"
    page.keyboard.press("Escape")
    museum.redis("HINCRBY", f"museum:{{a}}:{season.open}", "available", "1")
    page.locator("#audit").click()
    expect(page.locator("#audit-result tbody tr").first).to_be_visible()
    yield "operator-audit"


# What the states bring about on purpose.
ALLOWED = [400, 401, 404, 409, 422]
