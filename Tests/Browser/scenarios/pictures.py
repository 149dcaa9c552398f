"""Pictures of the pages for the documentation: in both languages, wide, on a phone, and in the dark."""

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
