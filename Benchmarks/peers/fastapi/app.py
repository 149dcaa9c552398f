"""POST /books with FastAPI and redis-py: the museum's reserve script, then the booking and its event in one transaction."""

import os
import secrets
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from fastapi import FastAPI, HTTPException, Response
from pydantic import BaseModel, Field
from redis.asyncio import Redis

redis = Redis.from_url(os.environ["REDIS_URL"], decode_responses=True, max_connections=100)
reserve = redis.register_script(Path(os.environ["RESERVE_SCRIPT"]).read_text())
app = FastAPI()


class BookingRequest(BaseModel):
    museumId: str = Field(min_length=1, max_length=20)
    visitor: str = Field(min_length=1, max_length=64)
    seats: int = Field(default=1, ge=1, le=100)


def iso(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@app.get("/livez")
async def livez():
    return {"status": "ok"}


@app.post("/books", status_code=201)
async def book(order: BookingRequest, response: Response):
    now = int(time.time() * 1000)
    today = datetime.now(timezone.utc)
    booking = f"{order.museumId}-{secrets.token_hex(6)}"
    request_id = secrets.token_hex(8)
    exhibition = f"museum:{{a}}:{order.museumId}"
    code, available = await reserve(
        keys=[exhibition, f"{exhibition}:seats", "museum:{a}:events"],
        args=[
            now, order.museumId, f"{today:%Y-%m-%d}", f"{today - timedelta(days=1):%Y-%m-%d}", f"{today:%H:%M}",
            booking, order.seats, order.visitor, request_id, "",
        ],
    )
    if code == "SOLD_OUT":
        raise HTTPException(409, f"Only {available} seats are left.")
    if code != "RESERVED":
        raise HTTPException(404, "No such exhibition.")

    fields = {
        "visitor": order.visitor, "museumId": order.museumId, "seats": order.seats, "status": "REQUESTED",
        "version": 1, "createdAt": now,
    }
    async with redis.pipeline(transaction=True) as pipeline:
        event = {"eventType": "Requested", "timestamp": now, "bookId": booking, "requestId": request_id}
        pipeline.xadd("book:{a}:events", {**event, **fields})
        pipeline.hset(f"book:{{a}}:{booking}", mapping={**fields, "updatedAt": now})
        pipeline.zadd(f"book:{{a}}:{order.museumId}:index", {booking: now})
        await pipeline.execute()

    response.headers["Location"] = f"/books/{booking}"
    response.headers["X-Request-Id"] = request_id
    return {
        "id": booking, "museumId": order.museumId, "visitor": order.visitor, "seats": order.seats, "status": "REQUESTED",
        "version": 1, "createdAt": iso(now), "updatedAt": iso(now),
        "_links": {
            "self": {"href": f"/books/{booking}"}, "museum": {"href": f"/museums/{order.museumId}"},
            "confirm": {"href": f"/confirms/{booking}"}, "myPage": {"href": f"/myPages/{booking}"},
        },
    }
