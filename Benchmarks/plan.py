"""From what a booking costs to what a deployment needs: the tables of the plan in docs/scaling.md."""

import math
import statistics

from scaling_report import ROLES, Figures, counted

# Assumptions. docs/scaling.md says the reason for each.
REDIS_LOAD = 0.5  # part of a primary's thread that bookings may take at the highest rate
CORE_LOAD = 0.6  # part of a core of our processes that bookings may take
IMBALANCE = 1.25  # the busiest primary : the mean
CORES = 2  # of each process
PARTITIONS = 64

# Name, bookings of the whole sale, seconds of the sale, bookings/s at the highest.
SALES = (
    ("one machine, a large museum", 100_000, 3600, 500),
    ("a national on-sale", 1_000_000, 600, 20_000),
    ("museums of a nation", 10_000_000, 3600, 20_000),
    ("the same, highest rate", 10_000_000, 3600, 50_000),
)


class Costs:
    """What a booking costs with a process for each role, on the most primaries that were measured. Medians of the rounds."""

    def __init__(self, scaling: Figures) -> None:
        rounds = scaling["five_processes"]
        self.primaries = max(rounds[0], key=int)
        found = [one[self.primaries] for one in rounds]
        self.redis = statistics.median(sum(one["redis_cpu_us"]) for one in found) / 1e6
        self.roles = {role: statistics.median(one["roles_cpu_us"][role] for one in found) / 1e6 for role in ROLES}
        self.aof = statistics.median(sum(one["aof_bytes"]) for one in found)
        self.syncs = statistics.median(sum(one["syncs"]) for one in found)
        self.memory = statistics.median(sum(one["memory_bytes"]) for one in found)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"] + ["| " + " | ".join(row) + " |" for row in rows]


def inputs(costs: Costs) -> list[str]:
    where = f"measured: five processes, {counted(costs.primaries)}"
    return table(("figure", "value", "source"), [
        ("CPU of all redis-servers, a booking", f"{1e6 * costs.redis:.0f} µs", where),
        ("CPU of " + ", ".join(ROLES), ", ".join(f"{1e6 * cpu:.0f}" for cpu in costs.roles.values()) + " µs a booking", where),
        ("bytes of append-only files, a booking", f"{costs.aof:,.0f}", where),
        ("bytes of memory, a booking", f"{costs.memory:,.0f}", where),
        ("syncs of append-only files, a booking", f"{costs.syncs:.3f}", where),
        ("bookings of a primary's thread", f"at most {100 * REDIS_LOAD:.0f} % of it", "assumed"),
        ("bookings of a process's core", f"at most {100 * CORE_LOAD:.0f} % of it", "assumed"),
        ("cores of each process", f"{CORES}", "measured with 2 cores; assumed for the plan"),
        ("busiest primary : mean", f"{IMBALANCE}", "assumed; simulated above"),
        ("`PARTITIONS`", f"{PARTITIONS}", "the most that the program takes"),
    ])


def primaries_for(rate: float, costs: Costs) -> int:
    return math.ceil(rate * costs.redis * IMBALANCE / REDIS_LOAD)


def processes_for(rate: float, costs: Costs) -> dict[str, int]:
    return {role: math.ceil(rate * costs.roles[role] / CORE_LOAD / CORES) for role in ROLES}


def connections(processes: dict[str, int], primaries: int) -> int:
    """Of each primary: one for each consumer of a partition on it, and one for each core of each process."""
    consumers = sum(count for role, count in processes.items() if role != "gateway") * PARTITIONS / primaries
    return math.ceil(consumers + sum(processes.values()) * CORES)


def needs(costs: Costs) -> list[str]:
    names = [sale[0] for sale in SALES]
    rows: dict[str, list[str]] = {}
    for _, bookings, seconds, highest in SALES:
        processes, primaries = processes_for(highest, costs), primaries_for(highest, costs)
        for title, cell in (
            ("bookings", f"{bookings:,} in {seconds // 60} min"),
            ("bookings/s on average, at the highest", f"{bookings / seconds:,.0f}, {highest:,}"),
            ("primaries for the average", f"{primaries_for(bookings / seconds, costs)}"),
            ("**primaries for the highest rate**", f"**{primaries}**"),
            ("processes: " + ", ".join(ROLES), ", ".join(str(processes[role]) for role in ROLES)),
            ("cores of these processes", f"{CORES * sum(processes.values())}"),
            ("connections of each primary", f"{connections(processes, primaries):,}"),
            ("memory for the bookings, all primaries", f"{bookings * costs.memory / 1e9:.1f} GB"),
            ("append-only files before a rewrite", f"{bookings * costs.aof / 1e9:.1f} GB"),
            ("written to disk at the highest rate, each primary", f"{highest * costs.aof / primaries / 1e6:.1f} MB/s"),
            ("syncs/s of each primary at the highest rate", f"{highest * costs.syncs / primaries:,.0f}"),
            ("of one exhibition at most, bookings/s", f"{REDIS_LOAD / costs.redis:,.0f}"),
            ("time slots of an exhibition with half of the demand", f"{math.ceil(highest / 2 * costs.redis / REDIS_LOAD)}"),
        ):
            rows.setdefault(title, []).append(cell)
    return table(("", *names), [(title, *cells) for title, cells in rows.items()])


def tables(scaling: Figures) -> list[str]:
    """Lines of Markdown."""
    costs = Costs(scaling)
    return ["", *inputs(costs), "", *needs(costs), ""]
