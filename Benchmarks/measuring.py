"""What a stretch of load cost: CPU of the processes and of redis-server, and what Redis counted."""

import time
from pathlib import Path

from processes import BenchError, cpu_seconds, http

# Commands that clients send outside scripts. All others are counted as commands inside scripts.
OUTER = {
    "evalsha", "eval", "fcall", "xreadgroup", "xread", "xack", "xautoclaim", "xpending", "xinfo", "xgroup", "ping", "info", "client",
    "hello", "auth", "select", "script", "smembers", "config", "get", "set", "scan", "acl", "command", "time", "memory", "multi",
    "exec", "hlen", "xrevrange", "exists",
}


def run_seconds(pids):
    """The time that the threads of these processes have run, to the nanosecond. Threads that have ended are not counted.

    /proc/PID/stat counts in ticks of ten milliseconds, too coarse for the difference between two primaries.
    """
    total = 0
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            total += int((thread / "schedstat").read_text().split()[0])
    return total / 1e9


def counted(redis):
    stats = redis.info("stats")
    persistence = redis.info("persistence")
    # ACL and container commands have names with a bar: xinfo|groups.
    commands = {}
    for name, fields in redis.info("commandstats").items():
        calls = int(dict(field.split("=") for field in fields.split(","))["calls"])
        command = name.removeprefix("cmdstat_").split("|")[0].lower()
        commands[command] = commands.get(command, 0) + calls
    return {
        "reads": int(stats["total_reads_processed"]),
        "aof": int(persistence["aof_current_size"]),
        "memory": int(redis.info("memory")["used_memory"]),
        "commands": commands,
    }


class Stretch:
    """Counts from its making to `end`."""

    def __init__(self, stage, servers=()):
        self.stage = stage
        self.servers = [process.pid for process in servers]
        self.began = time.monotonic()
        self.counted = counted(stage.redis)
        self.server_cpu = cpu_seconds(self.servers)
        self.redis_cpu = cpu_seconds([stage.redis_pid])

    def end(self, units):
        """Figures for each of `units` requests or bookings."""
        if units <= 0:
            raise BenchError(f"{self.stage.name}: nothing was done")
        server_cpu = cpu_seconds(self.servers) - self.server_cpu
        redis_cpu = cpu_seconds([self.stage.redis_pid]) - self.redis_cpu
        after = counted(self.stage.redis)
        commands = {
            name: calls - self.counted["commands"].get(name, 0) for name, calls in after["commands"].items()
            if calls != self.counted["commands"].get(name, 0)}
        inner = sum(calls for name, calls in commands.items() if name not in OUTER)
        return {
            "units": units,
            "stretch_seconds": time.monotonic() - self.began,
            "server_cpu_us": 1e6 * server_cpu / units,
            "redis_cpu_us": 1e6 * redis_cpu / units,
            "round_trips": (after["reads"] - self.counted["reads"]) / units,
            "evalshas": commands.get("evalsha", 0) / units,
            "outer_commands": (sum(commands.values()) - inner) / units,
            "inner_commands": inner / units,
            "aof_bytes": (after["aof"] - self.counted["aof"]) / units,
            "memory_bytes": (after["memory"] - self.counted["memory"]) / units,
            "commands": commands,
        }


def groups(redis, streams):
    """For each stream and group: entries not delivered (None if Redis does not know) and entries not acknowledged."""
    found = {}
    for service, stream in streams.items():
        if not redis.call("EXISTS", stream):
            continue
        for group in redis.call("XINFO", "GROUPS", stream):
            fields = dict(zip(group[::2], group[1::2]))
            found[f"{service} to {fields['name']}"] = (fields.get("lag"), fields["pending"])
    return found


def backlog(redis, streams):
    return sum((lag or 0) + pending for lag, pending in groups(redis, streams).values())


def last_booking(redis):
    """The id of the newest booking in Book's events."""
    end = "+"
    while True:
        entries = redis.call("XREVRANGE", "book:{a}:events", end, "-", "COUNT", 500)
        if not entries:
            raise BenchError("no booking is in book:{a}:events; the load did not book")
        for _, fields in entries:
            event = dict(zip(fields[::2], fields[1::2]))
            if event["eventType"] == "Requested":
                return event["bookId"]
        end = "(" + entries[-1][0]


def wait_until_caught_up(stage, streams, is_confirmed, seconds):
    """Waits until the last booking is confirmed in MyPage and every group has applied and acknowledged all events."""
    until = time.monotonic() + seconds
    booking = last_booking(stage.redis)
    while time.monotonic() < until:
        if is_confirmed(booking) and backlog(stage.redis, streams) == 0:
            return
        time.sleep(0.02)
    raise BenchError(f"{stage.name}: the consumers have not caught up after {seconds} s; see skmuseum_ metrics and the log")


def page_is_confirmed(port):
    def check(booking):
        status, body = http(port, "GET", f"/myPages/{booking}")
        return status == 200 and '"admission":"CONFIRMED"' in body
    return check
