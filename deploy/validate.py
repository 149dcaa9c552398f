"""Checks rendered manifests: schemas, and that what one object names is there in another. scripts/check-deploy starts it.

Usage: validate.py SECRETS MANIFESTS… (files of kubectl kustomize; SECRETS is what make-secrets prints)
"""
import re
import sys

import kubernetes_validate
import yaml
from cloudcoil.models.istio.networking import v1 as networking
from cloudcoil.models.istio.security import v1 as security
from cloudcoil.models.keda import v1alpha1 as keda

# The oldest and the newest Kubernetes that the manifests are for.
VERSIONS = ["1.30", "1.37"]
MODELS = {"networking.istio.io/v1": networking, "security.istio.io/v1": security, "keda.sh/v1alpha1": keda}

errors = []


def check_schema(item, where):
    """Against Kubernetes' schemas, or the models made from Istio's and KEDA's definitions; unknown fields are errors."""
    if item["apiVersion"] in MODELS:
        model = getattr(MODELS[item["apiVersion"]], item["kind"])
        try:
            parsed = model.model_validate(item)
        except ValueError as error:
            errors.append(f"{where}: {error}")
            return
        for path in unknown_fields(parsed, item):
            errors.append(f"{where}: unknown field {path}")
        return
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(item, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            errors.append(f"{where}: Kubernetes {version}: {error.message}")


def unknown_fields(parsed, item, path=""):
    """Fields of the document that the model does not have."""
    if isinstance(item, list):
        for index, (model, element) in enumerate(zip(parsed or [], item)):
            yield from unknown_fields(model, element, f"{path}[{index}]")
    if not isinstance(item, dict):
        return
    parsed = getattr(parsed, "root", parsed)
    if isinstance(parsed, list | dict) or not hasattr(type(parsed), "model_fields"):
        for key, value in item.items():
            if isinstance(parsed, dict):
                yield from unknown_fields(parsed.get(key), value, f"{path}.{key}")
        return
    names = {field.alias or name: name for name, field in type(parsed).model_fields.items()}
    for key, value in item.items():
        if key not in names:
            yield f"{path}.{key}"
        else:
            yield from unknown_fields(getattr(parsed, names[key]), value, f"{path}.{key}")


def check_references(items, secrets, where):
    """What pods, autoscalers, budgets and policies name exists."""
    def names(kind):
        return {item["metadata"].get("name") for item in items if item["kind"] == kind}

    keys = {item["metadata"]["name"]: item.get("stringData", {}) for item in secrets}
    workloads = {item["metadata"].get("name", "job"): item for item in items if item["kind"] in ("Deployment", "StatefulSet", "Job")}
    # Of each pod of a StatefulSet, and of one pod of another workload: the workload's name and the pod's labels.
    pods = [
        (name, item["spec"]["template"]["metadata"]["labels"]
         | ({"statefulset.kubernetes.io/pod-name": f"{name}-{number}"} if item["kind"] == "StatefulSet" else {}))
        for name, item in workloads.items()
        for number in range(item["spec"]["replicas"] if item["kind"] == "StatefulSet" else 1)
    ]
    services = {item["metadata"]["name"]: item for item in items if item["kind"] == "Service"}

    def expect(holds, what):
        if not holds:
            errors.append(f"{where}: {what}")

    def selects(selector):
        wanted = dict(selector.get("matchLabels", {}))
        return {
            name for name, own in pods
            if all(own.get(key) == value for key, value in wanted.items())
            and all(own.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", []))
        }

    def check_addresses(name, value):
        """Each address, HOST:PORT, is one of a Service."""
        for host, port in re.findall(r"(?:^|[@,/])([a-z][a-z0-9-]*):(\d+)", value):
            ports = {each["port"] for each in services[host]["spec"]["ports"]} if host in services else set()
            expect(int(port) in ports, f"{name}: no Service has {host}:{port}")

    for name, item in workloads.items():
        pod = item["spec"]["template"]["spec"]
        expect(pod.get("serviceAccountName", "default") in names("ServiceAccount") | {"default"}, f"{name}: no such ServiceAccount")
        for container in pod["containers"]:
            for source in container.get("envFrom", []):
                expect(source.get("configMapRef", {}).get("name") in names("ConfigMap"), f"{name}: no such ConfigMap")
            for variable in container.get("env", []):
                reference = variable.get("valueFrom", {}).get("secretKeyRef")
                # A Job of make-job is alone in its file.
                if services and variable["name"].endswith("REDIS_URL"):
                    check_addresses(name, variable["value"].split("://")[1])
                if variable["name"] in ("NODES", "PRIMARY", "SENTINELS"):
                    for host in variable["value"].split():
                        expect(host in services, f"{name}: no Service {host} in {variable['name']}")
                if reference:
                    expect(reference["key"] in keys.get(reference["name"], {}), f"{name}: make-secrets makes no {reference}")
        for volume in pod.get("volumes", []):
            if "configMap" in volume:
                expect(volume["configMap"]["name"] in names("ConfigMap"), f"{name}: no ConfigMap {volume['configMap']}")
            if "secret" in volume:
                expect(volume["secret"]["secretName"] in keys, f"{name}: make-secrets makes no {volume['secret']}")
    for item in items:
        kind, name, spec = item["kind"], item["metadata"].get("name"), item.get("spec", {})
        if kind == "Service":
            expect(selects({"matchLabels": spec["selector"]}), f"Service {name} selects no pod")
            ports = {port["name"] for each in selects({"matchLabels": spec["selector"]})
                     for port in workloads[each]["spec"]["template"]["spec"]["containers"][0]["ports"]}
            expect({port["targetPort"] for port in spec["ports"]} <= ports, f"Service {name}: no pod has its port")
        if kind in ("HorizontalPodAutoscaler", "ScaledObject"):
            expect(spec["scaleTargetRef"]["name"] in workloads, f"{kind} {name}: no such Deployment")
        if kind == "PodDisruptionBudget":
            expect(selects(spec["selector"]), f"{kind} {name} selects no pod")
        if kind == "NetworkPolicy" and workloads:
            peers = [peer for rule in spec.get("ingress", []) for peer in rule.get("from", [])]
            peers += [peer for rule in spec.get("egress", []) for peer in rule.get("to", [])]
            for selector in [spec["podSelector"]] + [peer["podSelector"] for peer in peers if "namespaceSelector" not in peer]:
                expect(selects(selector), f"{kind} {name} names pods that are not there")


def check_mesh(items, services, where):
    """Hosts and ports that the mesh's rules name are those of Services."""
    for item in items:
        for route in item.get("spec", {}).get("http", []):
            for each in route["route"]:
                destination = each["destination"]
                port = services.get(destination["host"])
                if port != destination["port"]["number"]:
                    errors.append(f"{where}: {item['metadata']['name']}: no Service {destination}")
        if item["kind"] == "DestinationRule" and item["spec"]["host"] not in services:
            errors.append(f"{where}: no Service {item['spec']['host']}")


def main(secrets_file, *files):
    secrets = list(yaml.safe_load_all(open(secrets_file)))
    for item in secrets:
        check_schema(item, secrets_file)
    services = {}
    for file in files:
        items = [item for item in yaml.safe_load_all(open(file)) if item]
        for item in items:
            check_schema(item, f"{file}: {item['kind']} {item['metadata'].get('name')}")
            if item["kind"] == "Service":
                services[item["metadata"]["name"]] = item["spec"]["ports"][0]["port"]
        check_references(items, secrets, file)
        check_mesh(items, services, file)
        print(f"{file}: {len(items)} objects")
    for error in errors:
        print(error, file=sys.stderr)
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
