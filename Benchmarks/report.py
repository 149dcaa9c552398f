"""Writes the table, the chart and the explanations from the raw rounds."""

import json
import statistics
from pathlib import Path

import chart

NONE = "–"


def summary(figures):
    """One line of progress."""
    names = (
        ("rate", "{:,.0f}/s"), ("processed_rate", "{:,.0f}/s processed"), ("p50", "p50 {:.2f} ms"), ("p99", "p99 {:.1f} ms"),
        ("server_cpu_us", "{:.0f} µs"), ("redis_cpu_us", "Redis {:.0f} µs"), ("museums_rate", "museums {:,.0f}/s"),
        ("myPages_rate", "myPages {:,.0f}/s"), ("hgetall_rate", "HGETALL {:,.0f}/s"), ("p1_rate", "{:,.0f}/s"),
        ("p16_rate", "pipelined {:,.0f}/s"), ("bare_p50", "bare {:.2f} ms"), ("visible_p99", "visible p99 {:.1f} ms"),
        ("catch_up_seconds", "caught up after {:.1f} s"),
    )
    return ", ".join(text.format(figures[name]) for name, text in names if figures.get(name) is not None)


class Results:
    """Medians over the rounds; a ratio is computed inside each round first."""

    def __init__(self, rounds):
        self.rounds = rounds

    def values(self, contestant, name):
        found = [figures[contestant].get(name) for figures in self.rounds if contestant in figures]
        return [value for value in found if value is not None]

    def median(self, contestant, name):
        values = self.values(contestant, name)
        return statistics.median(values) if values else None

    def ratios(self, above, below):
        """above, below: (contestant, figure). The ratio in each round that has both."""
        found = []
        for figures in self.rounds:
            over = figures.get(above[0], {}).get(above[1])
            under = figures.get(below[0], {}).get(below[1])
            if over is not None and under:
                found.append(over / under)
        return found


def number(value, form="{:,.0f}"):
    return NONE if value is None else form.format(value)


def spread(ratios):
    if not ratios:
        return NONE
    middle = f"**{statistics.median(ratios):.2f}**"
    return middle if len(ratios) == 1 else f"{middle} ({min(ratios):.2f} to {max(ratios):.2f})"


# What the rows compare: title, ours, the other, unit of both, the goal, and what must be reached at least.
RATIOS = [
    ("`POST /books`, one process, until it is processed : webdis, bare EVALSHA", ("one-process", "processed_rate"),
     ("webdis", "rate"), "{:,.0f}/s", "0.4", "0.2"),
    ("`POST /books`, one process : nginx + Lua", ("one-process", "processed_rate"), ("nginx", "rate"), "{:,.0f}/s", "0.8", "0.4"),
    ("`POST /books`, one process : FastAPI, both until processed", ("one-process", "processed_rate"),
     ("fastapi", "processed_rate"), "{:,.0f}/s", "20", "10"),
    ("synchronous half : webdis", ("synchronous", "rate"), ("webdis", "rate"), "{:,.0f}/s", "0.9", "0.45"),
    ("synchronous half : nginx + Lua", ("synchronous", "rate"), ("nginx", "rate"), "{:,.0f}/s", "1.6", "0.8"),
    ("CPU of our process, a booking : plain NIO, a request", ("one-process", "server_cpu_us"), ("nio", "server_cpu_us"),
     "{:,.0f} µs", "at most 3", "at most 6"),
    ("CPU of redis-server, a booking : the floor", ("one-process", "redis_cpu_us"), ("floor", "redis_cpu_us"), "{:,.0f} µs", "at most 0.8", "at most 1.1"),
    ("five processes : one process", ("five-processes", "processed_rate"), ("one-process", "processed_rate"), "{:,.0f}/s", "0.9", "0.5"),
    ("`GET /museums/{id}` : webdis, HGETALL", ("reads", "museums_rate"), ("webdis", "hgetall_rate"), "{:,.0f}/s", "1.2", "0.7"),
    ("`GET /myPages/{id}` : webdis, HGETALL", ("reads", "myPages_rate"), ("webdis", "hgetall_rate"), "{:,.0f}/s", "1.2", "0.7"),
    ("one client alone, `POST /books` p50 : two bare EVALSHA in a row", ("one-client", "p50"), ("one-client", "bare_p50"),
     "{:.2f} ms", "at most 1.2", "at most 2"),
    ("goodput at twice the best rate : the best rate", ("double-load", "processed_rate"), ("double-load", "best_rate"),
     "{:,.0f}/s", "0.95", "0.9"),
]


