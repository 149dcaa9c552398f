"""Starts the museum's program: one process with all roles, or one process for each role."""

import json
import signal

from processes import BenchError, free_port, http

ROLES = ("museum", "book", "confirm", "mypage", "gateway")


class Museum:
    """The museum of one stage. `processes` are all, by name."""

    def __init__(self, stage, program, split=False):
        self.stage = stage
        self.ports = {role: free_port() for role in ROLES}
        environment = {f"{role.upper()}_PORT": str(port) for role, port in self.ports.items()}
        for name in ("MYPAGE_REDIS_URL", "REDIS_URL_FILE", "MYPAGE_REDIS_URL_FILE", "OTEL_EXPORTER_OTLP_ENDPOINT"):
            environment[name] = ""
        environment |= {"REDIS_URL": stage.redis_url, "LOG_LEVEL": "info", "BIND_ADDRESS": "127.0.0.1"}
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

    def register(self, capacity=1_000_000):
        body = json.dumps({"title": "Monet", "hall": "A hall", "date": "2099-12-24", "capacity": capacity})
        status, answer = http(self.ports["museum"], "POST", "/museums", body)
        if status != 201:
            raise BenchError(f"{self.stage.name}: POST /museums answered {status}: {answer[:100]}")
        return json.loads(answer)["id"]

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
