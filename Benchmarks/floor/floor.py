"""Sends what one booking costs at least: the same scripts and deliveries, in batches of 64, one connection for each group.

There is no HTTP and no service here. What is measured is redis-server's CPU, so the client may be slow.
"""

import time

from floor import calls
from redis_client import Redis, RedisError

BATCH = 64
SUBSCRIPTIONS = {
    "book": ["museum"], "confirm": ["book"], "museum": ["book"], "mypage": ["museum", "book", "confirm"],
}


def events(entries):
    for identifier, fields in entries:
        yield identifier, dict(zip(fields[::2], fields[1::2]))


def newest(found):
    """Of several events about one booking the last, as Confirm and MyPage apply them."""
    return list({event["bookId"]: event for event in found}.values())


def applied(shas, group, found):
    """The calls that this group makes for the events that it has read."""
    def of(*kinds):
        return [event for event in found if event["eventType"] in kinds]

    if group == "book":
        wanted = [("book_transition", calls.complete, of("SeatsReserved"))]
    elif group == "confirm":
        wanted = [("confirm_apply", calls.admit, of("RequestCompleted"))]
    elif group == "mypage":
        wanted = [("mypage_booking", calls.show_bookings, newest(of("Requested", "RequestCompleted"))),
                  ("mypage_admission", calls.show_admissions, of("ConfirmCompleted"))]
    else:
        wanted = []
    return [make(shas[script], all_events[start:start + BATCH])
            for script, make, all_events in wanted for start in range(0, len(all_events), BATCH)]


class Group:
    """One consumer: in each turn it applies and acknowledges what it has read, and reads again, in one write."""

    def __init__(self, port, name, shas):
        self.name, self.shas, self.redis = name, shas, Redis(port)
        self.services = SUBSCRIPTIONS[name]
        for service in self.services:
            self.redis.call("XGROUP", "CREATE", calls.STREAMS[service], name, "0", "MKSTREAM")
        # What was read and is not applied yet, by turn. Book waits for one turn, in which its bookings are recorded.
        self.turns = [[], []] if name == "book" else [[]]

    def write(self):
        sent = []
        streams = self.turns.pop(0)
        sent += applied(self.shas, self.name, [event for _, entries in streams for _, event in events(entries)])
        for stream, entries in streams:
            sent.append(calls.acknowledge(self.name, stream, [identifier for identifier, _ in entries]))
        sent.append(calls.read(self.name, self.services, 2 * BATCH))
        self.redis.send(calls.encoded(sent))
        self.replies = len(sent)

    def take(self):
        for _ in range(self.replies - 1):
            self.redis.reply()
        self.turns.append(self.redis.reply() or [])

    def is_idle(self):
        return not any(self.turns)


def run(port, seconds, limit=None):
    """Books for this long, then lets the groups catch up. Returns how many bookings were made."""
    sender = Redis(port)
    shas = calls.load(sender)
    calls.put_exhibition(sender)
    groups = [Group(port, name, shas) for name in SUBSCRIPTIONS]
    made, previous = 0, []
    until = time.monotonic() + seconds
    while True:
        batch = []
        if time.monotonic() < until and (limit is None or made < limit):
            batch = [(f"a1-{made + i:012d}", f"visitor{made + i}") for i in range(BATCH)]
            made += BATCH
        sent = [calls.record(shas["book_record"], previous)] if previous else []
        if batch:
            sent.append(calls.reserve(shas["museum_reserve"], batch))
        sender.send(calls.encoded(sent))
        for group in groups:
            group.write()
        for _ in sent:
            sender.reply()
        for group in groups:
            group.take()
        if not batch and not previous and all(group.is_idle() for group in groups):
            break
        previous = batch
    pages = sender.call("HMGET", f"mypage:{{a}}:a1-{made - 1:012d}", "status", "admission")
    if pages != ["REQUEST_COMPLETED", "CONFIRMED"]:
        raise RedisError(f"the last booking's row is {pages}")
    for connection in [sender] + [group.redis for group in groups]:
        connection.close()
    return made
