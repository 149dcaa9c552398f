#!/usr/bin/env python3
"""Writes the tables of docs/scaling.md from docs/benchmarks/scaling.json, without measuring: measured, simulated, planned.

Each table is between two comments, `<!-- name -->` and `<!-- /name -->`. The text around them stays.
"""

import json
import sys
from pathlib import Path

import hot_exhibitions
import moving
import plan
import scaling_report
from processes import ROOT


def replace(text: str, name: str, lines: list[str]) -> str:
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    head, rest = text.split(begin, 1)
    _, tail = rest.split(end, 1)
    return "\n".join([head + begin, *lines, end + tail])


def write(folder: str | Path) -> Path:
    """Writes the chart, and docs/scaling.md. If the folder is not docs/benchmarks: its own scaling.md. Returns the page's path."""
    folder = Path(folder)
    result = json.loads((folder / "scaling.json").read_text())
    service = plan.Costs(result["scaling"]).redis
    text = (ROOT / "docs" / "scaling.md").read_text()
    for name, lines in (
        ("measured", scaling_report.measured(result)), ("simulated", hot_exhibitions.tables(service)),
        ("placed", ["", *hot_exhibitions.placement_table(), ""]),
        ("planned", plan.tables(result["scaling"])), ("moved", ["", *moving.table(result["scaling"]["moving"]), ""]),
    ):
        text = replace(text, name, lines)
    page = (folder.parent if folder.resolve() == ROOT / "docs" / "benchmarks" else folder) / "scaling.md"
    page.write_text(text)
    (folder / "hot-exhibitions.svg").write_text(hot_exhibitions.picture(service))
    return page


if __name__ == "__main__":
    print(write(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs" / "benchmarks"))
