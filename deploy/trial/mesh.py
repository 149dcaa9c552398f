"""Tries the DestinationRules for Museum with a real Envoy in front of real Museum processes. scripts/envoy-trial starts it.

Everything runs on free ports of 127.0.0.1, in a temporary folder, and is stopped at the end.
"""
import collections
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import yaml

import render
from processes import Processes, expect, free_port, get, post, trial, wait_for

ISTIO = pathlib.Path(__file__).resolve().parent.parent / "istio"
# Of each of the clients.
REPETITIONS = int(os.environ.get("TRIAL_REPETITIONS", "100"))
BOOKINGS = max(1, REPETITIONS // 3)
CLIENTS = 100


class Deployment(Processes):
    """Redis, roles and Envoy."""

    def __init__(self, program, envoy, folder):
        super().__init__(folder)
        self.program, self.envoy = program, envoy
        self.redis_url = f"unix://{folder}/redis.sock"

    def start_redis(self):
        self.start("redis", [
            "redis-server", "--port", "0", "--unixsocket", f"{self.folder}/redis.sock", "--save", "", "--appendonly", "no"])
        wait_for(lambda: (self.folder / "redis.sock").exists(), "redis-server")

    def start_role(self, role, instance, port, **settings):
        process = self.start(f"{role}-{instance}", [self.program, "serve", "--role", role], {
            "REDIS_URL": self.redis_url, f"{role.upper()}_PORT": str(port), "INSTANCE_ID": str(instance), **settings})
        wait_for(lambda: get(f"http://127.0.0.1:{port}/readyz") == "ready\n", f"{role}-{instance}")
        return process

    def start_envoy(self, variant, endpoints, service_name="museum"):
        rule = yaml.safe_load((ISTIO / "overlays" / variant / "destination-rule.yaml").read_text())
        services = yaml.safe_load_all((ISTIO / "base/virtual-services.yaml").read_text())
        service = next(service for service in services if service["metadata"]["name"] == service_name)
        log = self.folder / f"access-{len(self.processes)}-{time.monotonic_ns()}.log"
        return Envoy(self, variant, render.bootstrap(rule, service, free_port(), free_port(), endpoints, str(log)), log)


class Envoy:
    def __init__(self, deployment, variant, configuration, log):
        self.log, self.read, self.before, self.refused = log, 0, collections.Counter(), 0
        path = deployment.folder / f"envoy-{variant}.json"
        path.write_text(json.dumps(configuration, indent=1))
        static = configuration["static_resources"]
        self.port = static["listeners"][0]["address"]["socket_address"]["port_value"]
        self.admin = configuration["admin"]["address"]["socket_address"]["port_value"]
        self.process = deployment.start("envoy", [
            deployment.envoy, "--config-path", str(path), "--disable-hot-restart", "--concurrency", "1", "--log-level", "warn",
            "--file-flush-interval-msec", "50"])
        wait_for(lambda: get(f"http://127.0.0.1:{self.admin}/ready") == "LIVE\n", "envoy")

    def count(self, name):
        text = get(f"http://127.0.0.1:{self.admin}/stats?filter=^cluster.museum.{name}$")
        return int(text.split(": ")[1]) if ": " in text else 0

    def ejections(self):
        return self.count("outlier_detection.ejections_enforced_total")

    def ejected(self):
        return self.count("outlier_detection.ejections_active")

    def report(self):
        """What Envoy answered and counted since the last report."""
        # Envoy writes its log every 50 ms.
        time.sleep(0.5)
        lines = self.log.read_text().splitlines()
        answers, self.read = collections.Counter(lines[self.read:]), len(lines)
        # Without a flag ("-") the response is Museum's own.
        self.refused = sum(count for answer, count in answers.items() if not answer.endswith(" -"))
        now = collections.Counter({"second tries": self.count("upstream_rq_retry"), "ejections": self.ejections()})
        counts, self.before = now - self.before, now
        answered = ", ".join(f"{count} of {answer.removesuffix(' -')}" for answer, count in answers.most_common())
        return f"Envoy answered {answered}; second tries {counts['second tries']}, ejections {counts['ejections']}, " \
            f"ejected now {self.ejected()}"


def siege(folder, clients, url, repetitions=REPETITIONS):
    """Runs siege; returns its report. It counts requests and not seconds: at the end of --time it sometimes waits forever."""
    settings = folder / "siegerc"
    settings.write_text(
        "verbose = false\nquiet = true\njson_output = true\nlogging = false\nshow-logfile = false\nconnection = close\n"
        "parser = false\nfollow-location = false\nfailures = 100000000\ntimeout = 10\nlimit = 255\nprotocol = HTTP/1.1\n")
    run = subprocess.run(
        ["siege", "--rc", str(settings), "--benchmark", f"--concurrent={clients}", f"--reps={repetitions}",
         "--content-type=application/json", url], capture_output=True, text=True, timeout=300)
    text = run.stdout
    return json.loads(text[text.index("{"):text.rindex("}") + 1])


def seconds_until_none_is_ejected(envoy):
    start = time.monotonic()
    wait_for(lambda: envoy.ejected() == 0, "an ejected Museum", 60)
    return time.monotonic() - start


def show(title, report, envoy=None):
    """Prints what siege and Envoy counted; returns which part of the requests was answered, in per cent."""
    good, bad = report["successful_transactions"], report["failed_transactions"]
    share = 100 * good / max(1, good + bad)
    print(f"  {title}: {share:.2f} % of {good + bad} requests, in {report['elapsed_time']} s, longest {report['longest_transaction']} s")
    if envoy:
        print(f"    {envoy.report()}")
    sys.stdout.flush()
    return share


def circuit(port):
    """The state of Book's circuit breaker."""
    states = re.findall(r"^skmuseum_(?:book_)?circuit_state\S* ([0-9.]+)", get(f"http://127.0.0.1:{port}/metrics"), re.MULTILINE)
    return {0: "closed", 1: "half-open", 2: "open"}[max(int(float(state)) for state in states)]


def run(deployment):
    folder = deployment.folder
    deployment.start_redis()
    ports = [free_port(), free_port()]
    deployment.museum_port = ports[0]
    museums = [deployment.start_role("museum", number + 1, port) for number, port in enumerate(ports)]
    exhibition = post(f"http://127.0.0.1:{ports[0]}/museums", {"hall": "A hall", "date": "2099-12-24", "capacity": 1_000_000})["id"]
    page = f"/museums/{exhibition}"

    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}")
    print(f"Without Envoy: siege -c{CLIENTS} -r{REPETITIONS}, GET {page} of one Museum")
    show("Museum", siege(folder, CLIENTS, f"http://127.0.0.1:{ports[0]}{page}"))

    print(f"\nDemonstration, one Museum: siege -c{CLIENTS} -r{REPETITIONS}")
    envoy = deployment.start_envoy("demonstration", ports[:1])
    share = show("under load", siege(folder, CLIENTS, f"http://127.0.0.1:{envoy.port}{page}"), envoy)
    expect(share < 100 and envoy.count("upstream_rq_pending_overflow") > 0, "the tight limits refuse a part of the load with 503")
    print(f"    nobody is ejected {seconds_until_none_is_ejected(envoy):.1f} s later")
    share = show("afterwards, one client", siege(folder, 1, f"http://127.0.0.1:{envoy.port}{page}", 1000), envoy)
    expect(share == 100, "when the load is gone, everything is answered again")
    deployment.stop(envoy.process)

    print("\nDemonstration, one Museum that is killed and started again: one client")
    envoy = deployment.start_envoy("demonstration", ports[:1])
    deployment.stop(museums[0])
    show("without Museum", siege(folder, 1, f"http://127.0.0.1:{envoy.port}{page}", 500), envoy)
    expect(envoy.ejected() == 1, "two failures in a row eject the only Museum (100 %)")
    museums[0] = deployment.start_role("museum", 1, ports[0])
    print(f"    back {seconds_until_none_is_ejected(envoy):.1f} s after it was ready again")
    share = show("with Museum again", siege(folder, 1, f"http://127.0.0.1:{envoy.port}{page}", 500), envoy)
    expect(share == 100, "after the ejection everything is answered again")
    deployment.stop(envoy.process)

    print(f"\nProduction, two Museums: siege -c{CLIENTS} -r{REPETITIONS}")
    envoy = deployment.start_envoy("production", ports)
    url = f"http://127.0.0.1:{envoy.port}{page}"
    show("healthy", siege(folder, CLIENTS, url), envoy)
    expect(envoy.refused == 0, "an ordinary load passes untouched")
    expect(envoy.ejections() == 0, "nobody is ejected")

    museums[1].send_signal(signal.SIGSTOP)
    share = show("one Museum hangs", siege(folder, CLIENTS, url), envoy)
    expect(share == 100, "reads are sent to the other Museum within their deadline")
    expect(envoy.ejections() >= 1, "the Museum that hangs is ejected")
    museums[1].send_signal(signal.SIGCONT)
    print(f"    back {seconds_until_none_is_ejected(envoy):.1f} s after it went on")
    share = show("both again", siege(folder, CLIENTS, url), envoy)
    expect(share == 100, "an ordinary load passes untouched again")

    before = envoy.ejections()
    museums[1].kill()
    museums[1].wait()
    share = show("one Museum is killed", siege(folder, CLIENTS, url), envoy)
    expect(share == 100, "reads are sent to the other Museum at once")
    expect(envoy.ejections() > before, "the Museum that is gone is ejected")
    deployment.processes.remove(museums[1])
    museums[1] = deployment.start_role("museum", 2, ports[1])
    deployment.stop(envoy.process)

    bookings(deployment, museums, ports, exhibition)
    second_tries(deployment, exhibition)