def ratio_table(results):
    lines = ["| what | ratio | goal | at least | ours | the other |", "|---|---|---|---|---|---|"]
    for title, ours, other, form, goal, least in RATIOS:
        ratios = results.ratios(ours, other)
        if ratios:
            lines.append(
                f"| {title} | {spread(ratios)} | {goal} | {least} | {number(results.median(*ours), form)} | "
                f"{number(results.median(*other), form)} |")
    return lines


def booking_table(results):
    lines = ["| a booking costs | one process | five processes | synchronous half | floor |", "|---|---|---|---|---|"]
    rows = [
        ("round trips to Redis", "round_trips", "{:.2f}"), ("commands outside scripts", "outer_commands", "{:.2f}"),
        ("of these EVALSHA", "evalshas", "{:.2f}"),
        ("commands inside scripts", "inner_commands", "{:.1f}"), ("bytes of AOF", "aof_bytes", "{:,.0f}"),
        ("bytes of Redis memory", "memory_bytes", "{:,.0f}"), ("CPU of our processes, µs", "server_cpu_us", "{:,.0f}"),
        ("CPU of redis-server, µs", "redis_cpu_us", "{:,.0f}"),
    ]
    for title, name, form in rows:
        cells = [number(results.median(contestant, name), form) if (contestant, name) != ("floor", "server_cpu_us") else NONE
                 for contestant in ("one-process", "five-processes", "synchronous", "floor")]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


CONTESTANTS = [
    ("one process", "one-process", ""), ("five processes", "five-processes", ""), ("synchronous half", "synchronous", ""),
    ("webdis, EVALSHA", "webdis", ""), ("nginx + Lua", "nginx", ""), ("FastAPI", "fastapi", ""),
    ("redis-benchmark, EVALSHA", "redis-benchmark", "p1_"), ("redis-benchmark, 16 in a pipeline", "redis-benchmark", "p16_"),
    ("plain NIO, constant response", "nio", ""), ("GET /museums/{id}", "reads", "museums_"),
    ("GET /myPages/{id}", "reads", "myPages_"), ("webdis, HGETALL", "webdis", "hgetall_"),
]


def rate_table(results):
    lines = [
        "| contestant | requests/s | processed/s | p50, ms | p99, ms | CPU of the server, µs | CPU of redis-server, µs |",
        "|---|---|---|---|---|---|---|"]
    for title, contestant, prefix in CONTESTANTS:
        if results.median(contestant, prefix + "rate") is None:
            continue
        server = NONE if contestant == "redis-benchmark" else number(results.median(contestant, prefix + "server_cpu_us"))
        lines.append("| " + " | ".join([
            title, number(results.median(contestant, prefix + "rate")),
            number(results.median(contestant, prefix + "processed_rate")),
            number(results.median(contestant, prefix + "p50"), "{:.2f}"),
            number(results.median(contestant, prefix + "p99"), "{:.1f}"), server,
            number(results.median(contestant, prefix + "redis_cpu_us"))]) + " |")
    return lines


def open_loop_table(results):
    lines = ["| open loop | sent/s | 201/s | visible p50, ms | visible p99, ms | confirmed p99, ms | client CPU, s |",
             "|---|---|---|---|---|---|---|"]
    for title, name in (("half of the best rate", "half-load"), ("twice the best rate", "double-load")):
        if results.median(name, "rate") is not None:
            figures = [number(results.median(name, key), form) for key, form in (
                ("rate", "{:,.0f}"), ("created_rate", "{:,.0f}"), ("visible_p50", "{:.1f}"), ("visible_p99", "{:.1f}"),
                ("confirmed_p99", "{:.1f}"), ("client_cpu_seconds", "{:.1f}"))]
            lines.append(f"| {title} | " + " | ".join(figures) + " |")
    return lines


