"""Starts what the rendered manifests say as processes of this machine: Redis with its command and users, and each role with its
arguments and environment. Tries tokens, books, kills Redis and a role, and audits. scripts/manifests-trial starts it.

Only addresses are others here: 127.0.0.1 and free ports in place of the Services' names.
"""
import json
import subprocess
import sys
import time

import yaml

from processes import Processes, expect, free_port, get, post, status, trial, wait_for

PORTS = {"book": 8081, "museum": 8082, "confirm": 8083, "mypage": 8084, "gateway": 8080}


class Deployment(Processes):
    def __init__(self, program, manifests, secrets, folder):
        super().__init__(folder)
        self.program = program
        self.items = list(yaml.safe_load_all(open(manifests)))
        self.secrets = {item["metadata"]["name"]: item["stringData"] for item in yaml.safe_load_all(open(secrets))}
        self.ports = {name: free_port() for name in PORTS}
        self.redis_port = free_port()
        for item in self.named("StatefulSet", "redis")["spec"]["template"]["spec"]["volumes"]:
            if "configMap" in item:
                for name, text in self.named("ConfigMap", item["configMap"]["name"])["data"].items():
                    (folder / name).write_text(text)
            if "secret" in item:
                (folder / "users.acl").write_text(self.secrets[item["secret"]["secretName"]]["users.acl"])
        (folder / "data").mkdir()

    def named(self, kind, name):
        return next(item for item in self.items if item["kind"] == kind and item["metadata"]["name"] == name)

    def container(self, kind, name):
        return self.named(kind, name)["spec"]["template"]["spec"]["containers"][0]

    def environment(self, container, pod):
        """As the kubelet makes it."""
        made = {}
        for source in container.get("envFrom", []):
            made.update(self.named("ConfigMap", source["configMapRef"]["name"])["data"])
        for variable in container["env"]:
            source = variable.get("valueFrom", {})
            if "secretKeyRef" in source:
                made[variable["name"]] = self.secrets[source["secretKeyRef"]["name"]][source["secretKeyRef"]["key"]]
            elif "fieldRef" in source:
                made[variable["name"]] = pod
            else:
                value = variable["value"]
                for name in made:
                    value = value.replace(f"$({name})", made[name])
                made[variable["name"]] = value
        return made

    def start_redis(self):
        container = self.container("StatefulSet", "redis")
        script = container["command"][2].replace("/etc/redis/acl/users.acl", str(self.folder / "users.acl"))
        script = script.replace("/etc/redis/redis.conf", str(self.folder / "redis.conf")).replace("/data", str(self.folder / "data"))
        script = script.replace("--maxmemory", f"--bind 127.0.0.1 --port {self.redis_port} --maxmemory")
        environment = self.environment(container, "redis-0")
        process = self.start("redis", ["sh", "-c", script], environment)
        probe = container["readinessProbe"]["exec"]["command"]
        probe = [*probe[:2], probe[2].replace("redis-cli", f"redis-cli -p {self.redis_port}")]
        wait_for(lambda: subprocess.run(probe, env={"PATH": "/usr/bin:/bin", **environment}, stderr=subprocess.DEVNULL).returncode == 0, "redis")
        return process

    def start_role(self, role):
        container = self.container("Deployment", role)
        environment = self.environment(container, f"{role}-7c9d8f6b5-x2x4k")
        environment["BIND_ADDRESS"] = "127.0.0.1"
        environment[f"{role.upper()}_PORT"] = str(self.ports[role])
        for name, value in environment.items():
            value = value.replace("@redis:6379", f"@127.0.0.1:{self.redis_port}")
            for other, port in PORTS.items():
                value = value.replace(f"http://{other}:{port}", f"http://127.0.0.1:{self.ports[other]}")
            environment[name] = value
        return self.start(role, [self.program, *container["args"]], environment)

    def wait_until_ready(self, role):
        path = self.container("Deployment", role)["readinessProbe"]["httpGet"]["path"]
        wait_for(lambda: get(f"http://127.0.0.1:{self.ports[role]}{path}") == "ready\n", role)

    def token(self, role, subject):
        """As `kubectl exec deployment/gateway -- skmuseum token` prints it."""
        environment = {"AUTH_SECRET": self.environment(self.container("Deployment", "gateway"), "gateway")["AUTH_SECRET"]}
        command = [self.program, "token", "--role", role, "--subject", subject]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()

    def page(self, booking, token):
        return json.loads(get(f"http://127.0.0.1:{self.ports['gateway']}/myPages/{booking}", token))


