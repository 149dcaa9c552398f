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
