"""How the museum behaves as its data grows: one deployment that is filled step by step. `scripts/bench --growth` runs it."""

import json
import socket
import subprocess
import threading
import time

import load
from floor import calls
from measuring import Stretch, page_is_confirmed, wait_until_caught_up
from museum import Museum
from processes import BenchError, Stage, http
from redis_client import Redis

CATCH_UP = 600  # seconds

# Bookings at which the time of a booking is measured, bookings of the deleted exhibition, exhibitions that are listed, seconds of
# each measurement, seconds after which the filling ends.
FULL = ((1_000, 100_000, 950_000), 100_000, 10_000, 5, 1500)
QUICK = ((1_000, 10_000), 10_000, 1_000, 2, 60)


class Growth:
    def __init__(self, stage, settings, quick, say):
        self.stage, self.settings, self.say = stage, settings, say
        self.levels, self.deleted, self.listed, self.seconds, most = QUICK if quick else FULL
        self.until = time.monotonic() + most
        stage.start_redis()
        self.museum = Museum(stage, settings.program)

    def wait(self):
        wait_until_caught_up(self.stage, calls.STREAMS, page_is_confirmed(self.museum.ports["mypage"]), CATCH_UP)

    def fill(self, exhibition, count):
        """Books until the exhibition has about so many bookings. Returns how many it has."""
        rate = 1000
        while True:
            has = self.museum.bookings(exhibition)
            missing = count - has
            if missing <= 0 or time.monotonic() > self.until:
                self.wait()
                return has
            if missing <= max(2000, rate):
                # The last ones at a fixed rate, so that the level is met.
                load.open_loop(self.museum.ports["book"], self.museum.ports["mypage"], exhibition, 500, missing / 500, 0)
                continue
            seconds = max(1, min(10, int(missing / rate)))
            self.say(f"{exhibition}: {has:,} of {count:,} bookings")
            result = self.sell(exhibition, seconds)
            rate = result["rate"]
            self.wait()

    def sell(self, exhibition, seconds):
        """A few responses may fail on a busy machine: they don't end a run of this length."""
        return load.wrk(
            "growth", self.museum.ports["book"], "", seconds, "book.lua", {"EXHIBITION": exhibition}, most_failed=0.01)

    def time_per_booking(self, exhibition):
        before = self.museum.bookings(exhibition)
        stretch = Stretch(self.stage, self.museum.servers)
        result = self.sell(exhibition, self.seconds)
        self.wait()
        elapsed = time.monotonic() - stretch.began
        bookings = self.museum.bookings(exhibition) - before
        figures = stretch.end(bookings)
        del figures["commands"]
        return {"at": before, "time_us": 1e6 * elapsed / bookings, **result, **figures}

    def deletion(self, deleted, other, rate):
        """Deletes a sold exhibition while another sells at a moderate rate."""
        def slice_of_sales():
            return load.open_loop(
                self.museum.ports["book"], self.museum.ports["mypage"], other, rate, self.seconds, 20 * self.seconds)

        before = [slice_of_sales() for _ in range(2)]
        seats = self.museum.bookings(deleted)
        status, answer = http(self.museum.ports["museum"], "DELETE", f"/museums/{deleted}")
        if status != 202:
            raise BenchError(f"growth: DELETE answered {status}: {answer[:100]}")
        done = threading.Event()
        times = {}
        watcher = threading.Thread(target=self.watch_deletion, args=(deleted, times, done), daemon=True)
        watcher.start()
        during = []
        while not done.is_set() and len(during) < 60:
            during.append(slice_of_sales())
            self.say(f"deletion: p99 of the others {during[-1]['p99']} ms")
        done.wait(CATCH_UP)
        if not times.get("followed"):
            raise BenchError("growth: the deleted exhibition's bookings were not force-canceled in time; see skmuseum's log")
        return {
            "bookings": seats, "rate": rate, "revoked_seconds": times["revoked"], "followed_seconds": times["followed"],
            "p99_before": max(sales["p99"] for sales in before), "p99_during": max(sales["p99"] for sales in during),
            "failed": sum(sales["sent"] - sales["created"] for sales in during), "slices": during,
        }

    def watch_deletion(self, deleted, times, done):
        """Notes when no seat is held any more, and when the last revoked booking is force-canceled in MyPage."""
        redis = Redis(self.stage.redis_port)
        began = time.monotonic()
        try:
            while redis.call("HGET", f"museum:{{a}}:{deleted}", "held") != "0":
                if time.monotonic() - began > CATCH_UP:
                    return
                time.sleep(0.05)
            times["revoked"] = time.monotonic() - began
            booking = last_revoked(redis)
            while redis.call("HMGET", f"mypage:{{a}}:{booking}", "status", "admission") != ["FORCE_CANCELED"] * 2:
                if time.monotonic() - began > CATCH_UP:
                    return
                time.sleep(0.05)
            times["followed"] = time.monotonic() - began
        finally:
            redis.close()
            done.set()

    def rebuild(self):
        events = sum(self.stage.redis.call("XLEN", stream) for stream in calls.STREAMS.values())
        began = time.monotonic()
        result = subprocess.run(
            [self.settings.program, "rebuild", "mypage", "--json", "--redis-url", self.stage.redis_url],
            capture_output=True, text=True)
        seconds = time.monotonic() - began
        if result.returncode != 0:
            raise BenchError(f"growth: rebuild mypage failed: {result.stderr.strip()[-200:]}")
        return {"events": events, "seconds": seconds, "events_per_second": events / seconds}

    def listing(self):
        """Registers many exhibitions, then reads all pages of the list."""
        port = self.museum.ports["museum"]
        each = self.listed // 16
        threads = [threading.Thread(target=register_many, args=(port, index, each)) for index in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        times, path, found = [], "/museums?size=200", 0
        while path:
            began = time.monotonic()
            status, body = http(port, "GET", path)
            times.append(time.monotonic() - began)
            if status != 200:
                raise BenchError(f"growth: GET {path} answered {status}")
            document = json.loads(body)
            found += len(document["_embedded"]["museums"])
            path = document["_links"].get("next", {}).get("href")
        return {"exhibitions": found, "seconds": sum(times), "pages": len(times), "slowest_page_ms": 1000 * max(times)}

    def restart(self):
        """Stops everything, and starts redis-server and the museum with all the data."""
        bookings = sum(self.stage.redis.call("HLEN", key) for key in scan(self.stage.redis, "museum:{a}:*:seats"))
        for process in reversed(self.stage.processes):
            process.terminate()
            process.wait(timeout=120)
        self.stage.processes.clear()
        self.stage.redis.close()
        began = time.monotonic()
        self.stage.start_redis(seconds=600)
        loaded = time.monotonic()
        self.museum = Museum(self.stage, self.settings.program)
        return {"bookings": bookings, "redis_seconds": loaded - began, "museum_seconds": time.monotonic() - loaded}


def last_revoked(redis):
    end = "+"
    while True:
        entries = redis.call("XREVRANGE", "museum:{a}:events", end, "-", "COUNT", 1000)
        if not entries:
            raise BenchError("growth: no SeatsRevoked is in museum:{a}:events")
        for _, fields in entries:
            event = dict(zip(fields[::2], fields[1::2]))
            if event["eventType"] == "SeatsRevoked":
                return event["bookId"]
        end = "(" + entries[-1][0]


def scan(redis, pattern):
    cursor, found = "0", []
    while True:
        cursor, keys = redis.call("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)
        found += keys
        if cursor == "0":
            return found


def register_many(port, index, count):
    """Over one connection, one request after another."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for number in range(count):
            body = '{"title":"Hall %d","hall":"Hall %d","date":"2098-%02d-%02d","capacity":20}' % (
                number, index, 1 + number % 12, 1 + number % 28)
            connection.sendall((
                "POST /museums HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (len(body), body)).encode())
            answer = b""
            while not answer.endswith(b"}"):
                part = connection.recv(65536)
                if not part:
                    break
                answer += part
            if not answer.startswith(b"HTTP/1.1 201"):
                raise BenchError(f"growth: POST /museums answered {answer[:80]!r}")


def measure(settings, quick, say):
    """All parts in turn. Returns the figures."""
    with Stage("growth") as stage:
        growth = Growth(stage, settings, quick, say)
        sold, deleted = growth.museum.register(), growth.museum.register()
        figures = {"levels": []}
        # The first seconds after the start are not measured.
        growth.fill(deleted, growth.deleted)
        for level in growth.levels:
            reached = growth.fill(sold, level)
            figures["levels"].append(growth.time_per_booking(sold))
            say(f"at {reached:,} bookings: {figures['levels'][-1]['time_us']:.0f} µs a booking")
        other = growth.museum.register()
        rate = 0.3e6 / figures["levels"][-1]["time_us"]
        figures["deletion"] = growth.deletion(deleted, other, rate)
        growth.wait()
        say(f"deletion: followed after {figures['deletion']['followed_seconds']:.1f} s")
        figures["memory_bytes"] = int(stage.redis.info("memory")["used_memory"])
        figures["rebuild"] = growth.rebuild()
        say(f"rebuild: {figures['rebuild']['events_per_second']:,.0f} events/s")
        figures["listing"] = growth.listing()
        say(f"listing: {figures['listing']['seconds']:.2f} s")
        figures["restart"] = growth.restart()
        say(f"restart: redis-server {figures['restart']['redis_seconds']:.1f} s, museum {figures['restart']['museum_seconds']:.1f} s")
        return figures
