#!/usr/bin/env python3
"""Simulates an on-sale in which a few exhibitions get most of the demand: the same result each time, and no server.

An exhibition is in one partition, and a partition on one primary. The program picks an exhibition's partition at random. Visitors
arrive at random times, whatever the responses take. A primary serves one booking after the other, each in the CPU time that
`scripts/bench --scaling` measured. It refuses a booking that would wait longer than a command may take.
"""

import random
import statistics
from collections.abc import Callable

import chart
from cluster import created, names, slot

# From the shares of the partitions and the number of primaries to the share of each primary.
Placing = Callable[[list[float], int], list[float]]

EXHIBITIONS = 400
MOST_WAIT = 0.5  # seconds: the deadline of a Redis command
PLACEMENTS = 101  # random assignments of the exhibitions to partitions, for shares
SIMULATED = 5  # of these, for waiting times
BURST, SECONDS = 20_000, 10  # bookings/s, and for how long
PRIMARIES = (1, 2, 4, 8, 16)


def zipf(exponent: float, count: int = EXHIBITIONS) -> list[float]:
    """The share of each exhibition: the n-th gets 1/n^exponent."""
    weights = [1 / number ** exponent for number in range(1, count + 1)]
    return [weight / sum(weights) for weight in weights]


def hot(share: float, pieces: int) -> list[float]:
    """One exhibition gets this share, in equal pieces, which are exhibitions of their own. The others follow Zipf's law."""
    return [share / pieces] * pieces + [(1 - share) * one for one in zipf(1)]


DEMANDS = {
    "even": zipf(0), "Zipf 0.8": zipf(0.8), "Zipf 1.0": zipf(1.0), "Zipf 1.2": zipf(1.2),
    "one half": hot(0.5, 1), "one half, 8 time slots": hot(0.5, 8), "one half, 32 time slots": hot(0.5, 32),
}


def of_partitions(shares: list[float], partitions: int, seed: int) -> list[float]:
    """The share of each partition."""
    chance = random.Random(seed)
    sums = [0.0] * partitions
    for share in shares:
        sums[chance.randrange(partitions)] += share
    return sums


def dealt(sums: list[float], primaries: int) -> list[float]:
    """The share of each primary: the partitions are dealt out in turn."""
    return [sum(sums[primary::primaries]) for primary in range(primaries)]


def moved(sums: list[float], primaries: int) -> list[float]:
    """The same after an operator has moved slots: the next largest partition goes to the primary with the least."""
    loads = [0.0] * primaries
    for share in sorted(sums, reverse=True):
        loads[loads.index(min(loads))] += share
    return loads


def busiest(demand: str, partitions: int, primaries: int, place: Placing) -> list[float]:
    """The share of the busiest primary in each placement, in order."""
    return sorted(max(place(of_partitions(DEMANDS[demand], partitions, seed), primaries)) for seed in range(PLACEMENTS))


def queue(rate: float, service: float, chance: random.Random) -> list[float]:
    """One primary with its bookings/s and seconds for each: how long those that it accepted waited."""
    waits, now, free = [], 0.0, 0.0
    while rate > 0:
        now += chance.expovariate(rate)
        if now > SECONDS:
            break
        wait = max(0.0, free - now)
        if wait <= MOST_WAIT:
            waits.append(wait)
            free = now + wait + service
    return waits


def burst(demand: str, primaries: int, service: float, seed: int) -> tuple[float, float]:
    """Bookings accepted in a second, and the 99th percentile of their waiting times in ms. 64 partitions."""
    chance = random.Random(seed)
    waits = []
    for share in dealt(of_partitions(DEMANDS[demand], 64, seed), primaries):
        waits += queue(BURST * share, service, chance)
    waits.sort()
    return len(waits) / SECONDS, 1000 * waits[len(waits) * 99 // 100]


def imbalance_table() -> list[str]:
    names = list(DEMANDS)[:5]
    lines = ["| busiest primary : mean | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    rows = [(4, 4, "dealt out", dealt), (4, 64, "dealt out", dealt)]
    rows += [(4, partitions, "after moving slots", moved) for partitions in (8, 16, 32, 64)]
    rows += [(primaries, 64, "after moving slots", moved) for primaries in (2, 3, 8, 16)]
    for primaries, partitions, title, place in rows:
        cells = []
        for name in names:
            found = busiest(name, partitions, primaries, place)
            cells.append(f"{primaries * statistics.median(found):.2f} ({primaries * found[len(found) * 9 // 10]:.2f})")
        lines.append(f"| {primaries} primaries, {partitions} partitions, {title} | " + " | ".join(cells) + " |")
    return lines


def capacity(demand: str, primaries: int, service: float) -> float:
    """The most bookings/s at which the busiest primary still serves all, in the median placement over 64 partitions."""
    return 1 / service / statistics.median(busiest(demand, 64, primaries, dealt))


def capacity_table(service: float) -> list[str]:
    lines = ["| bookings/s that all primaries can serve | " + " | ".join(f"{number}" for number in PRIMARIES) + " |",
             "|---|" + "---|" * len(PRIMARIES)]
    for demand in DEMANDS:
        lines.append(f"| {demand} | " + " | ".join(f"{capacity(demand, number, service):,.0f}" for number in PRIMARIES) + " |")
    return lines


def burst_table(service: float) -> list[str]:
    lines = [f"| {BURST:,} bookings/s for {SECONDS} s: accepted/s, p99 of waiting | " + " | ".join(map(str, PRIMARIES)) + " |",
             "|---|" + "---|" * len(PRIMARIES)]
    for demand in DEMANDS:
        cells = []
        for number in PRIMARIES:
            found = [burst(demand, number, service, seed) for seed in range(SIMULATED)]
            accepted, wait = (statistics.median(column) for column in zip(*found))
            cells.append(f"{accepted:,.0f}, {wait:,.1f} ms")
        lines.append(f"| {demand} | " + " | ".join(cells) + " |")
    return lines


def placement_table() -> list[str]:
    lines = ["| partitions on each primary after `redis-cli --cluster create` | 2 primaries | 3 | 4 | 6 | 8 |",
             "|---|---|---|---|---|---|"]
    for partitions in (8, 16, 32, 64):
        cells = []
        for primaries in (2, 3, 4, 6, 8):
            slots = [slot(name) for name in names(partitions)]
            cells.append(" ".join(str(sum(one in owned for one in slots)) for owned in created(primaries)))
        lines.append(f"| {partitions} | " + " | ".join(cells) + " |")
    return lines


def picture(service: float) -> str:
    series = {demand: [capacity(demand, number, service) for number in PRIMARIES]
              for demand in ("even", "Zipf 1.0", "one half", "one half, 8 time slots", "one half, 32 time slots")}
    return chart.lines("Bookings per second that all primaries can serve",
                       "simulated, over the number of primaries; 64 partitions, 400 exhibitions", PRIMARIES, series)


def tables(service: float) -> list[str]:
    """Lines of Markdown. `service`: seconds of a primary's CPU for each booking."""
    return ["", *imbalance_table(), "", *capacity_table(service), "", *burst_table(service), ""]


if __name__ == "__main__":
    import argparse
    parser = argparse.ArgumentParser(description="Prints the tables of the simulation.")
    parser.add_argument("--redis-cpu", type=float, required=True, metavar="US", help="CPU of redis-server for a booking, µs")
    print("\n".join(tables(parser.parse_args().redis_cpu / 1e6)))
