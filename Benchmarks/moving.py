"""How long MIGRATE takes for the two largest keys of a partition: a stream, and an exhibition's table of seats.

Redis moves a key in one step. Both primaries serve nobody else meanwhile.
"""

import time
from collections.abc import Callable, Iterator

from cluster import Cluster, slot
from processes import Stage
from redis_client import Redis, encode

BATCH = 1000


def events(key: str, first: int) -> Iterator[bytes]:
    """A thousand events with the fields of a RequestCompleted."""
    for number in range(first, first + BATCH):
        yield encode(
            "XADD", key, "*", "eventType", "RequestCompleted", "timestamp", 1764000000000, "requestId", "1b29a15957d293ea",
            "bookId", f"a1-{number:012d}", "museumId", "a1", "visitor", f"v{number:010d}", "seats", 1,
            "status", "REQUEST_COMPLETED", "version", 2)


def fill(client: Redis, stream: str, seats: str, count: int) -> None:
    for first in range(0, count, BATCH):
        client.send(b"".join(events(stream, first)))
        for _ in range(BATCH):
            client.reply()
        client.call("HSET", seats, *(part for number in range(first, first + BATCH) for part in (f"a1-{number:012d}", 1)))


def measure(counts: tuple[int, ...], say: Callable[[str], None]) -> list[dict[str, float]]:
    """For each number of bookings the seconds of each MIGRATE, between two primaries on this machine without other load."""
    found: list[dict[str, float]] = []
    with Stage("moving") as stage:
        cluster = Cluster(stage, 2, 2)
        source, target = cluster.clients
        source_id, target_id = (client.call("CLUSTER", "MYID") for client in cluster.clients)
        for count in counts:
            keys = {"events": f"book:{{a}}:events:{count}", "seats": f"museum:{{a}}:a{count}:seats"}
            fill(source, keys["events"], keys["seats"], count)
            target.call("CLUSTER", "SETSLOT", slot("a"), "IMPORTING", source_id)
            source.call("CLUSTER", "SETSLOT", slot("a"), "MIGRATING", target_id)
            figures: dict[str, float] = {"count": count}
            for name, key in keys.items():
                began = time.monotonic()
                source.call("MIGRATE", "127.0.0.1", cluster.ports[1][0], key, 0, 20_000)
                figures[name] = time.monotonic() - began
            for client in cluster.clients:
                client.call("CLUSTER", "SETSLOT", slot("a"), "STABLE")
            say(f"moving: {figures}")
            found.append(figures)
    return found


def table(found: list[dict[str, float]]) -> list[str]:
    """Lines of Markdown."""
    lines = ["| one MIGRATE, s | " + " | ".join(f"{one['count']:,}" for one in found) + " |", "|---" * (len(found) + 1) + "|"]
    for name, title in (("events", "a stream with so many events"), ("seats", "a table of seats with so many bookings")):
        lines.append(f"| {title} | " + " | ".join(f"{one[name]:.2f}" for one in found) + " |")
    return lines
