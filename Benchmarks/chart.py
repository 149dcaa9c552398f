"""A bar chart as SVG, readable on a light and on a dark page."""

from html import escape

WIDTH, LEFT, RIGHT, BAR, GAP, TOP = 760, 250, 90, 20, 9, 56

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 15px }
  .note { fill: #59636e; font-size: 12px }
  .ours { fill: #0969da } .peer { fill: #8c959f }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .note { fill: #9198a1 }
    .ours { fill: #4493f8 } .peer { fill: #6e7681 }
  }
"""


def bars(title, note, rows):
    """rows: (label, value, whether it is the museum's). Returns the SVG."""
    height = TOP + len(rows) * (BAR + GAP) + 10
    most = max((value for _, value, _ in rows), default=1) or 1
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="10" y="22">{escape(title)}</text>',
        f'<text class="note" x="10" y="42">{escape(note)}</text>',
    ]
    for index, (label, value, is_ours) in enumerate(rows):
        y = TOP + index * (BAR + GAP)
        length = max(1, round((WIDTH - LEFT - RIGHT) * value / most))
        kind = "ours" if is_ours else "peer"
        parts += [
            f'<text x="{LEFT - 10}" y="{y + 15}" text-anchor="end">{escape(label)}</text>',
            f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{length}" height="{BAR}" rx="3"/>',
            f'<text x="{LEFT + length + 8}" y="{y + 15}">{value:,.0f}</text>',
        ]
    return "\n".join(parts + ["</svg>"]) + "\n"

PLOT, RIGHT_LABELS = 260, 190
DASHES = ("", "7 4", "2 4", "9 3 2 3", "12 6")


def axis(most):
    """The end of an axis that reaches `most`, and its ticks: at most six, at multiples of 1, 2 or 5 times a power of ten."""
    step = next(factor * 10 ** power for power in range(12) for factor in (1, 2, 5) if most <= 5 * factor * 10 ** power)
    ticks = [step * index for index in range(6) if step * (index - 1) < most]
    return ticks[-1], ticks


def lines(title, note, xs, series):
    """series: name → values, one for each of `xs`, which are at equal distances. Returns the SVG."""
    left, bottom = 70, TOP + PLOT
    step = (WIDTH - left - RIGHT_LABELS) / (len(xs) - 1)
    most, ticks = axis(max(value for values in series.values() for value in values))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 30}" width="{WIDTH}" height="{bottom + 30}" '
        f'role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}  polyline {{ fill: none; stroke: #0969da; stroke-width: 2 }}\n"
        "  @media (prefers-color-scheme: dark) { polyline { stroke: #4493f8 } }\n</style>",
        f'<text class="title" x="10" y="22">{escape(title)}</text>',
        f'<text class="note" x="10" y="42">{escape(note)}</text>',
    ]
    for index, x in enumerate(xs):
        parts.append(f'<text class="note" x="{left + index * step:.0f}" y="{bottom + 20}" text-anchor="middle">{x}</text>')
    for tick in ticks:
        y = bottom - PLOT * tick / most
        parts.append(f'<text class="note" x="{left - 12}" y="{y + 4:.0f}" text-anchor="end">{tick:,.0f}</text>')
    lowest = TOP - 20
    # Names stand beside the ends of their lines, from the top, at least 17 pixels apart.
    for (name, values), dash in sorted(zip(series.items(), DASHES), key=lambda one: -one[0][1][-1]):
        points = [(left + index * step, bottom - PLOT * value / most) for index, value in enumerate(values)]
        lowest = max(lowest + 17, points[-1][1] + 4)
        parts += [
            f'<polyline stroke-dasharray="{dash}" points="' + " ".join(f"{x:.0f},{y:.0f}" for x, y in points) + '"/>',
            f'<text x="{points[-1][0] + 8:.0f}" y="{lowest:.0f}">{escape(name)}</text>',
        ]
    return "\n".join(parts + ["</svg>"]) + "\n"