def backlog_line(results):
    grown = [max(samples, default=0) for samples in results.values("one-process", "backlog_samples")]
    waits = results.values("one-process", "catch_up_seconds")
    if not grown:
        return []
    return ["", f"One process: at most {statistics.median(grown):,.0f} deliveries waited during the load. The consumers had "
            f"applied all events {statistics.median(waits):.2f} s after its end."]


def growth_table(growth):
    """Rows of the data that grows."""
    levels, deletion, rebuild = growth["levels"], growth["deletion"], growth["rebuild"]
    listing, restart = growth["listing"], growth["restart"]
    first, last = levels[0], levels[-1]
    cpu = [level["server_cpu_us"] + level["redis_cpu_us"] for level in levels]
    rows = [
        (f"time of a booking at {last['at']:,} bookings : at {first['at']:,}", f"{last['time_us'] / first['time_us']:.2f}",
         "at most 1.05", "at most 1.1", ", ".join(f"{level['time_us']:,.0f} µs at {level['at']:,}" for level in levels)),
        ("CPU of a booking, ours and redis-server's, the same", f"{cpu[-1] / cpu[0]:.2f}", NONE, NONE,
         ", ".join(f"{figure:,.0f} µs at {level['at']:,}" for figure, level in zip(cpu, levels))),
        (f"p99 of others while {deletion['bookings']:,} bookings are force-canceled : before",
         f"{deletion['p99_during'] / deletion['p99_before']:.2f}", "at most 1.5", "at most 2",
         f"{deletion['p99_during']:.0f} ms, before {deletion['p99_before']:.0f} ms, at {deletion['rate']:,.0f} bookings/s; "
         f"{deletion['failed']} failed; all seats revoked after {deletion['revoked_seconds']:.1f} s, MyPage follows after "
         f"{deletion['followed_seconds']:.1f} s"),
        ("`rebuild mypage`, events/s", f"{rebuild['events_per_second']:,.0f}", "100,000", "30,000",
         f"{rebuild['events']:,} events in {rebuild['seconds']:.1f} s"),
        (f"all pages of {listing['exhibitions']:,} exhibitions, 200 a page", NONE, NONE, NONE,
         f"{listing['seconds']:.2f} s, the slowest page {listing['slowest_page_ms']:.0f} ms"),
        (f"start with {restart['bookings']:,} bookings", NONE, NONE, NONE,
         f"redis-server loads in {restart['redis_seconds']:.1f} s, the museum is ready {restart['museum_seconds']:.1f} s later"),
    ]
    return ["| with growing data | figure | goal | at least | |", "|---|---|---|---|---|"] + [
        f"| {what} | {figure if figure == NONE else f'**{figure}**'} | {goal} | {least} | {more} |"
        for what, figure, goal, least, more in rows]


def table(latest, growth):
    """All tables, of what there is."""
    parts = []
    if latest:
        results = Results(latest["rounds"])
        parts.append(ratio_table(results))
        if results.values("one-process", "rate"):
            parts.append(booking_table(results))
        parts.append(rate_table(results) + backlog_line(results))
        if results.values("half-load", "rate") or results.values("double-load", "rate"):
            parts.append(open_loop_table(results))
    if growth:
        parts.append(growth_table(growth["growth"]))
    return "\n\n".join("\n".join(lines) for lines in parts if len(lines) > 2)


