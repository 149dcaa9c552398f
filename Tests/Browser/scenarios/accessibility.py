"""axe, and no horizontal scrolling on narrow screens, on every page in every state."""

from harness.checks import axe, expect_fits, same
from harness.look import Look
from harness.runner import scenario
from harness.season import Season
from harness.states import ALLOWED, operator_states, staff_states, visitor_states

WIDTHS = [1280, 360, 320]


def look_at(run, season, states):
    """axe for the whole page, then how it fits on each width."""
    page = season.page
    run.watch.allow(*ALLOWED)
    seen = set()
    findings = []
    for name in states(season):
        what = f"{name} [{page.look}]"
        for check in [axe, *[lambda page, what, width=width: fits(page, what, width) for width in WIDTHS]]:
            try:
                check(page, what)
            except AssertionError as error:
                findings.append(str(error))
        page.set_viewport_size({"width": 1280, "height": 800})
        seen.add(page.locator("body").get_attribute("data-page"))
        same(page.locator("h1").count(), 1, f"headings of {what}")
        same(page.locator("html").get_attribute("lang"), page.look.language, f"language of {what}")
    assert not findings, f"{len(findings)} findings:\n" + "\n".join(findings)
    return seen


def fits(page, what, width):
    page.set_viewport_size({"width": width, "height": 740})
    expect_fits(page, what)


def open_season(run, look):
    museum = run.start_museum()
    return Season(museum, run.open(look, museum))


@scenario(Look("ko"), Look("en", is_dark=True))
def visitors_pages_in_every_state(run, look):
    seen = look_at(run, open_season(run, look), visitor_states)
    same(seen, {"exhibitions", "exhibition", "bookings", "booking", "cancel", "sign-in", "problem"}, "pages")


@scenario(Look("ko", is_dark=True), Look("en"))
def staff_pages_in_every_state(run, look):
    seen = look_at(run, open_season(run, look), staff_states)
    same(seen, {"staff", "staff-new", "staff-museum", "staff-day", "staff-bookings"}, "pages")


@scenario(Look("ko"), Look("en", is_dark=True))
def operators_page_in_every_state(run, look):
    same(look_at(run, open_season(run, look), operator_states), {"operator"}, "pages")
