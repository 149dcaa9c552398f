"""The museum on primaries of a Redis Cluster, each with the same number of partitions, and load that is spread evenly."""

import time
from pathlib import Path
from typing import Any

import load
from cluster import Cluster
from measuring import backlog, counted, run_seconds
from museum import Museum
from processes import BenchError, Stage

PARTITIONS = 6  # divisible by one, two and three primaries
EXHIBITIONS = 2  # in each partition
CONNECTIONS = 64
CATCH_UP = 120  # seconds


def syncs(cluster: Cluster) -> list[int]:
    """For each primary its writes to files: its write calls without those to clients. It syncs the append-only file after each."""
    found = []
    for pid, client in zip(cluster.pids, cluster.clients):
        fields = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
        found.append(int(fields["syscw"]) - int(client.info("stats")["total_writes_processed"]))
    return found


class Deployment:
    """Primaries, the museum, and its exhibitions."""

    def __init__(
        self, stage: Stage, program: str, primaries: int, split: bool = False, partitions: int = PARTITIONS,
        exhibitions: int = EXHIBITIONS,
    ) -> None:
        self.stage = stage
        self.cluster = Cluster(stage, partitions, primaries)
        self.museum = Museum(stage, program, split, self.cluster.url, partitions)
        # Where the load goes: past the gateway if one process has all roles.
        self.port = self.museum.ports["gateway" if split else "book"]
        self.exhibitions = [
            (partition, self.museum.register_in(partition, number))
            for number in range(exhibitions) for partition in self.cluster.partitions]

    def booked(self, exhibitions: list[tuple[str, str]] | None = None) -> int:
        return sum(
            self.cluster.client(partition).call("HLEN", f"museum:{{{partition}}}:{exhibition}:seats")
            for partition, exhibition in exhibitions or self.exhibitions)

    def sell(self, bookings: int, connections: int = CONNECTIONS) -> dict[str, Any]:
        """Books about so many, in all exhibitions in turn."""
        # One exhibition is asked: the others sell at the same rate.
        first = self.exhibitions[:1]
        end = self.booked(first) + bookings / len(self.exhibitions)
        return load.wrk(
            self.stage.name, self.port, "", 240, "book.lua", {"EXHIBITION": ",".join(name for _, name in self.exhibitions)},
            connections=connections, is_done=lambda: self.booked(first) >= end)

    def is_settled(self) -> bool:
        for partition in self.cluster.partitions:
            streams = {service: f"{service}:{{{partition}}}:events" for service in ("museum", "book", "confirm")}
            if backlog(self.cluster.client(partition), streams):
                return False
        return self.booked() == sum(
            self.cluster.client(partition).call("ZCARD", f"confirm:{{{partition}}}:{exhibition}:index")
            for partition, exhibition in self.exhibitions)

    def settle(self) -> None:
        """Waits until every booking has its admission, and every group has applied and acknowledged all events."""
        until = time.monotonic() + CATCH_UP
        while not self.is_settled():
            if time.monotonic() > until:
                raise BenchError(f"{self.stage.name}: the consumers have not caught up after {CATCH_UP} s; see the logs")
            time.sleep(0.05)

    def reading(self) -> dict[str, list[float]]:
        """What only grows. For each primary and each process."""
        counts = [counted(client) for client in self.cluster.clients]
        return {
            "redis": [run_seconds([pid]) for pid in self.cluster.pids], "syncs": syncs(self.cluster),
            "aof": [one["aof"] for one in counts], "memory": [one["memory"] for one in counts],
            "reads": [one["reads"] for one in counts],
            "roles": [run_seconds([process.pid]) for process in self.museum.servers],
        }