def bookings(deployment, museums, ports, exhibition):
    """Book, with its own circuit breaker, in front of Envoy: what a visitor sees."""
    folder = deployment.folder
    for variant in ["demonstration", "production"]:
        envoy = deployment.start_envoy(variant, ports)
        port = free_port()
        book = deployment.start_role("book", 1, port, MUSEUM_URL=f"http://127.0.0.1:{envoy.port}")
        url = f'http://127.0.0.1:{port}/books POST {{"museumId":"{exhibition}","visitor":"kim"}}'
        print(f"\nBookings, {variant}: Book, Envoy, two Museums, siege -c{CLIENTS} -r{BOOKINGS}")
        show("healthy", siege(folder, CLIENTS, url, BOOKINGS), envoy)
        if variant == "production":
            expect(envoy.refused == 0, "every reservation passes untouched")
            museums[1].send_signal(signal.SIGSTOP)
            show("one Museum hangs", siege(folder, CLIENTS, url, BOOKINGS), envoy)
            print(f"    Book's circuit is {circuit(port)}")
            expect(envoy.ejections() >= 1, "the Museum that hangs is ejected")
            show("one Museum hangs, later", siege(folder, CLIENTS, url, BOOKINGS), envoy)
            museums[1].send_signal(signal.SIGCONT)
            deployment.stop(museums[0])
            deployment.stop(museums[1])
            show("no Museum", siege(folder, CLIENTS, url, BOOKINGS), envoy)
            print(f"    Book's circuit is {circuit(port)}")
            museums[:] = [deployment.start_role("museum", number + 1, each) for number, each in enumerate(ports)]
            start = time.monotonic()
            wait_for(lambda: post(f"http://127.0.0.1:{port}/books", {"museumId": exhibition, "visitor": "lee"}), "a booking", 30)
            print(f"    the first booking was made {time.monotonic() - start:.1f} s after both Museums were ready again")
            share = show("both again", siege(folder, CLIENTS, url, BOOKINGS), envoy)
            expect(share > 99, "bookings are made again")
        deployment.stop(book)
        deployment.stop(envoy.process)


