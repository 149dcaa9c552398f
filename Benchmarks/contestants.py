"""What is compared. Each contestant is a function of the settings that returns its figures of one round."""

import socket
import threading
import time
from pathlib import Path

import load
from floor import calls, floor
from measuring import Stretch, backlog, page_is_confirmed, wait_until_caught_up
from museum import Museum
from processes import HERE, BenchError, Stage, free_port, http
from redis_client import Redis, encode

CATCH_UP = 120  # seconds


def fill(stage, source, **values):
    """Copies a configuration file of a peer into the stage's folder with its capitalized words replaced."""
    text = (HERE / "peers" / source).read_text()
    for word, value in {"FOLDER": stage.folder, "PEERS": HERE / "peers", **values}.items():
        text = text.replace(word, str(value))
    path = stage.folder / Path(source).name
    path.write_text(text)
    return path


def expect(stage, port, method, path, body=None, contains=""):
    """One request before the load, so that a contestant that does not work fails with what it answers."""
    status, answer = http(port, method, path, body)
    if not 200 <= status < 300 or contains not in answer:
        raise BenchError(f"{stage.name}: {method} {path[:60]} answered {status}: {answer[:160].strip()}")


def order(visitor):
    return '{"museumId":"a1","visitor":"%s","seats":1}' % visitor


# --- The museum


class BacklogWatch:
    """Samples how many deliveries wait, twice a second, while the load runs."""

    def __init__(self, stage):
        self.samples = []
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(stage.redis_port,), daemon=True)
        self.thread.start()

    def run(self, port):
        redis = Redis(port)
        while not self.done.wait(0.5):
            self.samples.append(backlog(redis, calls.STREAMS))
        redis.close()

    def end(self):
        self.done.set()
        self.thread.join()
        return self.samples


def booked(settings, name, split):
    with Stage(name) as stage:
        stage.start_redis()
        museum = Museum(stage, settings.program, split)
        exhibition = museum.register()
        port = museum.ports["gateway" if split else "book"]
        is_confirmed = page_is_confirmed(museum.ports["mypage"])
        load.wrk(name, port, "", settings.warm_up, "book.lua", {"EXHIBITION": exhibition})
        wait_until_caught_up(stage, calls.STREAMS, is_confirmed, CATCH_UP)

        before = museum.bookings(exhibition)
        stretch = Stretch(stage, museum.servers)
        watch = BacklogWatch(stage)
        result = load.wrk(name, port, "", settings.seconds, "book.lua", {"EXHIBITION": exhibition})
        load_end = time.monotonic()
        samples = watch.end()
        wait_until_caught_up(stage, calls.STREAMS, is_confirmed, CATCH_UP)
        catch_up = time.monotonic() - load_end
        bookings = museum.bookings(exhibition) - before
        result |= stretch.end(bookings)
        result |= {
            "backlog_samples": samples, "catch_up_seconds": catch_up,
            "processed_rate": bookings / (load_end - stretch.began + catch_up),
        }
        return result


def one_process(settings):
    """All roles in one process; the load goes to Book's port."""
    return booked(settings, "one-process", split=False)


def five_processes(settings):
    """One process for each role; the load goes to the gateway."""
    return booked(settings, "five-processes", split=True)


def synchronous(settings):
    """All roles in one process, while Redis delivers no events: what a request costs until its response."""
    with Stage("synchronous") as stage:
        stage.start_redis()
        museum = Museum(stage, settings.program)
        exhibition = museum.register()
        museum.book(exhibition)
        museum.stop_consumers()
        load.wrk(stage.name, museum.ports["book"], "", settings.warm_up, "book.lua", {"EXHIBITION": exhibition})
        before = museum.bookings(exhibition)
        stretch = Stretch(stage, museum.servers)
        result = load.wrk(
            stage.name, museum.ports["book"], "", settings.seconds, "book.lua", {"EXHIBITION": exhibition})
        result |= stretch.end(museum.bookings(exhibition) - before)
        admissions = stage.redis.call("ZCARD", f"confirm:{{a}}:{exhibition}:index")
        if admissions > 2:
            raise BenchError(f"synchronous: {admissions} admissions were written; the consumers must not run here")
        return result


