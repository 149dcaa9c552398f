"""What a booking costs on one, two and three primaries of a Redis Cluster. `scripts/bench --scaling` runs it.

Every primary has the same number of partitions, and every partition the same number of exhibitions, which sell at the same rate.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import moving
import one_exhibition
from deployment import CONNECTIONS, Deployment
from measuring import run_seconds
from processes import BenchError, Stage
from redis_client import Redis

Figures = dict[str, Any]

PRIMARIES = (1, 2, 3)
MOST_PARTITIONS = 64  # the most that PARTITIONS may say

# Bookings that are measured and that warm up, rounds of one process, rounds of five processes, seconds in which a round must end.
FULL = (10_000, 2_000, 9, 3, 440)
QUICK = (6_000, 1_000, 1, 1, 60)


def cost(program: str, primaries: int, split: bool, connections: int, settings: tuple[int, ...]) -> Figures:
    """One stretch of load until it is settled. Returns the figures of a booking, those of Redis for each primary."""
    bookings, warm_up = settings[:2]
    with Stage(f"scaling-{primaries}") as stage:
        deployment = Deployment(stage, program, primaries, split)
        deployment.sell(warm_up, connections)
        deployment.settle()
        before, began, booked = deployment.reading(), time.monotonic(), deployment.booked()
        result = deployment.sell(bookings, connections)
        deployment.settle()
        seconds, units, after = time.monotonic() - began, deployment.booked() - booked, deployment.reading()
        grown = {name: [(last - first) / units for first, last in zip(before[name], after[name])] for name in after}
        return {
            "connections": connections, "bookings": units, "processed_rate": units / seconds, "rate": result["rate"],
            "p99": result["p99"], "redis_cpu_us": [1e6 * one for one in grown["redis"]],
            "roles_cpu_us": dict(zip(deployment.museum.processes, (1e6 * one for one in grown["roles"]))),
            "syncs": grown["syncs"], "aof_bytes": grown["aof"], "memory_bytes": grown["memory"], "round_trips": grown["reads"],
        }


def clients(client: Redis) -> tuple[int, int]:
    """The connections of a primary, without the one that asks, and the bytes of their buffers."""
    lines = [dict(field.split("=", 1) for field in line.split() if "=" in field)
             for line in client.call("CLIENT", "LIST").splitlines()]
    others = [fields for fields in lines if fields["cmd"] != "client|list"]
    return len(others), sum(int(fields["tot-mem"]) for fields in others)


def connections(program: str, primaries: int, split: bool, seconds: int) -> Figures:
    """An idle deployment with all partitions in use: connections, commands and CPU time of each primary."""
    with Stage(f"connections-{primaries}") as stage:
        deployment = Deployment(stage, program, primaries, split, MOST_PARTITIONS, 1)
        for _, exhibition in deployment.exhibitions:
            deployment.museum.book(exhibition)
        deployment.settle()
        # A process looks for new partitions every two seconds.
        until, last, since = time.monotonic() + 60, None, time.monotonic()
        while time.monotonic() - since < 3 and time.monotonic() < until:
            now = [clients(client)[0] for client in deployment.cluster.clients]
            if now != last:
                last, since = now, time.monotonic()
            time.sleep(0.2)

        def commands() -> list[int]:
            return [int(client.info("stats")["total_commands_processed"]) for client in deployment.cluster.clients]
        before, cpu, began = commands(), [run_seconds([pid]) for pid in deployment.cluster.pids], time.monotonic()
        time.sleep(seconds)
        elapsed = time.monotonic() - began
        found = [clients(client) for client in deployment.cluster.clients]
        return {
            "connections": [count for count, _ in found], "client_bytes": [size for _, size in found],
            "commands": [(last - first) / elapsed for first, last in zip(before, commands())],
            "cpu": [(run_seconds([pid]) - first) / elapsed for pid, first in zip(deployment.cluster.pids, cpu)],
        }


def twice(work: Callable[..., Figures], *arguments: Any) -> Figures:
    """A measurement that fails, as may happen on a busy machine, is made once more."""
    try:
        return work(*arguments)
    except BenchError as error:
        print(f"failed, trying once more: {error}", file=sys.stderr)
        return work(*arguments)


def one_round(program: str, number: int, with_five: bool, settings: tuple[int, ...]) -> dict[str, Figures]:
    """For each kind of load the figures by number of primaries.

    Every other round runs backwards, so that none always follows the same one.
    """
    found: dict[str, Figures] = {"one_process": {}, "one_process_each": {}}
    if with_five:
        found["five_processes"] = {}
    for primaries in PRIMARIES if number % 2 == 0 else PRIMARIES[::-1]:
        name, each = str(primaries), CONNECTIONS * primaries
        same = twice(cost, program, primaries, False, CONNECTIONS, settings)
        found["one_process"][name] = same
        found["one_process_each"][name] = same if primaries == 1 else twice(cost, program, primaries, False, each, settings)
        if with_five:
            found["five_processes"][name] = twice(cost, program, primaries, True, each, settings)
    return found


def measure(program: str, quick: bool, say: Callable[[str], None]) -> Figures:
    """All parts in turn. Returns the figures; those of each number of primaries are under its digits."""
    settings = QUICK if quick else FULL
    bookings, warm_up, rounds, split_rounds, most_seconds = settings
    began = time.monotonic()
    figures: Figures = {"one_process": [], "one_process_each": [], "five_processes": [], "connections": {}}
    for primaries in PRIMARIES:
        figures["connections"][str(primaries)] = {
            name: twice(connections, program, primaries, split, 2 if quick else 5)
            for name, split in (("one_process", False), ("five_processes", True))}
        say(f"[{time.monotonic() - began:4.0f} s] {MOST_PARTITIONS} partitions on {primaries}: " + ", ".join(
            f"{name} {found['connections']}" for name, found in figures["connections"][str(primaries)].items()))
    figures["one_exhibition"] = one_exhibition.measure(program, bookings // 2, warm_up, split_rounds, say)
    figures["moving"] = moving.measure((10_000,) if quick else (10_000, 100_000, 400_000), say)
    longest = 0.0
    for number in range(rounds):
        round_began = time.monotonic()
        if number and round_began - began + longest > most_seconds:
            say(f"no time for round {number + 1}")
            break
        try:
            measured = one_round(program, number, len(figures["five_processes"]) < split_rounds, settings)
        except BenchError as error:
            say(f"round {number + 1} is left out: {error}")
            continue
        for name, found in measured.items():
            figures[name].append(found)
            cpu = {primaries: [round(one) for one in found[primaries]["redis_cpu_us"]] for primaries in sorted(found)}
            say(f"[{time.monotonic() - began:4.0f} s] round {number + 1}/{rounds}, {name}: redis-server's CPU, µs: {cpu}")
        longest = max(longest, time.monotonic() - round_began)
    if not figures["five_processes"]:
        raise BenchError("scaling: no round was measured; run it again when the machine is less busy")
    return figures
