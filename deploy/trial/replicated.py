"""Starts what an overlay with several Redis pods says as processes of this machine: nodes, Sentinels, the Job and the roles. Books, kills
the primary, books again, and audits. scripts/manifests-trial starts it in network and mount namespaces of its own.

Usage: replicated.py PROGRAM MANIFESTS SECRETS HOSTS (the file that is mounted at /etc/hosts)
"""
import pathlib
import subprocess
import sys
import time
import urllib.error

from manifests import PORTS, Deployment
from processes import expect, get, post, status, trial, wait_for


class Replicated(Deployment):
    def __init__(self, program, manifests, secrets, hosts, folder):
        super().__init__(program, manifests, secrets, folder)
        self.nodes = {}
        names = [f"{kind}-{number}" for kind in ("redis", "sentinel") for number in range(self.replicas(kind))]
        # Services have addresses that stay.
        self.addresses = {name: f"127.0.2.{number + 1}" for number, name in enumerate(names)}
        pathlib.Path(hosts).write_text("127.0.0.1 localhost\n" + "".join(f"{self.addresses[name]} {name}\n" for name in names))
        (folder / "sentinel-users.acl").write_text(self.secrets["sentinel-acl"]["sentinel-users.acl"])

    def replicas(self, kind):
        return sum(item["spec"]["replicas"] for item in self.items if item["kind"] == "StatefulSet" and item["metadata"]["name"] == kind)

    def command(self, container, environment):
        words = [word.replace("/opt/museum", str(self.folder)) for word in container["command"]]
        return [environment.get(word[2:-1], word) if word.startswith("$(") else word for word in words]

    def start_node(self, name):
        container = self.container("StatefulSet", name.split("-")[0])
        data = self.folder / f"data-{name}"
        data.mkdir(exist_ok=True)
        environment = self.environment(container, name) | {
            "SECRETS": str(self.folder), "DATA": str(data), "REDIS_CONF": str(self.folder / "redis.conf")}
        self.nodes[name] = self.start(name, [*self.command(container, environment), "--bind", self.addresses[name]], environment)

    def is_ready(self, name):
        """By the readiness probe of its pod."""
        container = self.container("StatefulSet", name.split("-")[0])
        probe = [word.replace("redis-cli", f"redis-cli -h {name}") for word in container["readinessProbe"]["exec"]["command"]]
        environment = {"PATH": "/usr/bin:/bin", **self.environment(container, name)}
        return subprocess.run(probe, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def create_cluster(self):
        container = self.container("Job", "create-cluster")
        environment = {"PATH": "/usr/bin:/bin", **self.environment(container, "create-cluster")}
        return subprocess.run(self.command(container, environment), env=environment, stdout=subprocess.DEVNULL).returncode

    def redis(self, node, *words):
        command = ["redis-cli", "-h", node, "--user", "operator", "--no-auth-warning", *words]
        return subprocess.run(command, env={"PATH": "/usr/bin:/bin", "REDISCLI_AUTH": self.secrets["redis-passwords"]["operator"]},
                              capture_output=True, text=True).stdout.strip()

    def primary(self, key, but=""):
        """The node that has the key and is a primary."""
        for name in self.nodes:
            # In a cluster another node answers MOVED, a replica too.
            if name.startswith("redis") and name != but and self.redis(name, "role").startswith("master") \
                    and self.redis(name, "exists", key) == "1":
                return name
        return None


def run(deployment):
    for name in deployment.addresses:
        deployment.start_node(name)
    if any(item["kind"] == "Job" for item in deployment.items):
        expect(deployment.create_cluster() == 0, "the Job has made the cluster")
        expect(deployment.create_cluster() == 0, "once more it changes nothing")
    for name in deployment.addresses:
        wait_for(lambda: deployment.is_ready(name), name)
    roles = {role: deployment.start_role(role) for role in PORTS}
    for role in roles:
        deployment.wait_until_ready(role)
    print(f"{', '.join(deployment.addresses)} and the roles are ready, by their readiness probes")

    gateway = f"http://127.0.0.1:{deployment.ports['gateway']}"
    staff = deployment.token("staff", "mina")
    museum = post(f"{gateway}/museums", {"hall": "A hall", "date": "2099-12-24", "capacity": 1000}, staff)["id"]

    def book():
        try:
            return post(f"{gateway}/books", {"museumId": museum, "visitor": "kim"}, staff)["id"]
        except urllib.error.HTTPError:
            return None

    booked = [book() for _ in range(20)]
    expect(None not in booked, "20 bookings were made")
    key = f"museum:{{{museum.rstrip('0123456789')}}}:{museum}"
    primary = deployment.primary(key)
    start = time.monotonic()
    deployment.nodes[primary].kill()
    deployment.nodes[primary].wait()
    wait_for(lambda: deployment.primary(key, but=primary), "another primary")
    print(f"{primary} was killed; {deployment.primary(key, but=primary)} was the primary {time.monotonic() - start:.1f} s later")
    # With a replica each, a primary of a cluster has none until the killed node is back.
    deployment.start_node(primary)
    wait_for(lambda: booked.append(book()) or booked[-1], "a booking")
    print(f"the first booking was made {time.monotonic() - start:.1f} s after the kill")
    wait_for(lambda: "connected" in deployment.redis(primary, "role").split(), f"{primary} as a replica", 60)
    seen = [status(f"{gateway}/books/{booking}", staff) for booking in booked if booking]
    expect(set(seen) == {200}, f"{primary} is back as a replica; each of {len(seen)} bookings that got 201 is there")

    operator = deployment.environment(deployment.container("Deployment", "gateway"), "gateway")["OPERATOR_REDIS_URL"]
    audit = subprocess.run([deployment.program, "audit", "--wait", "30s", "--redis-url", operator], capture_output=True, text=True)
    expect(audit.returncode == 0, f"audit: {(audit.stdout + audit.stderr).strip()}")
    denied = {name: deployment.redis(name, "acl", "log") for name in deployment.nodes if name.startswith("redis")}
    expect(set(denied.values()) == {""}, f"no user lacked a right: {' '.join(denied.values())[:300]}")


if __name__ == "__main__":
    trial(lambda folder: Replicated(*sys.argv[1:], folder), run)