def reads(settings):
    """GET /museums/{id} at Museum's port and GET /myPages/{id} at MyPage's."""
    with Stage("reads") as stage:
        stage.start_redis()
        museum = Museum(stage, settings.program)
        exhibition = museum.register()
        booking = museum.book(exhibition)
        wait_until_caught_up(stage, calls.STREAMS, page_is_confirmed(museum.ports["mypage"]), CATCH_UP)
        figures = {}
        for name, role, path in (
            ("museums", "museum", f"/museums/{exhibition}"), ("myPages", "mypage", f"/myPages/{booking}")):
            load.wrk("reads", museum.ports[role], path, settings.warm_up)
            stretch = Stretch(stage, museum.servers)
            result = load.wrk("reads", museum.ports[role], path, settings.seconds)
            result |= stretch.end(result["requests"])
            figures |= {f"{name}_{key}": value for key, value in result.items()}
        return figures


def one_client(settings):
    """POST /books from one client, against two scripts in a row on one connection: both wait for the disk."""
    with Stage("one-client") as stage:
        stage.start_redis()
        museum = Museum(stage, settings.program)
        exhibition = museum.register()
        shas = calls.load(stage.redis)
        calls.put_exhibition(stage.redis, tag="{bare}")
        bare, through = [], []
        # Ten stretches of each in turn, because the disk's speed changes within seconds.
        for turn in range(10):
            through += posts(museum.ports["book"], exhibition, turn, settings.seconds / 20)
            wait_until_caught_up(stage, calls.STREAMS, page_is_confirmed(museum.ports["mypage"]), CATCH_UP)
            bare += pairs(stage.redis, shas, turn, settings.seconds / 20)
        return {
            "p50": middle(through), "bare_p50": middle(bare), "requests": len(through), "bare_requests": len(bare)}