def second_tries(deployment, exhibition):
    """The routes in front of Book: which bookings Envoy sends again."""
    port = free_port()
    deployment.start_role("book", 2, port, MUSEUM_URL=f"http://127.0.0.1:{deployment.museum_port}")
    print("\nSecond tries, in front of Book: 40 bookings with an Idempotency-Key, 40 without")
    for title, other in [("nothing listens at the other Book's address", free_port()), ("the other Book hangs up", hang_up())]:
        counts = {}
        for keyed in [True, False]:
            # Its own Envoy, because the other Book is soon ejected.
            envoy = deployment.start_envoy("demonstration", [other, port], "book")
            made = sum(book(envoy.port, exhibition, f"{title} {number}".replace(" ", "-") if keyed else None) for number in range(40))
            counts[keyed] = made, envoy.count("upstream_rq_retry")
            deployment.stop(envoy.process)
        print(f"  {title}: with a key {counts[True][0]} made, {counts[True][1]} second tries; "
              f"without {counts[False][0]} made, {counts[False][1]} second tries")
        if title.startswith("nothing"):
            expect(counts[True][0] == 40 and counts[True][1] > 0, "with a key it is sent again if nothing was sent")
        else:
            expect(counts[True][1] == 0, "with a key it is not sent again if it was sent")
        expect(counts[False][1] == 0, "without a key it is never sent again")


def book(port, exhibition, key):
    """Whether a booking was made."""
    headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
    body = json.dumps({"museumId": exhibition, "visitor": "kim"}).encode()
    try:
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/books", body, headers), timeout=5).close()
        return True
    except urllib.error.HTTPError:
        return False


def hang_up():
    """A port that takes a request and closes the connection without a response."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


if __name__ == "__main__":
    trial(lambda folder: Deployment(*sys.argv[1:], folder), run)
