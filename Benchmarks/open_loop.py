"""An open-loop client: sends POST /books at a fixed rate, and for some bookings waits until MyPage shows them.

It writes one JSON object to stdout. Latency counts from the time at which the request was due.
"""

import argparse
import asyncio
import json
import resource
import time

TIMEOUT = 2.0  # seconds after which a request that found no free connection, or has no response, counts as failed
MOST_CONNECTIONS = 2500


class Connection:
    def __init__(self, port):
        self.port = port
        self.reader = self.writer = None

    async def request(self, data):
        """Returns the status and the body."""
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(data)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = await self.reader.readexactly(length) if length else b""
        if b"connection: close" in head.lower():
            self.close()
        return int(head[9:12]), body

    def close(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None


class Run:
    def __init__(self, options):
        self.options = options
        self.free = []
        self.opened = 0
        self.latencies, self.visible, self.confirmed = [], [], []
        self.sent = self.created = 0
        self.refused = {}
        self.unsent = self.broken = 0
        self.watches = set()

    def refuse(self, status):
        self.refused[status] = self.refused.get(status, 0) + 1

    async def book(self, number, due, is_sampled):
        if self.free:
            connection = self.free.pop()
        elif self.opened < MOST_CONNECTIONS:
            self.opened += 1
            connection = Connection(self.options.book_port)
        else:
            self.unsent += 1
            return
        body = b'{"museumId":"%s","visitor":"o%07d","seats":1}' % (self.options.exhibition.encode(), number)
        data = (
            b"POST /books HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body))
        try:
            status, answer = await asyncio.wait_for(connection.request(data), TIMEOUT)
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
            connection.close()
            self.broken += 1
        else:
            now = time.monotonic()
            if status == 201:
                self.created += 1
                self.latencies.append(now - due)
                if is_sampled:
                    watch = asyncio.create_task(self.watch(json.loads(answer)["id"], now))
                    self.watches.add(watch)
            else:
                self.refuse(status)
        self.free.append(connection)

    async def watch(self, booking, created):
        """Asks MyPage until the booking is visible, then until it is confirmed.

        It waits two milliseconds between two requests, or a twentieth of the time so far: asking must not become the load.
        """
        connection = Connection(self.options.page_port)
        data = b"GET /myPages/%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % booking.encode()
        is_visible = False
        try:
            while time.monotonic() < created + 30:
                status, body = await connection.request(data)
                if status == 200 and not is_visible:
                    is_visible = True
                    self.visible.append(time.monotonic() - created)
                if status == 200 and b'"admission":"CONFIRMED"' in body:
                    self.confirmed.append(time.monotonic() - created)
                    return
                await asyncio.sleep(max(0.002, (time.monotonic() - created) / 20))
        except (OSError, asyncio.IncompleteReadError):
            self.broken += 1
        finally:
            connection.close()

    async def run(self):
        options = self.options
        total = int(options.rate * options.seconds)
        every = max(1, total // options.samples) if options.samples else total + 1
        tasks = set()
        start = time.monotonic()
        while self.sent < total:
            now = time.monotonic()
            if now > start + options.seconds + TIMEOUT:
                break
            while self.sent < total and start + self.sent / options.rate <= now:
                due = start + self.sent / options.rate
                task = asyncio.create_task(self.book(self.sent, due, self.sent % every == every - 1))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                self.sent += 1
            await asyncio.sleep(max(0.0005, start + self.sent / options.rate - time.monotonic()))
        seconds = time.monotonic() - start
        if tasks:
            await asyncio.wait(tasks)
        all_seconds = time.monotonic() - start
        if self.watches:
            await asyncio.wait(self.watches)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "due": total, "sent": self.sent, "created": self.created, "seconds": seconds, "all_seconds": all_seconds, "refused": self.refused,
            "unsent": self.unsent, "broken": self.broken, "client_cpu_seconds": usage.ru_utime + usage.ru_stime,
            "p50": percentile(self.latencies, 50), "p99": percentile(self.latencies, 99),
            "samples": len(self.visible),
            "visible_p50": percentile(self.visible, 50), "visible_p99": percentile(self.visible, 99),
            "confirmed_p50": percentile(self.confirmed, 50), "confirmed_p99": percentile(self.confirmed, 99),
        }


def percentile(seconds, share):
    """In milliseconds."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    return round(1000 * ordered[min(len(ordered) - 1, len(ordered) * share // 100)], 3)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--book-port", type=int, required=True)
    parser.add_argument("--page-port", type=int, required=True)
    parser.add_argument("--exhibition", required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--samples", type=int, default=0)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print(json.dumps(asyncio.run(Run(options).run())))


main()