def run(deployment):
    # In a cluster nothing waits for anything: the roles start while Redis does not answer yet.
    roles = {role: deployment.start_role(role) for role in PORTS}
    for role in roles:
        wait_for(lambda: get(f"http://127.0.0.1:{deployment.ports[role]}/livez"), role)
    redis = deployment.start_redis()
    print("Redis is ready, by its readiness probe")
    for role in roles:
        deployment.wait_until_ready(role)
    print("book, museum, confirm, mypage and gateway are ready, by their readiness probes")

    gateway = f"http://127.0.0.1:{deployment.ports['gateway']}"
    staff, visitor, admin = (deployment.token(*who) for who in [("staff", "mina"), ("visitor", "kim"), ("admin", "ops")])
    museum = post(f"{gateway}/museums", {"hall": "A hall", "date": "2099-12-24", "capacity": 20}, staff)["id"]
    booking = post(f"{gateway}/books", {"museumId": museum, "visitor": "kim", "seats": 2}, visitor)["id"]
    wait_for(lambda: deployment.page(booking, visitor).get("admission") == "CONFIRMED", "the admission")
    print(f"booked {booking} through the gateway; its admission is CONFIRMED")

    paths = [f"/books/{booking}", "/books", "/metrics", "/admin/dead-letters"]
    seen = [[status(gateway + path, token) for path in paths] for token in [None, visitor, staff, admin]]
    expect(seen == [[401] * 4, [200, 403, 403, 403], [200, 200, 403, 403], [200] * 4],
           f"{', '.join(paths)} answer without token, to the visitor, to staff, to an admin: {seen}")
    with_annotation = [role for role in PORTS if deployment.named("Deployment", role)
                       ["spec"]["template"]["metadata"]["annotations"].get("prometheus.io/scrape") == "true"]
    scraped = [status(f"http://127.0.0.1:{deployment.ports[role]}/metrics") for role in with_annotation]
    expect(scraped == [200] * 4, f"metrics of {', '.join(with_annotation)}, by their annotations, without token: {scraped}")

    redis.kill()
    redis.wait()
    deployment.start_redis()
    wait_for(lambda: deployment.page(booking, visitor)["status"] == "REQUEST_COMPLETED", "the booking after Redis was killed")
    left = json.loads(get(f"{gateway}/museums/{museum}"))["available"]
    expect(left == 18, f"Redis was killed and started again: the booking stands, {left} of 20 seats are left")

    roles["confirm"].kill()
    roles["confirm"].wait()
    second = post(f"{gateway}/books", {"museumId": museum, "visitor": "lee"}, staff)["id"]
    roles["confirm"] = deployment.start_role("confirm")
    wait_for(lambda: deployment.page(second, staff).get("admission") == "CONFIRMED", "the admission after Confirm was killed")
    expect(True, "Confirm was killed: booking went on, and the admission followed when it was back")

    password = deployment.secrets["redis-passwords"]["operator"]
    audit = subprocess.run(
        [deployment.program, "audit", "--wait", "30s", "--redis-url", f"redis://operator:{password}@127.0.0.1:{deployment.redis_port}"],
        capture_output=True, text=True)
    expect(audit.returncode == 0, f"audit: {(audit.stdout + audit.stderr).strip()}")

    grace = deployment.named("Deployment", "book")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    start = time.monotonic()
    for process in roles.values():
        process.terminate()
    codes = {role: process.wait(grace) for role, process in roles.items()}
    expect(set(codes.values()) == {0}, f"all roles ended by themselves, {time.monotonic() - start:.1f} s of {grace} s after SIGTERM")


if __name__ == "__main__":
    trial(lambda folder: Deployment(*sys.argv[1:], folder), run)
