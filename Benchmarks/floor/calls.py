"""The museum's script calls as this benchmark sends them. If a script's keys or arguments change, change them here."""

import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from redis_client import encode

SCRIPTS = Path(__file__).resolve().parent.parent.parent / "redis" / "scripts"
EXHIBITION = "a1"
STREAMS = {service: f"{service}:{{a}}:events" for service in ("museum", "book", "confirm")}
# The names of the scripts that `load` sends to a redis-server.
NAMES = ("museum_reserve", "book_record", "book_transition", "confirm_apply", "mypage_apply")


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


def record(sha, booking, visitor):
    return ["EVALSHA", sha, 5, f"book:{{a}}:{booking}", f"book:{{a}}:{EXHIBITION}:index", "book:{a}:index",
            STREAMS["book"], "book:{a}:purged",
            milliseconds(), "1b29a15957d293ea", "", booking, EXHIBITION, visitor, 1]


def complete(sha, booking):
    return ["EVALSHA", sha, 2, f"book:{{a}}:{booking}", STREAMS["book"],
            milliseconds(), "1b29a15957d293ea", "", booking, "RequestCompleted", "REQUEST_COMPLETED", "REQUESTED"]


def admit(sha, event):
    booking = event["bookId"]
    return ["EVALSHA", sha, 5, f"confirm:{{a}}:{booking}", f"confirm:{{a}}:{EXHIBITION}:index", "confirm:{a}:index",
            STREAMS["confirm"], "confirm:{a}:purged",
            milliseconds(), "1b29a15957d293ea", "", booking, EXHIBITION, event["visitor"], 1, "CONFIRMED",
            event["version"], event["createdAt"]]


def show_booking(sha, event):
    booking, visitor, created = event["bookId"], event["visitor"], event["createdAt"]
    return ["EVALSHA", sha, 4, f"mypage:{{a}}:{booking}", "mypage:{a}:purged", f"mypage:{{a}}:visitor:{visitor}",
            "mypage:{a}:visitors",
            "bookVersion", event["version"], booking, created, visitor, "museumId", EXHIBITION, "visitor", visitor,
            "seats", 1, "status", event["status"], "createdAt", created, "updatedAt", milliseconds()]


def show_admission(sha, event):
    return ["EVALSHA", sha, 2, f"mypage:{{a}}:{event['bookId']}", "mypage:{a}:purged",
            "admissionVersion", event["version"], event["bookId"], "", "", "admission", event["status"],
            "admissionUpdatedAt", milliseconds()]


def read(group, services, count=64):
    names = [STREAMS[service] for service in services]
    return ["XREADGROUP", "GROUP", group, f"{group}-floor", "COUNT", count, "STREAMS", *names, *(">" for _ in names)]


def acknowledge(group, stream, ids):
    return ["XACK", stream, group, *ids]


def encoded(calls):
    return b"".join(encode(*call) for call in calls)
