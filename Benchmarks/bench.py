#!/usr/bin/env python3
"""Compares the museum with what it could be built on, in interleaved rounds of one run. scripts/bench starts it."""

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

import contestants
import report
from load import run
from processes import ROOT, BenchError
from redis_client import RedisError

# Seconds of load, of warming up, most rounds, and seconds in which a new round may begin.
FULL = (5.0, 1.0, 3, 540)
QUICK = (2.0, 0.5, 1, 90)


class Settings:
    def __init__(self, options):
        self.program = options.program
        self.venv = options.venv
        self.nio = options.nio
        seconds, warm_up, self.rounds, self.most_seconds = QUICK if options.quick else FULL
        # wrk takes whole seconds.
        self.seconds = int(seconds)
        self.warm_up = max(1, int(warm_up))
        # Set from the rounds of one-process so far.
        self.best_rate = None


def say(text):
    print(text, file=sys.stderr, flush=True)


def machine():
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    redis = run(["redis-server", "--version"], 5).split("v=")[-1].split()[0]
    commit = subprocess.run(
        ["git", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True, text=True).stdout.strip()
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"), "cpus": os.cpu_count(), "model": model,
        "kernel": platform.release(), "redis": redis, "commit": commit, "load_average": os.getloadavg()[0],
    }


def measure(settings, names):
    """All rounds: a list of the figures by contestant."""
    rounds = []
    began = time.monotonic()
    longest = 0.0
    for number in range(1, settings.rounds + 1):
        if time.monotonic() - began + longest > settings.most_seconds and rounds:
            say(f"no time for round {number}; the result has {len(rounds)}")
            break
        round_began = time.monotonic()
        figures = {}
        for index, name in enumerate(names):
            say(f"[{time.monotonic() - began:4.0f} s] round {number}/{settings.rounds}, {index + 1}/{len(names)}: {name}")
            started = time.monotonic()
            figures[name] = contestants.ALL[name](settings)
            figures[name]["elapsed_seconds"] = time.monotonic() - started
            say("         " + report.summary(figures[name]))
            if name == "one-process":
                rates = [one["one-process"]["processed_rate"] for one in rounds] + [figures[name]["processed_rate"]]
                settings.best_rate = statistics.median(rates)
        rounds.append(figures)
        longest = max(longest, time.monotonic() - round_began)
    return rounds


def arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="Measures the museum side by side with its peers, at most ten minutes.")
    parser.add_argument("--quick", action="store_true", help="one short round, about 90 seconds")
    parser.add_argument("--program", metavar="PATH", help="the museum's program; without it a release is built")
    parser.add_argument("--only", metavar="NAME,...", help="only these: " + ", ".join(contestants.ALL))
    parser.add_argument("--output", metavar="FOLDER", default=str(ROOT / "docs" / "benchmarks"),
                        help="where the table, the chart and the rounds are written (default docs/benchmarks)")
    parser.add_argument("--venv", help=argparse.SUPPRESS)
    parser.add_argument("--nio", help=argparse.SUPPRESS)
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(contestants.ALL)
    for name in names:
        if name not in contestants.ALL:
            parser.error(f"--only does not know {name!r}; it knows {', '.join(contestants.ALL)}")
    # In the order in which they are compared, whatever order they were named in.
    options.names = [name for name in contestants.ALL if name in names]
    return options


def interrupted(number, frame):
    raise KeyboardInterrupt


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGHUP, interrupted)
    try:
        about = machine() | {"quick": options.quick}
        rounds = measure(Settings(options), options.names)
        about["load_average_after"] = os.getloadavg()[0]
        folder = Path(options.output)
        folder.mkdir(parents=True, exist_ok=True)
        latest = {"about": about, "rounds": rounds}
        (folder / "latest.json").write_text(json.dumps(latest, indent=1) + "\n")
        report.write(folder, latest)
        say(f"written: {folder}/README.md, chart.svg, latest.json")
        print(report.table(latest))
    except KeyboardInterrupt:
        say("scripts/bench: interrupted; all servers are stopped")
        return 130
    except (BenchError, RedisError, OSError) as error:
        say(f"scripts/bench: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
