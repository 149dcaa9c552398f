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
import growth
import report
import scaling
import scaling_page
import watchers
from load import run
from processes import ROOT, BenchError
from redis_client import RedisError

# Seconds of load and of warming up (wrk takes whole seconds), most rounds, and seconds in which a new round may begin.
FULL = (4, 1, 5, 530)
QUICK = (2, 1, 1, 90)


class Settings:
    def __init__(self, options):
        self.program = options.program
        self.venv = options.venv
        self.nio = options.nio
        self.seconds, self.warm_up, self.rounds, self.most_seconds = QUICK if options.quick else FULL
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


def attempt(settings, name):
    """A contestant that fails gets a second chance. What failed is in the figures."""
    try:
        return contestants.ALL[name](settings)
    except (BenchError, RedisError, OSError) as error:
        say(f"         failed, trying once more: {error}")
        return contestants.ALL[name](settings) | {"failed_first": str(error)}


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
        # Every other round runs backwards, so that no contestant always follows the same one.
        for index, name in enumerate(names if number % 2 else names[::-1]):
            say(f"[{time.monotonic() - began:4.0f} s] round {number}/{settings.rounds}, {index + 1}/{len(names)}: {name}")
            started = time.monotonic()
            figures[name] = attempt(settings, name)
            figures[name]["elapsed_seconds"] = time.monotonic() - started
            say("         " + report.summary(figures[name]))
            if name == "one-process":
                rates = [one["one-process"]["processed_rate"] for one in rounds] + [figures[name]["processed_rate"]]
                settings.best_rate = statistics.median(rates)
        rounds.append(figures)
        longest = max(longest, time.monotonic() - round_began)
    return rounds


class Parser(argparse.ArgumentParser):
    def error(self, message):
        say(f"scripts/bench: {message}; see scripts/bench --help")
        sys.exit(64)


def arguments():
    parser = Parser(
        prog="scripts/bench", description="Measures the museum side by side with its peers, at most ten minutes.",
        epilog="KEEP=1 keeps the temporary folders with the servers' logs and data.")
    parser.add_argument("--quick", action="store_true", help="one short round, about 90 seconds")
    parser.add_argument("--program", metavar="PATH", help="the museum's program; without it a release is built")
    parser.add_argument("--only", metavar="NAME,...", help="only these: " + ", ".join(contestants.ALL))
    parser.add_argument("--output", metavar="FOLDER", default=str(ROOT / "docs" / "benchmarks"), type=os.path.abspath,
                        help="where the table, the chart and the rounds are written (default docs/benchmarks)")
    parser.add_argument("--growth", action="store_true",
                        help="measure growing data instead: about 40 minutes, with --quick about 2")
    parser.add_argument("--scaling", action="store_true",
                        help="measure a Redis Cluster of one, two and three primaries instead, and write docs/scaling.md: at most "
                        "eight minutes, with --quick about two")
    parser.add_argument("--watchers", action="store_true",
                        help="measure what 5,000 clients of the live stream cost instead: about five minutes, with --quick one")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--venv", help=argparse.SUPPRESS)
    parser.add_argument("--nio", help=argparse.SUPPRESS)
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(contestants.ALL)
    for name in names:
        if name not in contestants.ALL:
            parser.error(f"--only does not know {name!r}; it knows {', '.join(contestants.ALL)}")
    if options.program:
        # Servers are started in folders of their own.
        options.program = os.path.abspath(options.program)
        if not os.access(options.program, os.X_OK) or os.path.isdir(options.program):
            parser.error(f"--program: {options.program} is not a program; build it, or leave the option out")
    # In the order in which they are compared, whatever order they were named in.
    options.names = [name for name in contestants.ALL if name in names]
    return options


def keep(folder, name, about, figures):
    """Writes the raw figures as JSON. Returns the file's name."""
    about["load_average_after"] = os.getloadavg()[0]
    Path(folder).mkdir(parents=True, exist_ok=True)
    (Path(folder) / name).write_text(json.dumps({"about": about, **figures}, indent=1) + "\n")
    return name


def interrupted(number, frame):
    raise KeyboardInterrupt


def main():
    options = arguments()
    if options.check:
        return 0
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGHUP, interrupted)
    try:
        about = machine() | {"quick": options.quick}
        settings = Settings(options)
        if options.scaling:
            figures = scaling.measure(settings.program, options.quick, say)
            result = keep(options.output, "scaling.json", about, {"scaling": figures})
            say(f"written: {result} in {options.output} and {scaling_page.write(options.output)}")
            return 0
        if options.watchers:
            figures = watchers.measure(settings.program, options.quick, say)
            result = keep(options.output, "watchers.json", about, {"watchers": figures})
            where = f"{about['cpus']} CPUs, {about['model']}, Redis {about['redis']}, {about['date'][:10]}"
            say(f"written: {result} and {watchers.write(Path(options.output), figures, where).name} in {options.output}")
            return 0
        if options.growth:
            figures = growth.measure(settings, options.quick, say)
            result = keep(options.output, "growth.json", about, {"growth": figures})
        else:
            rounds = measure(settings, options.names)
            result = keep(options.output, "latest.json", about, {"rounds": rounds})
        report.write(options.output)
        say(f"written: README.md and {result} in {options.output}")
        print(report.table(*report.read(options.output)))
    except KeyboardInterrupt:
        say("scripts/bench: interrupted; all servers are stopped")
        return 130
    except (BenchError, RedisError, OSError) as error:
        say(f"scripts/bench: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
