"""What the trials have in common: processes on free ports of 127.0.0.1, in a temporary folder, stopped at the end."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

failed = []


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def bearer(token):
    return {"Authorization": f"Bearer {token}"} if token else {}


def get(url, token=None):
    with urllib.request.urlopen(urllib.request.Request(url, headers=bearer(token)), timeout=5) as response:
        return response.read().decode()


def status(url, token=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=bearer(token)), timeout=5) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def post(url, body, token=None):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json", **bearer(token)})
    with urllib.request.urlopen(request, timeout=5) as response:
        return json.load(response)


def wait_for(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except OSError:
            pass
        if time.monotonic() > end:
            sys.exit(f"trial: {what} did not become ready within {seconds} s")
        time.sleep(0.05)


def expect(holds, what):
    print(f"    {'ok' if holds else 'FAILED'}: {what}")
    if not holds:
        failed.append(what)


class Processes:
    def __init__(self, folder):
        self.folder, self.processes = folder, []

    def start(self, name, command, environment=None):
        log = open(self.folder / f"{name}.log", "ab")
        process = subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder, env={**os.environ, **(environment or {})})
        self.processes.append(process)
        return process

    def stop(self, process):
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.remove(process)

    def stop_all(self):
        for process in reversed(list(self.processes)):
            self.stop(process)


def trial(make, run):
    """Calls run(make(folder)), where make gives Processes, stops them all, and exits 1 if an expectation failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("trial: stopped"))
    with tempfile.TemporaryDirectory(prefix="trial.") as name:
        processes = make(pathlib.Path(name))
        try:
            run(processes)
        finally:
            processes.stop_all()
    if failed:
        sys.exit("trial: " + "; ".join(failed))
