"""A museum: redis-server and the program, in one process or in five, on free ports of this machine."""

import ctypes
import http.client
import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import tempfile
import time

ROLES = ["gateway", "book", "museum", "confirm", "mypage"]


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def until(what, condition, within=20):
    """What the condition returns, as soon as it is true. An AssertionError after `within` seconds."""
    end = time.monotonic() + within
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"after {within} s not yet: {what}; last seen: {found!r}")
        time.sleep(0.05)


def end_with_parent():
    """In a new process: it is told to stop when the run has ended, however it has."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Museum:
    """Everything that it starts is stopped when its `with` ends."""

    def __init__(self, program, has_keys=False, is_split=False):
        self.program = str(pathlib.Path(program).resolve())
        self.roles = [[role] for role in ROLES] if is_split else [ROLES]
        self.processes = {}
        self.redis_port, *ports = free_ports(1 + len(ROLES))
        self.ports = dict(zip(ROLES, ports))
        self.url = f"http://localhost:{self.ports['gateway']}"
        unset = ("AUTH_", "REDIS_", "TIME_ZONE")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(unset)}
        self.environment |= {"REDIS_URL": f"redis://127.0.0.1:{self.redis_port}", "RATE_LIMIT": "0", "ADDRESS_RATE_LIMIT": "0"}
        self.environment |= {f"{role.upper()}_PORT": str(port) for role, port in self.ports.items()}
        if has_keys:
            self.environment["AUTH_SECRET"] = secrets.token_hex(32)
        self.authorization = {}

    def __enter__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="skmuseum-browser-")
        try:
            options = ["--port", str(self.redis_port), "--bind", "127.0.0.1", "--save", "", "--dir", self.temporary.name]
            self.processes["redis"] = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL,
                                                       preexec_fn=end_with_parent)
            for roles in self.roles:
                self.start(roles)
            if "AUTH_SECRET" in self.environment:
                self.authorization = {"Authorization": "Bearer " + self.token("admin", "setup")}
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in reversed(list(self.processes)):
            self.stop(name)
        self.temporary.cleanup()

    def start(self, roles):
        """Starts a process with these roles, and waits until it is ready."""
        name = ",".join(roles)
        with open(pathlib.Path(self.temporary.name) / f"{name}.log", "a") as log:
            command = [self.program, "serve", "--role", name]
            process = subprocess.Popen(command, env=self.environment, cwd=self.temporary.name, stdout=log, stderr=log,
                                       preexec_fn=end_with_parent)
        self.processes[name] = process

        def is_ready():
            assert process.poll() is None, f"serve --role {name} ended with {process.returncode}: {self.log(name)[-2000:]}"
            try:
                return self.send("GET", "/readyz", port=self.ports[roles[0]])[0] == 200
            except OSError:
                return False

        until(f"{name} is ready", is_ready, within=60)

    def stop(self, name, with_signal=signal.SIGTERM):
        process = self.processes.pop(name)
        process.send_signal(with_signal)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def log(self, name=",".join(ROLES)):
        return (pathlib.Path(self.temporary.name) / f"{name}.log").read_text()

    def send(self, method, path, body=None, headers=None, port=None):
        """The status, the headers and the content, which is parsed if it is JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.ports["gateway"], timeout=20)
        fields = {"Accept": "application/json", **({"Content-Type": "application/json"} if body is not None else {})}
        content = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        connection.request(method, path, content, fields | getattr(self, "authorization", {}) | (headers or {}))
        response = connection.getresponse()
        content = response.read()
        connection.close()
        is_json = "json" in (response.getheader("Content-Type") or "")
        return response.status, response.headers, json.loads(content) if is_json and content else content

    def get(self, path):
        status, _, content = self.send("GET", path)
        assert status == 200, f"GET {path}: expected 200, saw {status} {content}"
        return content

    def all(self, path, relation):
        """All elements of a collection."""
        found = []
        while path:
            page = self.get(path)
            found += page["_embedded"][relation]
            path = page["_links"].get("next", {}).get("href")
        return found

    def change(self, method, path, body=None):
        status, _, content = self.send(method, path, body)
        assert 200 <= status < 300, f"{method} {path} {body}: saw {status} {content}"
        return content

    def register(self, **fields):
        """Registers an exhibition. Returns its id."""
        return self.change("POST", "/museums", {"hall": "Hall A", "date": "2099-12-24", "capacity": 20, **fields})["id"]

    def book(self, exhibition, visitor="kim", **fields):
        """Books, and waits until the read model has it with its admission. Returns the booking's id."""
        booking = self.change("POST", "/books", {"museumId": exhibition, "visitor": visitor, **fields})["id"]
        until(f"{booking} is admitted", lambda: self.row(booking).get("admission") == "CONFIRMED")
        return booking

    def row(self, booking):
        """The read model's row; empty where there is none yet."""
        status, _, content = self.send("GET", f"/myPages/{booking}")
        return content if status == 200 else {}

    def bookings(self, exhibition):
        return self.all(f"/books?museumId={exhibition}", "books")

    def available(self, exhibition):
        return self.get(f"/museums/{exhibition}")["available"]

    def redis(self, *words):
        """What redis-cli prints for a command."""
        command = ["redis-cli", "-p", str(self.redis_port), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def token(self, role, subject, lifetime="8h"):
        command = [self.program, "token", "--role", role, "--subject", subject, "--ttl", lifetime]
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout.strip()
