"""Starts servers in temporary folders, ends them by process id, and reads their CPU time from /proc."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from redis_client import Redis, RedisError

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
STOPPING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
TICK = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """One line for the user: what is wrong and what to do next."""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def tree(pid):
    """The process and its descendants."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                pass
    found = [pid]
    for parent in found:
        found += [child for child, its_parent in parents.items() if its_parent == parent]
    return found


def cpu_seconds(pids):
    """User and system time of all threads of these processes and of their descendants."""
    total = 0
    for root in pids:
        for pid in tree(root):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            total += int(fields[11]) + int(fields[12])
    return total / TICK


class Stage:
    """A temporary folder with the servers of one contestant: a redis-server of its own and what is in front of it."""

    def __init__(self, name):
        self.name = name
        self.folder = Path(tempfile.mkdtemp(prefix=f"skmuseum-bench-{name}."))
        self.processes = []
        self.redis = None
        self.redis_pid = None
        self.redis_port = None

    def __enter__(self):
        return self

    def __exit__(self, kind, failure, trace):
        # A second Ctrl-C waits until all servers have ended.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        try:
            self.end(failure)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def end(self, failure):
        if self.redis:
            self.redis.close()
        for process in reversed(self.processes):
            for number in (signal.SIGTERM, signal.SIGCONT):
                if process.poll() is None:
                    process.send_signal(number)
        for process in reversed(self.processes):
            try:
                process.wait(timeout=8)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            # Each command has a process group of its own; what it has left behind ends with it.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if isinstance(failure, BenchError):
            failure.args = (f"{failure}; the last log lines: " + " | ".join(
                f"{process.label}: {self.tail(process.label)}" for process in self.processes if process.label != "redis"),)
        if os.environ.get("KEEP"):
            print(f"logs are in {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name, command, environment=None):
        """Starts a command in a session of its own, so that Ctrl-C reaches only this program."""
        log = open(self.folder / f"{name}.log", "ab")
        process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
            env={**os.environ, **(environment or {})}, start_new_session=True)
        log.close()
        process.label = name
        self.processes.append(process)
        return process

    def tail(self, name):
        log = self.folder / f"{name}.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return lines[-1][:200] if lines else "it wrote nothing"

    def wait_for(self, process, is_ready, seconds=30):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if process.poll() is not None:
                raise BenchError(f"{self.name}: {process.label} has ended: {self.tail(process.label)}")
            if is_ready():
                return
            time.sleep(0.02)
        raise BenchError(f"{self.name}: {process.label} is not ready after {seconds} s: {self.tail(process.label)}")

    def start_redis(self, seconds=30):
        """A redis-server with the repository's redis.conf: appendonly yes, appendfsync always.

        It does not rewrite its append-only file, because the bytes that a booking adds are measured by its growth.
        """
        self.redis_port = free_port()
        data = self.folder / "redis"
        data.mkdir(exist_ok=True)
        process = self.start("redis", [
            "redis-server", ROOT / "redis" / "redis.conf", "--port", self.redis_port, "--bind", "127.0.0.1", "--dir", data,
            "--auto-aof-rewrite-percentage", "0"])
        self.redis_pid = process.pid

        def answers():
            try:
                redis = Redis(self.redis_port)
            except OSError:
                return False
            try:
                redis.call("PING")
            except RedisError:  # it is loading the append-only file
                redis.close()
                return False
            self.redis = redis
            return True

        self.wait_for(process, answers, seconds)
        for name, value in (("appendonly", "yes"), ("appendfsync", "always")):
            if self.redis.call("CONFIG", "GET", name)[1] != value:
                raise BenchError(f"redis.conf does not set {name} {value}; correct it")
        return self.redis

    @property
    def redis_url(self):
        return f"redis://127.0.0.1:{self.redis_port}"

    def wait_for_http(self, process, port, path):
        self.wait_for(process, lambda: http_status(port, path) in (200, 201))


def http(port, method, path, body=None, timeout=10, headers=None):
    """One request on a connection of its own. Returns status and body."""
    from http.client import HTTPConnection
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, ({"Content-Type": "application/json"} if body else {}) | (headers or {}))
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def http_status(port, path):
    try:
        return http(port, "GET", path, timeout=2)[0]
    except (OSError, ValueError):
        return 0
    except Exception as error:  # a server that is starting may send half a response
        if type(error).__module__ == "http.client":
            return 0
        raise
