"""Pictures of the pages for the documentation: in both languages, wide, on a phone, and in the dark."""

import signal

from playwright.sync_api import expect

from harness.look import Look
from harness.runner import scenario
from harness.season import Season
from harness.states import ALLOWED, operator_states, staff_states, visitor_states

SHOWN = {
    "exhibitions", "exhibition", "exhibition-sold-out", "exhibition-error", "bookings", "booking", "booking-force-canceled",
    "booking-question", "sign-in", "staff", "staff-new", "staff-museum", "staff-delete", "staff-conflict", "staff-day",
    "staff-bookings", "operator",
}
DARK = {"exhibitions", "booking", "operator"}


@scenario(Look("ko"), Look("en"), Look("ko", 360), Look("en", 360), Look("ko", is_dark=True), Look("en", 360, is_dark=True))
def pictures(run, look):
    museum = run.start_museum()
    season = Season(museum, run.open(look, museum))
    run.watch.allow(*ALLOWED)
    for states in [visitor_states, staff_states, operator_states]:
        for name in states(season):
            if name in (DARK if look.is_dark else SHOWN):
                run.picture(season.page, name)


@scenario(Look("ko"), Look("en"))
def outage(run, look):
    museum = run.start_museum(is_split=True)
    exhibition = museum.register(title="Monet", capacity=500)
    page = run.open(look, museum)
    page.goto("/operator")
    museum.stop("confirm", signal.SIGKILL)
    for number in range(60):
        museum.change("POST", "/books", {"museumId": exhibition, "visitor": f"visitor-{number}"})
    expect(page.locator("svg#picture [data-service=confirm]")).to_have_attribute("data-health", "failing")
    expect(page.locator("svg#picture [data-group=confirm][data-of=book]")).to_have_attribute("data-lag", "120")
    run.picture(page, "operator-outage")