def posts(port, exhibition, turn, seconds):
    times = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            body = '{"museumId":"%s","visitor":"one%d-%d","seats":1}' % (exhibition, turn, len(times))
            request = (
                "POST /books HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (len(body), body)).encode()
            start = time.monotonic()
            connection.sendall(request)
            answer = connection.recv(65536)
            while b"\r\n\r\n" not in answer or not answer.endswith(b"}"):
                answer += connection.recv(65536)
            times.append(time.monotonic() - start)
            if not answer.startswith(b"HTTP/1.1 201"):
                raise BenchError(f"one-client: POST /books answered {answer[:60]!r}")
    return times


def pairs(redis, shas, turn, seconds):
    """The reserve script twice, each waiting for its reply: two writes with fsync."""
    times = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        commands = [
            encode(*calls.bare_reserve(shas["museum_reserve"], f"bare-{turn}-{len(times)}-{half}")) for half in (1, 2)]
        start = time.monotonic()
        for command in commands:
            redis.send(command)
            redis.reply()
        times.append(time.monotonic() - start)
    return times


def middle(seconds):
    return 1000 * sorted(seconds)[len(seconds) // 2] if seconds else None


def half_load(settings):
    """An open loop at half the rate that one process has reached: when does MyPage show a booking?"""
    def offer(stage, museum, exhibition, rate):
        return load.open_loop(
            museum.ports["book"], museum.ports["mypage"], exhibition, rate, settings.seconds, int(100 * settings.seconds))

    return at_rate(settings, "half-load", 0.5, offer)


def double_load(settings):
    """An open loop at twice the rate that one process has reached: how many bookings are made all the same?"""
    def offer(stage, museum, exhibition, rate):
        # Longer than the others: making 4,000 connections is a part of it.
        return load.overload(museum.ports["book"], exhibition, rate, 2 * settings.seconds, stage.folder)

    return at_rate(settings, "double-load", 2.0, offer)


def at_rate(settings, name, share, offer):
    if settings.best_rate is None:
        raise BenchError(f"{name} needs the rate of one-process; name both in --only")
    with Stage(name) as stage:
        stage.start_redis()
        museum = Museum(stage, settings.program)
        exhibition = museum.register()
        is_confirmed = page_is_confirmed(museum.ports["mypage"])
        load.wrk(name, museum.ports["book"], "", settings.warm_up, "book.lua", {"EXHIBITION": exhibition})
        wait_until_caught_up(stage, calls.STREAMS, is_confirmed, CATCH_UP)
        before = museum.bookings(exhibition)
        rate = settings.best_rate * share
        result = offer(stage, museum, exhibition, rate)
        load_end = time.monotonic()
        wait_until_caught_up(stage, calls.STREAMS, is_confirmed, CATCH_UP)
        catch_up = time.monotonic() - load_end
        bookings = museum.bookings(exhibition) - before
        return result | {
            "rate": rate, "created_rate": result["created"] / result["seconds"], "catch_up_seconds": catch_up,
            "processed_rate": bookings / (result["all_seconds"] + catch_up), "best_rate": settings.best_rate,
        }


# --- Peers


def webdis(settings):
    """webdis: bare EVALSHA of museum_reserve, then HGETALL of an exhibition."""
    with Stage("webdis") as stage:
        redis = stage.start_redis()
        shas = calls.load(redis)
        calls.put_exhibition(redis)
        port = free_port()
        config = fill(stage, "webdis/webdis.json", REDIS_PORT=stage.redis_port, HTTP_PORT=port)
        process = stage.start("webdis", ["webdis", config])
        stage.wait_for_http(process, port, "/PING")
        target = "/" + "/".join(
            str(part).replace("{", "%7B").replace("}", "%7D")
            for part in calls.reserve(shas["museum_reserve"], [("BOOKING", "VISITOR")]))
        expect(stage, port, "GET", target.replace("BOOKING", "a1-x").replace("VISITOR", "x"), contains="RESERVED")
        load.wrk("webdis", port, "", settings.warm_up, "webdis.lua", {"TARGET": target})
        before = redis.call("HLEN", "museum:{a}:a1:seats")
        stretch = Stretch(stage, [process])
        result = load.wrk("webdis", port, "", settings.seconds, "webdis.lua", {"TARGET": target})
        result |= stretch.end(redis.call("HLEN", "museum:{a}:a1:seats") - before)
        figures = result

        path = "/HGETALL/museum:%7Ba%7D:a1"
        expect(stage, port, "GET", path, contains="Monet")
        load.wrk("webdis", port, path, settings.warm_up)
        stretch = Stretch(stage, [process])
        result = load.wrk("webdis", port, path, settings.seconds)
        result |= stretch.end(result["requests"])
        return figures | {f"hgetall_{key}": value for key, value in result.items()}


def nginx(settings):
    """nginx with Lua: the same JSON in and out and the same reserve script over pooled connections."""
    with Stage("nginx") as stage:
        redis = stage.start_redis()
        shas = calls.load(redis)
        calls.put_exhibition(redis)
        port = free_port()
        modules = next((folder for folder in ("/usr/lib/nginx/modules", "/usr/share/nginx/modules")
                        if Path(folder, "ngx_http_lua_module.so").exists()), None)
        if not modules:
            raise BenchError("nginx: ngx_http_lua_module.so is missing; install libnginx-mod-http-lua")
        config = fill(
            stage, "nginx/nginx.conf", REDIS_PORT=stage.redis_port, HTTP_PORT=port, MODULES=modules,
            RESERVE_SHA=shas["museum_reserve"])
        stage.folder.chmod(0o755)  # the workers may run as another user
        process = stage.start("nginx", ["nginx", "-c", config, "-p", stage.folder, "-e", stage.folder / "nginx-error.log"],
                              {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"})
        return booked_by_peer(settings, stage, [process], process, port)


def booked_by_peer(settings, stage, servers, process, port, streams=None):
    redis = stage.redis
    stage.wait_for(process, lambda: connects(port))
    expect(stage, port, "POST", "/books", order("x"), '"REQUESTED"')
    load.wrk(stage.name, port, "", settings.warm_up, "book.lua", {"EXHIBITION": calls.EXHIBITION})
    if streams:
        wait_until_caught_up(stage, streams, lambda booking: row_is_confirmed(redis, booking), CATCH_UP)
    before = redis.call("HLEN", "museum:{a}:a1:seats")
    stretch = Stretch(stage, servers)
    result = load.wrk(stage.name, port, "", settings.seconds, "book.lua", {"EXHIBITION": calls.EXHIBITION})
    load_end = time.monotonic()
    if streams:
        wait_until_caught_up(stage, streams, lambda booking: row_is_confirmed(redis, booking), CATCH_UP)
    catch_up = time.monotonic() - load_end
    bookings = redis.call("HLEN", "museum:{a}:a1:seats") - before
    result |= stretch.end(bookings)
    if streams:
        result |= {"catch_up_seconds": catch_up, "processed_rate": bookings / (load_end - stretch.began + catch_up)}
    return result


def row_is_confirmed(redis, booking):
    return redis.call("HGET", f"mypage:{{a}}:{booking}", "admission") == "CONFIRMED"


def connects(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def fastapi(settings):
    """FastAPI, uvicorn with two workers, redis-py; the consumer groups in a process of their own."""
    with Stage("fastapi") as stage:
        redis = stage.start_redis()
        calls.put_exhibition(redis)
        port = free_port()
        environment = {
            "REDIS_URL": stage.redis_url, "RESERVE_SCRIPT": str(calls.SCRIPTS / "museum_reserve.lua"),
            "PYTHONPATH": str(HERE / "peers" / "fastapi"), "PYTHONDONTWRITEBYTECODE": "1"}
        python = Path(settings.venv) / "bin" / "python"
        consumers = stage.start("consumers", [python, HERE / "peers" / "fastapi" / "consumers.py"], environment)
        server = stage.start("uvicorn", [
            python, "-m", "uvicorn", "app:app", "--host", "127.0.0.1", "--port", port, "--workers", 2, "--no-access-log",
            "--log-level", "warning"], environment)
        stage.wait_for_http(server, port, "/livez")
        streams = {service: calls.STREAMS[service] for service in ("museum", "book", "confirm")}
        return booked_by_peer(settings, stage, [server, consumers], server, port, streams)


def redis_benchmark(settings):
    """redis-benchmark of museum_reserve: 64 clients, one by one and 16 in a pipeline."""
    figures = {}
    with Stage("redis-benchmark") as stage:
        redis = stage.start_redis()
        shas = calls.load(redis)
        calls.put_exhibition(redis)
        command = calls.reserve(shas["museum_reserve"], [("a1-__rand_int__", "visitor")])
        for pipeline in (1, 16):
            stretch = Stretch(stage)
            result = load.redis_benchmark(stage.redis_port, settings.seconds / 2, pipeline, command)
            result |= stretch.end(result["requests"])
            figures |= {f"p{pipeline}_{key}": value for key, value in result.items()}
    return figures


def redis_floor(settings):
    """The same scripts and deliveries in batches of 64 from a client that does nothing else."""
    with Stage("floor") as stage:
        stage.start_redis()
        stretch = Stretch(stage)
        made = floor.run(stage.redis_port, settings.seconds)
        result = stretch.end(made)
        return result | {"rate": made / result["stretch_seconds"]}


def nio(settings):
    """A plain NIO handler with a constant response of a booking's size."""
    with Stage("nio") as stage:
        stage.start_redis()
        port = free_port()
        process = stage.start("plain-nio", [settings.nio, port])
        stage.wait_for_http(process, port, "/")
        load.wrk("nio", port, "", settings.warm_up, "book.lua")
        stretch = Stretch(stage, [process])
        result = load.wrk("nio", port, "", settings.seconds, "book.lua")
        return result | stretch.end(result["requests"])


# In this order they run, so that what is compared runs close together.
ALL = {
    "webdis": webdis, "synchronous": synchronous, "nginx": nginx, "one-process": one_process, "fastapi": fastapi,
    "five-processes": five_processes, "floor": redis_floor, "nio": nio, "reads": reads, "redis-benchmark": redis_benchmark,
    "one-client": one_client, "half-load": half_load, "double-load": double_load,
}
