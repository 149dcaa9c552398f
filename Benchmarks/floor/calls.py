"""The museum's script calls as this benchmark sends them. If a script's keys or arguments change, change them here."""

import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from redis_client import encode

SCRIPTS = Path(__file__).resolve().parent.parent.parent / "redis" / "scripts"
EXHIBITION = "a1"
STREAMS = {service: f"{service}:{{a}}:events" for service in ("museum", "book", "confirm")}
# The names of the scripts that `load` sends to a redis-server.
NAMES = ("museum_reserve", "book_record", "book_transition", "confirm_apply", "mypage_booking", "mypage_admission")


def milliseconds():
    return int(time.time() * 1000)


def source(name):
    return (SCRIPTS / f"{name}.lua").read_text()


def load(redis):
    """Loads the scripts. Returns their SHA1 by name."""
    return {name: redis.call("SCRIPT", "LOAD", source(name)) for name in NAMES}


def put_exhibition(redis, capacity=10**12, tag="{a}"):
    """Writes an exhibition as museum_register.lua does, with a capacity that no run exhausts."""
    redis.call(
        "HSET", f"museum:{tag}:{EXHIBITION}", "available", capacity, "held", 0, "title", "Monet", "hall", "A hall",
        "date", "2099-12-24", "capacity", capacity, "status", "OPEN", "version", 1, "createdAt", milliseconds())


def reserve(sha, bookings):
    """bookings: pairs of booking id and visitor. One call reserves one seat for each, at most 64."""
    today = datetime.now(timezone.utc)
    exhibition = f"museum:{{a}}:{EXHIBITION}"
    parts = ["EVALSHA", sha, 3, exhibition, f"{exhibition}:seats", STREAMS["museum"],
             milliseconds(), EXHIBITION, f"{today:%Y-%m-%d}", f"{today - timedelta(days=1):%Y-%m-%d}", f"{today:%H:%M}"]
    for booking, visitor in bookings:
        parts += [booking, 1, visitor, "1b29a15957d293ea", ""]
    return parts


def bare_reserve(sha, booking):
    """A reservation in an exhibition beside the museum's own, so that nobody's events are about it."""
    parts = reserve(sha, [(booking, "visitor")])
    return [str(part).replace("{a}", "{bare}") if index in (3, 4, 5) else part for index, part in enumerate(parts)]


def call(sha, keys, arguments):
    return ["EVALSHA", sha, len(keys), *keys, *arguments]


def flat(lists):
    return [part for parts in lists for part in parts]


def record(sha, bookings):
    """bookings: pairs of booking id and visitor, at most 64."""
    index = f"book:{{a}}:{EXHIBITION}:index"
    return call(
        sha,
        ["book:{a}:index", STREAMS["book"], "book:{a}:purged", *flat((f"book:{{a}}:{booking}", index) for booking, _ in bookings)],
        flat((milliseconds(), "1b29a15957d293ea", "", booking, EXHIBITION, visitor, 1) for booking, visitor in bookings))


def complete(sha, events):
    return call(
        sha, [STREAMS["book"], *(f"book:{{a}}:{event['bookId']}" for event in events)],
        [milliseconds(), "RequestCompleted", "REQUEST_COMPLETED", " REQUESTED ", 0,
         *flat((event["requestId"], "", event["bookId"]) for event in events)])


def admit(sha, events):
    index = f"confirm:{{a}}:{EXHIBITION}:index"
    return call(
        sha,
        ["confirm:{a}:index", STREAMS["confirm"], "confirm:{a}:purged",
         *flat((f"confirm:{{a}}:{event['bookId']}", index) for event in events)],
        [milliseconds(), *flat(
            (event["requestId"], "", event["bookId"], EXHIBITION, event["visitor"], 1, "CONFIRMED", event["version"],
             event["createdAt"]) for event in events)])


def show_bookings(sha, events):
    return call(
        sha,
        ["mypage:{a}:purged", "mypage:{a}:visitors",
         *flat((f"mypage:{{a}}:{event['bookId']}", f"mypage:{{a}}:visitor:{event['visitor']}") for event in events)],
        flat((event["version"], event["bookId"], EXHIBITION, event["visitor"], 1, event["status"], event["createdAt"],
              milliseconds()) for event in events))


def show_admissions(sha, events):
    return call(
        sha, ["mypage:{a}:purged", *(f"mypage:{{a}}:{event['bookId']}" for event in events)],
        flat((event["version"], EXHIBITION, event["status"], milliseconds()) for event in events))


def read(group, services, count=64):
    names = [STREAMS[service] for service in services]
    return ["XREADGROUP", "GROUP", group, f"{group}-floor", "COUNT", count, "STREAMS", *names, *(">" for _ in names)]


def acknowledge(group, stream, ids):
    return ["XACK", stream, group, *ids]


def encoded(calls):
    return b"".join(encode(*call) for call in calls)