ABOUT = """
## What was measured

Each contestant has a redis-server of its own, started from [redis.conf](../../redis/redis.conf): `appendonly yes`,
`appendfsync always`, without rewrites of that file. Load generator, server and redis-server share the processors of one machine. A round measures every
contestant once, in the order in which they are compared; every other round runs in the opposite order. Each figure is the median of
the rounds. A ratio is computed in each round, and then the median of these; the lowest and the highest are in brackets. Absolute figures differ from machine to machine;
compare ratios.

- **Load**: `wrk -t2 -c64`, keep-alive, each request for a visitor of its own. If a response is not 2xx, the contestant runs once
  more; then the run fails. `failed_first` in the raw figures names it.
- **One process**: all roles; the load goes to Book's port. **Five processes**: one for each role; the load goes to the gateway.
- **Processed/s**: bookings divided by the time of the load and of catching up: until MyPage shows the last booking as `CONFIRMED`,
  and every consumer group has applied and acknowledged all events. CPU, round trips and bytes of a booking count over the same time.
- **Synchronous half**: all roles in one process, while an ACL of Redis refuses `XREADGROUP`. So no consumer of any role applies
  anything; what remains is what a request costs until its response.
- **webdis**: one EVALSHA of [museum_reserve.lua](../../redis/scripts/museum_reserve.lua) for each request: no validation, no
  record of the booking. **nginx + Lua**: two workers, the same JSON in and out and the same script, nothing else.
  **FastAPI**: uvicorn with two workers, pydantic, redis-py; the same script, then the booking and its event in one transaction;
  Book's, Confirm's and MyPage's consumer groups in a process of their own. The configurations are in
  [Benchmarks/peers](../../Benchmarks/peers).
- **Plain NIO**: a SwiftNIO handler with a constant response of a booking's size
  ([main.swift](../../Benchmarks/PlainNIO/Sources/plain-nio/main.swift)).
- **Floor**: the scripts and deliveries of a booking in batches of 64, from a client without HTTP
  ([calls.py](../../Benchmarks/floor/calls.py)). Only redis-server's CPU is compared.
- **Round trips**: `total_reads_processed`, the reads from clients' sockets. A request over 16 KiB counts more than once.
  **Commands inside scripts**: all of `commandstats` but the commands that clients send outside scripts.
- **One client**: the same client sends `POST /books` over one connection, and the reserve script twice in a row over another.
- **Open loop**: at half the rate, the client sends at a fixed rate; latency counts from the time at which a request is due. It asks
  MyPage repeatedly for some of the bookings, until they are visible. A booking that has no response within two seconds counts as failed. At twice
  the rate, `h2load` offers that rate over 4,000 connections, twice as many as a port works at; what is not served is refused with `503`.
  Goodput counts bookings until they are processed. Both clients run on the same processors, and their CPU time is in the table.
- **Growing data** (`scripts/bench --growth`): one deployment is filled step by step, all roles in one process. The time of a booking
  is that of the load and of catching up, divided by the bookings. During the deletion another exhibition sells at a third of the
  rate just measured; p99 is the highest of all stretches of a few seconds.

CPU times are user and system time of all threads, from `/proc/PID/stat`.
"""


def read(folder):
    """The rounds and the growth that the folder has; None for what it lacks."""
    files = (Path(folder) / name for name in ("latest.json", "growth.json"))
    return tuple(json.loads(file.read_text()) if file.exists() else None for file in files)


def origin(about, kind, file):
    return (
        f"`scripts/bench{kind}` on {about['date']}, commit {about['commit']}, {about['cpus']} processors ({about['model']}), "
        f"redis-server {about['redis']}, load average {about['load_average']:.1f} before the run. Raw figures: [{file}]({file}).")


def write(folder):
    """Writes README.md, and chart.svg if there are rounds."""
    folder = Path(folder)
    latest, growth = read(folder)
    head = ["# Benchmarks"]
    if latest:
        results = Results(latest["rounds"])
        about = latest["about"]
        head.append(origin(about, " --quick" if about["quick"] else "", "latest.json")
                    + (f" Medians of {len(latest['rounds'])} interleaved rounds." if len(latest["rounds"]) > 1 else " One round."))
    if growth:
        head.append(origin(growth["about"], " --growth" + (" --quick" if growth["about"]["quick"] else ""), "growth.json"))
    if latest and (rows := chart_rows(results)):
        (folder / "chart.svg").write_text(chart.bars(
            "Bookings per second", "64 clients, every write synced to disk; with consumers: until processed", rows))
        head.append("![Bookings per second of each contestant](chart.svg)")
    (folder / "README.md").write_text("\n\n".join(head + [table(latest, growth)]) + "\n" + ABOUT)


def chart_rows(results):
    ours = ("one-process", "five-processes", "synchronous")
    rows = []
    for title, contestant, prefix in CONTESTANTS[:6]:
        value = results.median(contestant, "processed_rate") or results.median(contestant, "rate")
        if value is not None:
            rows.append((title, value, contestant in ours))
    return sorted(rows, key=lambda row: -row[1])
