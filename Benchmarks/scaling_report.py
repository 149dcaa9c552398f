"""Tables of what `scripts/bench --scaling` measured."""

import statistics
from collections.abc import Callable
from typing import Any

import one_exhibition

Figures = dict[str, Any]
Reading = Callable[[Figures], float]
ROLES = ("gateway", "book", "museum", "confirm", "mypage")


def counted(primaries: int | str) -> str:
    return f"{primaries} primar{'y' if int(primaries) == 1 else 'ies'}"


def over(rounds: list[Figures], primaries: int, figure: Reading) -> list[float]:
    """The figure in each round: `figure` is a function of the figures of one number of primaries."""
    return [figure(one[str(primaries)]) for one in rounds]


def with_spread(values: list[float], form: str) -> str:
    middle = form.format(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} ({form.format(min(values))} to {form.format(max(values))})"


def total(name: str) -> Reading:
    return lambda found: sum(found[name])


def mean(name: str) -> Reading:
    return lambda found: statistics.mean(found[name])


def each(name: str) -> Reading:
    return lambda found: found[name]


def ours(found: Figures) -> float:
    return sum(found["roles_cpu_us"].values())


# Title, figure, format.
ROWS = (
    ("CPU of one redis-server, µs (mean of the primaries)", mean("redis_cpu_us"), "{:.1f}"),
    ("CPU of all redis-servers, µs", total("redis_cpu_us"), "{:.1f}"),
    ("busiest primary : mean", lambda found: max(found["redis_cpu_us"]) / mean("redis_cpu_us")(found), "{:.2f}"),
    ("CPU of our processes, µs", ours, "{:.0f}"),
    ("CPU of all, µs", lambda found: ours(found) + sum(found["redis_cpu_us"]), "{:.0f}"),
    ("round trips to Redis, all primaries", total("round_trips"), "{:.2f}"),
    ("syncs of one append-only file", mean("syncs"), "{:.3f}"),
    ("bytes of one append-only file", mean("aof_bytes"), "{:,.0f}"),
    ("bytes of memory of one redis-server", mean("memory_bytes"), "{:,.0f}"),
    ("bookings/s, all on the same processors", each("processed_rate"), "{:,.0f}"),
)


def share(rounds: list[Figures], primaries: int) -> list[float]:
    """CPU of a primary, as a part of the CPU of one primary alone, in each round."""
    return [mean("redis_cpu_us")(one[str(primaries)]) / one["1"]["redis_cpu_us"][0] for one in rounds]


def booking_table(rounds: list[Figures]) -> list[str]:
    numbers = sorted(int(name) for name in rounds[0])
    lines = ["| a booking costs | " + " | ".join(map(counted, numbers)) + " |",
             "|---|" + "---|" * len(numbers)]
    for title, figure, form in ROWS:
        lines.append(f"| {title} | " + " | ".join(with_spread(over(rounds, number, figure), form) for number in numbers) + " |")
    lines.append("| **CPU of one primary : of one alone** | " + " | ".join(
        f"**{with_spread(share(rounds, number), '{:.2f}')}**" for number in numbers) + " |")
    return lines


def role_table(rounds: list[Figures]) -> list[str]:
    numbers = sorted(int(name) for name in rounds[0])
    lines = ["| CPU of a booking, µs | " + " | ".join(ROLES) + " | all five | all redis-servers |",
             "|---|" + "---|" * (len(ROLES) + 2)]
    for number in numbers:
        cells = [with_spread(over(rounds, number, lambda found: found["roles_cpu_us"][role]), "{:.0f}") for role in ROLES]
        cells += [with_spread(over(rounds, number, figure), "{:.0f}") for figure in (ours, total("redis_cpu_us"))]
        lines.append(f"| {counted(number)} | " + " | ".join(cells) + " |")
    return lines


def connection_table(found: Figures) -> list[str]:
    lines = ["| idle, 64 partitions | connections of each primary | KB of buffers, each | commands/s, each | CPU of each, % |",
             "|---|---|---|---|---|"]
    columns = (("connections", "{}", 1), ("client_bytes", "{:,.0f}", 0.001), ("commands", "{:.0f}", 1), ("cpu", "{:.1f}", 100))
    for name, title in (("one_process", "one process"), ("five_processes", "five processes")):
        for primaries, both in found.items():
            cells = [", ".join(form.format(value * factor) for value in both[name][key]) for key, form, factor in columns]
            lines.append(f"| {title}, {counted(primaries)} | " + " | ".join(cells) + " |")
    return lines


def origin(about: Figures, figures: Figures) -> str:
    busy = ("" if about["load_average"] <= about["cpus"] else " **Other programs used the processors at the same time.** Batches were "
            "then smaller and waits longer, so a booking cost more, and differently in each round. Measure again on a quiet machine.")
    return (f"`scripts/bench --scaling{' --quick' if about['quick'] else ''}` on {about['date'][:10]}, commit {about['commit']}, "
            f"{about['cpus']} processors ({about['model']}), redis-server {about['redis']}, load average "
            f"{about['load_average']:.1f} before and {about['load_average_after']:.1f} after the run. Interleaved rounds: "
            f"{len(figures['one_process'])} with one process, {len(figures['five_processes'])} with five, of about "
            f"{round(figures['one_process'][0]['1']['bookings'], -3):,} bookings for each number of primaries. Each figure is the median; in "
            f"brackets are the lowest and the highest. Raw figures: [scaling.json](benchmarks/scaling.json).{busy}")


def measured(result: Figures) -> list[str]:
    """Lines of Markdown."""
    figures = result["scaling"]
    return ["", origin(result["about"], figures), "",
            "**The same load on each primary**: 64 connections for each, all roles in one process.", "",
            *booking_table(figures["one_process_each"]), "",
            "**The same load on all together**: 64 connections in all. Each primary gets smaller batches.", "",
            *booking_table(figures["one_process"]), "",
            "**A process for each role**, 64 connections to the gateway for each primary.", "", *role_table(figures["five_processes"]), "",
            *connection_table(figures["connections"]), "", *one_exhibition.table(figures["one_exhibition"]), ""]
