"""What scenarios look at in several places."""

from playwright.sync_api import TimeoutError, expect

from .look import SEATS_LEFT, STATUS
from .museum import until


def same(seen, expected, what):
    assert seen == expected, f"{what}: expected {expected!r}, saw {seen!r}"


def expect_page(page, name):
    """The page is there, in the language that was asked for."""
    expect(page.locator("body")).to_have_attribute("data-page", name)
    expect(page.locator("html")).to_have_attribute("lang", page.look.language)


def expect_fits(page, what):
    """Nothing is wider than the window."""
    width = page.viewport_size["width"]
    seen = page.evaluate("""() => {
        const width = innerWidth, scroll = document.scrollingElement;
        const wide = [...document.querySelectorAll('body *')]
            .filter((each) => !each.closest('.scroll, .skip, dialog:not([open])'))
            .filter((each) => each.getBoundingClientRect().right > width + 1);
        return {scrollWidth: scroll.scrollWidth, wide: wide.slice(0, 3).map((each) => each.outerHTML.slice(0, 160))};
    }""")
    assert seen["scrollWidth"] <= width, f"{what} at {width} px: expected no horizontal scrolling, saw {seen}"


def expect_live(page, locator, what=None):
    """It comes to be there: by itself on a page with scripts, else where the page is read again."""
    what = what or str(locator)
    if page.look.has_scripts:
        expect(locator.first, what).to_be_visible()
        return

    def is_there():
        page.reload()
        try:
            locator.first.wait_for(timeout=1000)
            return True
        except TimeoutError:
            return False

    until(what, is_there)


def expect_booking(page, booking, status, admission=None):
    """The booking gets there, and what has happened is said in words."""
    selector = f'[data-booking="{booking}"][data-status="{status}"]' + (f'[data-admission="{admission}"]' if admission else "")
    card = page.locator(selector)
    expect_live(page, card, f"{booking} becomes {status} {admission or ''}")
    words = STATUS[page.look.language]["CONFIRMED" if admission == "CONFIRMED" else status]
    expect(card.locator("[data-field=status]")).to_have_text(words)
    expect(card.locator("ol.steps [aria-current]")).to_have_text(words)


def expect_seats_left(page, exhibition, seats):
    words = SEATS_LEFT[page.look.language].format(seats)
    expect_live(page, page.locator(f'[data-museum="{exhibition}"] [data-field=available]').get_by_text(words, exact=True), words)


def booking_of(page):
    """The id of the booking whose page this is, right after it was made."""
    page.wait_for_url("**/myPages/*?booked")
    return page.url.split("/")[-1].split("?")[0]


def axe(page, what):
    """No rule of WCAG 2.1 A and AA nor a best practice is broken."""
    from axe_playwright_python.sync_playwright import Axe
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
    options = {"runOnly": {"type": "tag", "values": tags}, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    said = [f"{each['id']} ({each['help']}): {[node['html'][:200] for node in each['nodes'][:3]]} "
            f"{each['nodes'][0].get('failureSummary')}" for each in found]
    assert not found, f"{what}: axe expected no finding, saw " + "\n".join(said)


def tab_to(page, selector, backwards=False, at_most=60):
    """Moves the focus with the Tab key until it is there; each stop on the way must be visible."""
    for _ in range(at_most):
        if page.locator(selector).first.evaluate("each => each === document.activeElement"):
            return
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        seen = page.evaluate("""() => {
            const each = document.activeElement;
            if (each === document.body) return null;
            const {width, height} = each.getBoundingClientRect();
            // Parts of a date's field have the browser's own outline.
            const isOutlined = !each.matches(':focus') || getComputedStyle(each).outlineStyle !== 'none';
            return width > 0 && height > 0 && isOutlined ? null : each.outerHTML.slice(0, 200);
        }""")
        assert seen is None, f"the focus must be visible; seen: {seen}"
    raise AssertionError(f"{selector} is not reached by {at_most} times Tab")


def open_exhibition(run, look, exhibition):
    """The staff's page of an exhibition, filled."""
    page = run.open(look)
    page.goto(f"/staff/museums/{exhibition}")
    expect(page.locator("form#edit [name=capacity]")).not_to_have_value("")
    return page
