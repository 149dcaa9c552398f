"""Starts primaries of a Redis Cluster without replicas, so that each has the same number of partitions."""

from processes import ROOT, BenchError, Stage, free_port
from redis_client import Redis, RedisError

SLOTS = 16384


def names(count: int) -> list[str]:
    """The first partitions: a, b, … z, aa, …"""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [(letters[index // 26 - 1] if index >= 26 else "") + letters[index % 26] for index in range(count)]


def slot(partition: str) -> int:
    """The slot of all keys of a partition: CRC16 (XMODEM) of its name, modulo the number of slots."""
    crc = 0
    for byte in partition.encode():
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc % SLOTS


def spread(partitions: list[str], primaries: int) -> list[list[int]]:
    """The slots of each primary as a sorted list. The partitions are dealt out in order, the other slots in equal ranges."""
    owners = [index * primaries // SLOTS for index in range(SLOTS)]
    for index, partition in enumerate(partitions):
        owners[slot(partition)] = index % primaries
    return [[index for index, owner in enumerate(owners) if owner == primary] for primary in range(primaries)]


def ranges(slots: list[int]) -> list[int]:
    """Sorted slots as arguments of CLUSTER ADDSLOTSRANGE."""
    found: list[int] = []
    for number in slots:
        if found and found[-1] == number - 1:
            found[-1] = number
        else:
            found += [number, number]
    return found


def created(primaries: int) -> list[range]:
    """The slots that `redis-cli --cluster create` gives to each primary: equal ranges, rounded as it rounds."""
    ends = [round(SLOTS / primaries * (index + 1) - 1) + 1 for index in range(primaries - 1)] + [SLOTS]
    return [range(begin, end) for begin, end in zip([0] + ends[:-1], ends)]


class Cluster:
    """The primaries of one stage, each with the repository's redis.conf and a client. They end with the stage."""

    def __init__(self, stage: Stage, partitions: int, primaries: int) -> None:
        self.stage = stage
        self.partitions = names(partitions)
        self.ports: list[tuple[int, int]] = []  # for clients, and for the other primaries
        self.pids: list[int] = []
        self.clients: list[Redis] = []
        for number in range(primaries):
            self.start(number)
        for client, slots in zip(self.clients, spread(self.partitions, primaries)):
            client.call("CLUSTER", "ADDSLOTSRANGE", *ranges(slots))
        for number, client in enumerate(self.clients):
            client.call("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for port, bus in self.ports[1:]:
            self.clients[0].call("CLUSTER", "MEET", "127.0.0.1", port, bus)
        stage.wait_for(stage.processes[-1], self.is_ready)

    def start(self, number: int) -> None:
        port, bus = free_port(), free_port()
        folder = self.stage.folder / f"redis-{number}"
        folder.mkdir()
        process = self.stage.start(f"redis-{number}", [
            "redis-server", ROOT / "redis" / "redis.conf", "--port", port, "--bind", "127.0.0.1", "--dir", folder,
            "--auto-aof-rewrite-percentage", "0", "--cluster-enabled", "yes", "--cluster-port", bus])

        def answers() -> bool:
            try:
                client = Redis(port)
                client.call("PING")
            except (OSError, RedisError):
                return False
            self.clients.append(client)
            return True

        self.stage.wait_for(process, answers)
        if self.clients[-1].call("CONFIG", "GET", "appendfsync")[1] != "always":
            raise BenchError("redis.conf does not set appendfsync always; correct it")
        self.ports.append((port, bus))
        self.pids.append(process.pid)

    def is_ready(self) -> bool:
        """Whether every primary knows all others and serves all slots."""
        for client in self.clients:
            state = dict(line.split(":", 1) for line in client.call("CLUSTER", "INFO").splitlines() if ":" in line)
            if state["cluster_state"] != "ok" or int(state["cluster_size"]) != len(self.clients):
                return False
        return True

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port, _ in self.ports)

    def client(self, partition: str) -> Redis:
        """The client of the primary that has the partition."""
        return self.clients[self.partitions.index(partition) % len(self.clients)]

    def close(self) -> None:
        for client in self.clients:
            client.close()
