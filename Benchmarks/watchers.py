"""What watchers of the live stream of exhibitions cost. `scripts/bench --watchers` runs it.

Bookings come at a fixed rate while nobody, one client and 5,000 clients watch, in turns, on one process with all roles.
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import load
from museum import Museum
from processes import BenchError, Stage, cpu_seconds

HERE = Path(__file__).resolve().parent
COUNTS = (0, 1, 5000)
# Bookings a second, seconds of a stretch, rounds.
FULL = (500, 10, 3)
QUICK = (300, 5, 1)


def resident_bytes(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


class Watchers:
    """Clients of the stream in a process of their own; none for 0."""

    def __init__(self, stage, port, count):
        self.process = None
        if count == 0:
            return
        self.process = subprocess.Popen(
            [sys.executable, "-B", HERE / "live_client.py", "--port", str(port), "--clients", str(count)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            raise BenchError(f"{stage.name}: {count} clients can't watch")

    def end(self):
        if not self.process:
            return {"messages": 0, "closed": 0}
        output, _ = self.process.communicate(timeout=30)
        return json.loads(output)


def stretch(stage, museum, exhibition, count, rate, seconds):
    server = museum.servers[0].pid
    watchers = Watchers(stage, museum.ports["gateway"], count)
    before = (cpu_seconds([server]), cpu_seconds([stage.redis_pid]), stage.redis.info("stats"), time.monotonic())
    booked = load.open_loop(museum.ports["book"], museum.ports["mypage"], exhibition, rate, seconds, 0)
    took = time.monotonic() - before[3]
    commands = int(stage.redis.info("stats")["total_commands_processed"]) - int(before[2]["total_commands_processed"])
    figures = {
        "watchers": count, "p50": booked["p50"], "p99": booked["p99"], "created": booked["created"],
        "cpu_percent": 100 * (cpu_seconds([server]) - before[0]) / took,
        "redis_cpu_percent": 100 * (cpu_seconds([stage.redis_pid]) - before[1]) / took,
        "commands_per_second": commands / took, "resident_bytes": resident_bytes(server)}
    seen = watchers.end()
    if seen["closed"]:
        raise BenchError(f"{stage.name}: {seen['closed']} of {count} watchers were disconnected")
    figures["messages_per_second"] = seen["messages"] / took
    return figures


def measure(program, is_quick, say):
    rate, seconds, rounds = QUICK if is_quick else FULL
    found = []
    with Stage("watchers") as stage:
        stage.start_redis()
        museum = Museum(stage, program)
        exhibition = museum.register()
        load.open_loop(museum.ports["book"], museum.ports["mypage"], exhibition, rate, 3, 0)
        for number in range(rounds):
            # In turns, and each second round backwards, so that no count has the better half of a round.
            for count in COUNTS if number % 2 == 0 else reversed(COUNTS):
                figures = stretch(stage, museum, exhibition, count, rate, seconds)
                say(f"round {number + 1}: {count} watchers, p99 {figures['p99']} ms, CPU {figures['cpu_percent']:.0f} %")
                found.append(figures)
    medians = []
    for count in COUNTS:
        of_count = [each for each in found if each["watchers"] == count]
        median = {name: statistics.median(each[name] for each in of_count) for name in of_count[0]}
        # Of the first round: the allocator keeps what many watchers have taken.
        median["resident_bytes"] = of_count[0]["resident_bytes"]
        medians.append(median)
    return {"rate": rate, "seconds": seconds, "rounds": rounds, "stretches": found, "medians": medians}


def write(folder, figures, about):
    """The page for people. Returns its path."""
    lines = [
        "# Live streams with many watchers", "",
        f"`scripts/bench --watchers`, {about}. One process with all roles; {figures['rate']} bookings a second of one exhibition, "
        f"{figures['seconds']} s each time, {figures['rounds']} rounds in turns; medians, of memory the first round. The clients run on the same machine.", "",
        "| watchers | CPU of the process | resident memory | Redis commands/s | CPU of Redis | messages/s | booking p50 | booking p99 |",
        "|---|---|---|---|---|---|---|---|"]
    for each in figures["medians"]:
        lines.append(
            f"| {each['watchers']:,.0f} | {each['cpu_percent']:.0f} % of a core | {each['resident_bytes'] / 1e6:.0f} MB "
            f"| {each['commands_per_second']:,.0f} | {each['redis_cpu_percent']:.0f} % | {each['messages_per_second']:,.0f} "
            f"| {each['p50']:.1f} ms | {each['p99']:.1f} ms |")
    none, one, many = figures["medians"]
    ratios = [
        next(each["p99"] for each in figures["stretches"][3 * number:3 * number + 3] if each["watchers"] == many["watchers"])
        / next(each["p99"] for each in figures["stretches"][3 * number:3 * number + 3] if each["watchers"] == 0)
        for number in range(len(figures["stretches"]) // 3)]
    lines += [
        "", "p99 with all watchers against none, round by round: " + ", ".join(f"{ratio:.2f}" for ratio in ratios) + ".",
        "", f"A watcher takes {(many['resident_bytes'] - one['resident_bytes']) / many['watchers'] / 1000:.0f} kB of the process' memory.",
        "", f"With {many['watchers']:,.0f} watchers the p99 of a booking is {many['p99'] / none['p99']:.2f} times that with none, and Redis gets "
        f"{many['commands_per_second'] / one['commands_per_second']:.2f} times the commands that it gets with one.", ""]
    path = folder / "watchers.md"
    path.write_text("\n".join(lines))
    return path
