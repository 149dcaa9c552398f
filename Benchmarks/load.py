"""Runs wrk, redis-benchmark, h2load and the open-loop client, and reads their results."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time

from processes import HERE, BenchError

UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}


def run(command, seconds, environment=None, is_done=None):
    """Runs a load generator to its end, or interrupts it when `is_done`, asked every 100 ms. Ctrl-C ends it too."""
    process = subprocess.Popen(
        [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **(environment or {})}, start_new_session=True)
    try:
        if is_done:
            until = time.monotonic() + seconds
            while process.poll() is None and time.monotonic() < until and not is_done():
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=seconds + 60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise BenchError(f"{command[0]} did not end in time") from None
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode != 0:
        raise BenchError(f"{command[0]} failed: {(errors or output).strip().splitlines()[-1:]}")
    return output


def latency(text, percentile):
    found = re.search(rf"^\s+{percentile}%\s+([\d.]+)(us|ms|s|m)\s*$", text, re.MULTILINE)
    return float(found[1]) * UNITS[found[2]] if found else None


def wrk(contestant, port, path, seconds, script=None, environment=None, most_failed=0, connections=64, is_done=None):
    """Connections in two threads. Returns requests, rate and latency in ms. `is_done` ends it before its time.

    Fails if more than `most_failed` of the responses, a share, are not 2xx.
    """
    command = ["wrk", "-t", 2, "-c", connections, "-d", f"{seconds}s", "--timeout", "10s", "--latency"]
    if script:
        command += ["-s", HERE / "wrk" / script]
    text = run(command + [f"http://127.0.0.1:{port}{path}"], seconds, environment, is_done)
    total = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m)", text)
    if not total or int(total[1]) == 0:
        raise BenchError(f"{contestant}: wrk got no response")
    requests, duration = int(total[1]), float(total[2]) * UNITS[total[3]] / 1000
    found = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    failed = int(found[1]) if found else 0
    if failed > most_failed * requests:
        raise BenchError(f"{contestant}: {failed} of {requests} responses were not 2xx; run it again when the machine is less busy")
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    if broken and any(int(number) for number in broken.groups()):
        raise BenchError(f"{contestant}: {broken[0]}; run it again when the machine is less busy")
    return {
        "requests": requests, "seconds": duration, "rate": requests / duration, "failed": failed,
        "p50": latency(text, 50), "p99": latency(text, 99),
    }


def redis_benchmark(port, seconds, pipeline, command):
    """Estimates how many requests fill the time, then measures that many."""
    def once(requests):
        text = run(
            ["redis-benchmark", "-p", port, "-c", 64, "-P", pipeline, "-n", requests, "-r", 10**12, "--csv", *command], 120)
        fields = text.strip().splitlines()[-1].rsplit('","', 7)
        if len(fields) != 8:
            raise BenchError(f"redis-benchmark printed {text.strip()[:80]!r}; version 6.2 or newer is needed")
        return float(fields[1]), float(fields[4]), float(fields[6])

    rate, _, _ = once(5000)
    requests = max(5000, int(rate * seconds))
    rate, p50, p99 = once(requests)
    return {"requests": requests, "seconds": requests / rate, "rate": rate, "p50": p50, "p99": p99}


def open_loop(book_port, page_port, exhibition, rate, seconds, samples):
    """Sends at a fixed rate whatever the responses take. The client is a process of its own."""
    text = run([
        sys.executable, HERE / "open_loop.py", "--book-port", book_port, "--page-port", page_port, "--exhibition", exhibition,
        "--rate", rate, "--seconds", seconds, "--samples", samples], seconds)
    return json.loads(text)


OVERLOAD_CONNECTIONS = 4000  # more than the requests that a port works at, so that some are refused


def overload(port, exhibition, rate, seconds, folder):
    """Offers more than can be served. h2load takes a fifth of the CPU that the open-loop client would take from the servers."""
    body = folder / "order.json"
    body.write_text('{"museumId":"%s","visitor":"overload","seats":1}' % exhibition)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    text = run([
        "h2load", "--h1", "-t", 1, "-c", OVERLOAD_CONNECTIONS, "-n", int(rate * seconds), "--rps", rate / OVERLOAD_CONNECTIONS,
        "-d", body, "-H", "Content-Type: application/json", f"http://127.0.0.1:{port}/books"], seconds)
    all_seconds = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = re.search(r"requests: (\d+) total, (\d+) started, (\d+) done", text)
    statuses = re.search(r"status codes: (\d+) 2xx, \d+ 3xx, (\d+) 4xx, (\d+) 5xx", text)
    if not total or not statuses or int(statuses[2]):
        raise BenchError(f"h2load: {' '.join(text.split())[-160:]}")
    created, refused = int(statuses[1]), int(statuses[3])
    return {
        "sent": int(total[2]), "created": created, "refused": {"503": refused}, "unsent": int(rate * seconds) - int(total[2]),
        "broken": int(total[3]) - created - refused, "seconds": all_seconds, "all_seconds": all_seconds,
        "client_cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    }
