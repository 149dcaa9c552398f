"""Starts the museum's program: one process with all roles, or one process for each role."""

import itertools
import json
import signal

from cluster import names
from processes import BenchError, free_port, http

ROLES = ("museum", "book", "confirm", "mypage", "gateway")


def fnv_1a(key):
    """The hash from which Museum chooses the partition of a registration with an Idempotency-Key."""
    value = 0xCBF29CE484222325
    for byte in key.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


class Museum:
    """The museum of one stage. `processes` are all, by name."""

    def __init__(self, stage, program, split=False, redis_url=None, partitions=1):
        self.stage = stage
        self.partitions = names(partitions)
        self.ports = {role: free_port() for role in ROLES}
        environment = {f"{role.upper()}_PORT": str(port) for role, port in self.ports.items()}
        for name in ("MYPAGE_REDIS_URL", "REDIS_URL_FILE", "MYPAGE_REDIS_URL_FILE", "OTEL_EXPORTER_OTLP_ENDPOINT"):
            environment[name] = ""
        environment |= {
            "REDIS_URL": redis_url or stage.redis_url, "PARTITIONS": str(partitions), "LOG_LEVEL": "info",
            "BIND_ADDRESS": "127.0.0.1"}
        self.processes = {}
        for role in ROLES if split else ("all",):
            command = [program, "serve"] + (["--role", role] if split else [])
            self.processes[role] = stage.start(role, command, environment)
        for role in ROLES:
            process = self.processes[role if split else "all"]
            stage.wait_for_http(process, self.ports[role], "/readyz")

    @property
    def servers(self):
        return list(self.processes.values())

    def register(self, capacity=1_000_000, key=None):
        body = json.dumps({"title": "Monet", "hall": "A hall", "date": "2099-12-24", "capacity": capacity})
        headers = {"Idempotency-Key": key} if key else {}
        status, answer = http(self.ports["museum"], "POST", "/museums", body, headers=headers)
        if status != 201:
            raise BenchError(f"{self.stage.name}: POST /museums answered {status}: {answer[:100]}")
        return json.loads(answer)["id"]

    def register_in(self, partition, number=0):
        """Registers an exhibition in this partition: with the `number`th Idempotency-Key that the program maps to it."""
        index = self.partitions.index(partition)
        keys = (key for key in map(str, itertools.count()) if fnv_1a(key) % len(self.partitions) == index)
        exhibition = self.register(key=next(itertools.islice(keys, number, None)))
        if exhibition.rstrip("0123456789") != partition:
            raise BenchError(f"{self.stage.name}: {exhibition} is not in partition {partition}; see PartitionChoice")
        return exhibition

    def book(self, exhibition, visitor="kim"):
        body = json.dumps({"museumId": exhibition, "visitor": visitor, "seats": 1})
        status, answer = http(self.ports["book"], "POST", "/books", body)
        if status != 201:
            raise BenchError(f"{self.stage.name}: POST /books answered {status}: {answer[:100]}")
        return json.loads(answer)["id"]

    def bookings(self, exhibition):
        return self.stage.redis.call("HLEN", f"museum:{{a}}:{exhibition}:seats")

    def stop_consumers(self):
        """Redis refuses to deliver events from now on, so that no consumer of any role applies anything."""
        self.stage.redis.call("ACL", "SETUSER", "default", "-xreadgroup", "-xautoclaim")
        for line in self.stage.redis.call("CLIENT", "LIST").splitlines():
            fields = dict(field.split("=", 1) for field in line.split() if "=" in field)
            if fields.get("cmd") == "xreadgroup":
                self.stage.redis.call("CLIENT", "UNBLOCK", fields["id"])

    def kill(self):
        for process in self.servers:
            process.send_signal(signal.SIGKILL)
