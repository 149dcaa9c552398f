"""The consumer groups of Book, Confirm and MyPage: XREADGROUP, one transaction for each batch, XACK."""

import asyncio
import os
import time

from redis.asyncio import Redis
from redis.exceptions import ResponseError

redis = Redis.from_url(os.environ["REDIS_URL"], decode_responses=True, max_connections=20)
BOOKING_FIELDS = ("visitor", "museumId", "seats", "status", "version", "createdAt")


def complete(pipeline, event, now):
    """Book: seats are reserved, so the booking is completed."""
    if event["eventType"] != "SeatsReserved":
        return
    booking = event["bookId"]
    change = {"status": "REQUEST_COMPLETED", "version": 2}
    pipeline.hset(f"book:{{a}}:{booking}", mapping={**change, "updatedAt": now})
    state = {
        "bookId": booking, "visitor": event["visitor"], "museumId": event["museumId"], "seats": event["seats"],
        "createdAt": event["timestamp"], **change,
    }
    pipeline.xadd("book:{a}:events", {"eventType": "RequestCompleted", "timestamp": now, **state})


def admit(pipeline, event, now):
    """Confirm: a completed booking is admitted."""
    if event["eventType"] != "RequestCompleted":
        return
    booking = event["bookId"]
    admission = {
        "visitor": event["visitor"], "museumId": event["museumId"], "seats": event["seats"], "status": "CONFIRMED",
        "version": 1,
    }
    pipeline.hset(f"confirm:{{a}}:{booking}", mapping={**admission, "updatedAt": now})
    pipeline.zadd(f"confirm:{{a}}:{event['museumId']}:index", {booking: event["createdAt"]})
    pipeline.xadd("confirm:{a}:events", {"eventType": "ConfirmCompleted", "timestamp": now, "bookId": booking, **admission})


def show(pipeline, event, now):
    """MyPage: a row has the booking and its admission."""
    row = f"mypage:{{a}}:{event['bookId']}"
    if event["eventType"] == "ConfirmCompleted":
        pipeline.hset(row, mapping={"admission": event["status"], "admissionUpdatedAt": now})
    else:
        pipeline.hset(row, mapping={**{name: event[name] for name in BOOKING_FIELDS}, "updatedAt": now})
        pipeline.zadd(f"mypage:{{a}}:visitor:{event['visitor']}", {event["bookId"]: event["createdAt"]})


async def consume(group, streams, apply):
    for stream in streams:
        try:
            await redis.xgroup_create(stream, group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
    while True:
        batches = await redis.xreadgroup(group, f"{group}-1", {stream: ">" for stream in streams}, count=64, block=1000)
        if not batches:
            continue
        now = int(time.time() * 1000)
        async with redis.pipeline(transaction=True) as pipeline:
            for stream, entries in batches:
                for _, event in entries:
                    apply(pipeline, event, now)
                pipeline.xack(stream, group, *(entry for entry, _ in entries))
            await pipeline.execute()


async def main():
    await asyncio.gather(
        consume("book", ["museum:{a}:events"], complete),
        consume("confirm", ["book:{a}:events"], admit),
        consume("mypage", ["book:{a}:events", "confirm:{a}:events"], show),
    )


asyncio.run(main())
