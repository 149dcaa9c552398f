"""The eleven steps of the museum's requirements, clicked through from registration to deletion."""

from playwright.sync_api import expect

from harness.checks import booking_of, expect_booking, expect_live, expect_page, expect_seats_left, same
from harness.look import STATUS, Look, texts
from harness.museum import until
from harness.runner import scenario

PHONE = 360
WITHOUT = [Look("ko", has_scripts=False), Look("en", PHONE, has_scripts=False)]


def register(staff, run, title):
    """As staff, whose page needs scripts. Returns the exhibition's id."""
    staff.goto("/staff/new")
    form = staff.locator("form#one")
    for name, value in [("title", title), ("hall", "A"), ("date", "2099-12-24"), ("startTime", "14:00"), ("capacity", "10")]:
        form.locator(f"[name={name}]").fill(value)
    form.locator("button").click()
    link = staff.locator("#result a")
    expect(link).to_have_count(1)
    expect(staff.locator("#result h2"), "focus moves to the result").to_be_focused()
    exhibition = link.get_attribute("href").split("/")[-1]
    seen = run.museum.get(f"/museums/{exhibition}")
    same((seen["title"], seen["hall"], seen["date"], seen["startTime"], seen["capacity"]), (title, "A", "2099-12-24", "14:00", 10),
         "the exhibition that was registered")
    link.click()
    expect_page(staff, "staff-museum")
    return exhibition


def find(visitor, exhibition, title):
    """From the list to the exhibition's page."""
    visitor.goto("/")
    expect_page(visitor, "exhibitions")
    visitor.locator("form#filter [name=title]").fill(title)
    visitor.locator("form#filter button").click()
    card = visitor.locator(f'[data-museum="{exhibition}"]')
    expect(visitor.locator("[data-museum]")).to_have_count(1)
    expect(card).to_have_attribute("data-state", "open")
    card.get_by_text(title).click()
    expect_page(visitor, "exhibition")


def book(visitor, seats):
    form = visitor.locator("form#book")
    for name, value in [("seats", str(seats)), ("name", "김하늘"), ("contact", "sky@example.org"), ("note", "휠체어")]:
        form.locator(f"[name={name}]").fill(value)
    form.locator("button").click()
    booking = booking_of(visitor)
    expect_page(visitor, "booking")
    expect(visitor.locator("#result")).to_have_text(texts(visitor.look.language)["bookedResult"])
    expect(visitor.locator("#result"), "focus moves to the result").to_be_focused()
    return booking


def cancel(visitor, booking):
    visitor.locator("a.cancel").first.click()
    if visitor.look.has_scripts:
        dialog = visitor.locator("dialog#cancel-dialog")
        expect(dialog).to_be_visible()
        dialog.locator("[value=yes]").click()
        expect(visitor.locator("#status")).to_have_text(texts(visitor.look.language)["canceledResult"])
    else:
        expect_page(visitor, "cancel")
        visitor.locator("form#cancel button").click()
        visitor.wait_for_url(f"**/myPages/{booking}?canceled")
        expect(visitor.locator("#result")).to_have_text(texts(visitor.look.language)["canceledResult"])
    expect_booking(visitor, booking, "CANCELED")


@scenario(Look("ko"), Look("en"), Look("ko", PHONE), Look("en", PHONE), *WITHOUT)
def eleven_steps(run, look):
    museum = run.museum
    staff = run.open(Look(look.language, look.width))
    visitor = run.open(look)
    title = f"모네 Monet {look}"
    # 1. The museum registers an exhibition.
    exhibition = register(staff, run, title)
    # 2. A visitor books. 3. The seats left are fewer at once.
    find(visitor, exhibition, title)
    expect_seats_left(visitor, exhibition, 10)
    booking = book(visitor, 3)
    same(museum.available(exhibition), 7, "seats left right after the booking")
    expect_live(staff, staff.locator("article [data-field=held]").get_by_text("3 / 10"))
    # 4. The booking becomes completed. 5. Admission is confirmed.
    expect_booking(visitor, booking, "REQUEST_COMPLETED", "CONFIRMED")
    same(museum.get(f"/confirms/{booking}")["status"], "CONFIRMED", "the admission")
    expect_live(staff, staff.locator(f'#bookings [data-booking="{booking}"]').get_by_text(STATUS[look.language]["CONFIRMED"]))
    # 6. The visitor cancels. 7. The seats are free again. 8. The admission is canceled.
    cancel(visitor, booking)
    until("the seats are free again", lambda: museum.available(exhibition) == 10)
    expect_live(staff, staff.locator("article [data-field=held]").get_by_text("0 / 10"))
    until("the admission is canceled", lambda: museum.get(f"/confirms/{booking}")["status"] == "CANCELED")
    # 9. The museum deletes an exhibition. 10. Its bookings are canceled by the museum.
    visitor.goto(f"/museums/{exhibition}")
    other = book(visitor, 2)
    expect_booking(visitor, other, "REQUEST_COMPLETED", "CONFIRMED")
    staff.locator("button#delete").click()
    dialog = staff.locator("dialog#delete-dialog")
    expect(dialog.locator("[data-field=bookings]"), "one booking falls").to_contain_text("1")
    dialog.locator("[value=yes]").click()
    expect(staff.locator(f'article[data-museum="{exhibition}"]')).to_have_attribute("data-state", "deleted")
    expect_booking(visitor, other, "FORCE_CANCELED")
    expect(visitor.locator(".reason")).to_have_text(texts(look.language)["forceCanceledReason"])
    # 11. The visitor looks at the bookings.
    visitor.goto("/myPages")
    expect_page(visitor, "bookings")
    expect_booking(visitor, booking, "CANCELED")
    expect_booking(visitor, other, "FORCE_CANCELED")
    same(visitor.locator("[data-booking]").count(), 2, "bookings of this visitor")
    if not look.has_scripts:
        visitor.goto(f"/museums/{exhibition}")
        expect_live(visitor, visitor.locator('[data-museum][data-state="deleted"]'))
