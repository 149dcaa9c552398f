"""What one primary can do for one exhibition, which is in one partition: CPU of redis-server for each booking, in µs."""

import statistics
import time
from collections.abc import Callable

from deployment import Deployment
from floor import calls
from measuring import run_seconds
from processes import BenchError, Stage

Round = dict[str, dict[str, float]]
BATCH = 64  # the most reservations of one call
TITLES = {
    "reserve": "`museum_reserve`, 64 in each call, one connection, nothing else",
    "synchronous": "a request until its `201`: no consumer applies anything",
    "complete": "until it is confirmed and MyPage shows it, one process",
}


def per_booking(cpu: float, bookings: int, seconds: float) -> dict[str, float]:
    return {"cpu_us": 1e6 * cpu / bookings, "rate": bookings / seconds}


def reserve_alone(bookings: int) -> dict[str, float]:
    with Stage("reserve") as stage:
        redis = stage.start_redis()
        sha = calls.load(redis)["museum_reserve"]
        calls.put_exhibition(redis)
        before, began = run_seconds([stage.redis_pid]), time.monotonic()
        for first in range(0, bookings, BATCH):
            replies = redis.call(*calls.reserve(sha, [(f"a1-{first + i:012d}", f"visitor{first + i}") for i in range(BATCH)]))
            if len(replies) < BATCH:
                raise BenchError(f"reserve: museum_reserve returned {replies}")
        made = redis.call("HLEN", f"museum:{{a}}:{calls.EXHIBITION}:seats")
        return per_booking(run_seconds([stage.redis_pid]) - before, made, time.monotonic() - began)


def booked(program: str, bookings: int, warm_up: int, is_complete: bool) -> dict[str, float]:
    """POST /books for one exhibition, with all consumers or without."""
    with Stage("one-exhibition") as stage:
        deployment = Deployment(stage, program, 1, partitions=1, exhibitions=1)
        stage.redis = deployment.cluster.clients[0]
        deployment.sell(warm_up)
        deployment.settle()
        if not is_complete:
            deployment.museum.stop_consumers()
        cpu, before, began = run_seconds(deployment.cluster.pids), deployment.booked(), time.monotonic()
        deployment.sell(bookings)
        if is_complete:
            deployment.settle()
        made = deployment.booked() - before
        return per_booking(run_seconds(deployment.cluster.pids) - cpu, made, time.monotonic() - began)


def measure(program: str, bookings: int, warm_up: int, rounds: int, say: Callable[[str], None]) -> list[Round]:
    """All three in turn, in each round."""
    found = []
    for _ in range(rounds):
        found.append({
            "reserve": reserve_alone(bookings), "synchronous": booked(program, bookings, warm_up, False),
            "complete": booked(program, bookings, warm_up, True)})
        say("one exhibition: redis-server's CPU, µs: " + ", ".join(
            f"{name} {one['cpu_us']:.0f}" for name, one in found[-1].items()))
    return found


def table(found: list[Round]) -> list[str]:
    """Lines of Markdown."""
    lines = ["| one exhibition, one primary | CPU of redis-server, µs | so a whole thread does at most | "
             "seen, all on the same processors |", "|---|---|---|---|"]
    for name, title in TITLES.items():
        cpu = statistics.median(one[name]["cpu_us"] for one in found)
        rate = statistics.median(one[name]["rate"] for one in found)
        lines.append(f"| {title} | {cpu:.0f} | {1e6 / cpu:,.0f}/s | {rate:,.0f}/s |")
    return lines
