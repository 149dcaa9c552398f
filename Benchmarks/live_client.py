"""Many clients of a live stream in one process: connects them, reads what comes, and counts.

It writes "ready" once all have got their first bytes, goes on until its stdin is closed, and then writes one JSON object to stdout.
The clients have several source addresses, as the clients of a museum do: a port takes 4,096 connections of one address.
"""

import argparse
import json
import resource
import select
import socket
import sys
import time

CLIENTS_OF_ADDRESS = 1000
REQUEST = b"GET /museums/stream HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--clients", type=int, required=True)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    poll = select.epoll()
    clients = {}
    waiting = set()
    for number in range(options.clients):
        client = socket.socket()
        client.bind((f"127.0.0.{2 + number // CLIENTS_OF_ADDRESS}", 0))
        client.connect(("127.0.0.1", options.port))
        client.sendall(REQUEST)
        client.setblocking(False)
        clients[client.fileno()] = client
        waiting.add(client.fileno())
        poll.register(client.fileno(), select.EPOLLIN)
    poll.register(sys.stdin.fileno(), select.EPOLLIN)
    events = received = closed = 0
    is_ready = False
    buffer = bytearray(1 << 16)
    began = None
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == sys.stdin.fileno():
                usage = resource.getrusage(resource.RUSAGE_SELF)
                print(json.dumps({
                    "clients": options.clients, "closed": closed, "messages": events, "bytes": received,
                    "seconds": time.monotonic() - (began or time.monotonic()),
                    "client_cpu_seconds": usage.ru_utime + usage.ru_stime}))
                return
            count = clients[descriptor].recv_into(buffer)
            if count == 0:
                closed += 1
                poll.unregister(descriptor)
                clients[descriptor].close()
                continue
            received += count
            events += buffer.count(b"\ndata: ", 0, count)
            waiting.discard(descriptor)
        if not waiting and not is_ready:
            is_ready = True
            began = time.monotonic()
            events = received = 0
            print("ready", flush=True)


main()
