#!/usr/bin/env python3
"""containers.py TREE: what can be said of packaging/compose.yaml and packaging/kubernetes without any of their tools: that they are YAML, that each
container is confined as SECURITY.md wants it, that what they mount and name is there. containers.py TREE compose|kubernetes NAME: the
command of that service or container, an argument a line. Exit status 77: no yaml module."""
import pathlib
import sys

try:
    import yaml
except ImportError:
    print("python3 has no module yaml (Debian: python3-yaml)")
    sys.exit(77)

packaging = pathlib.Path(sys.argv[1]) / "packaging"
compose = yaml.safe_load((packaging / "compose.yaml").read_text())
objects = [d for f in sorted((packaging / "kubernetes").glob("*.yaml")) for d in yaml.safe_load_all(f.read_text())]
sets = [o for o in objects if o["kind"] == "StatefulSet"]
containers = {c["name"]: (s, c) for s in sets for c in s["spec"]["template"]["spec"]["containers"]}
wrong = []


def check(holds, what):
    if not holds:
        wrong.append(what)


def of_compose():
    for name, s in compose["services"].items():
        check(s.get("read_only") is True, f"{name}: the root is not read-only")
        check(s.get("cap_drop") == ["ALL"], f"{name}: has capabilities")
        check("no-new-privileges:true" in s.get("security_opt", []), f"{name}: may gain privileges")
        check(s.get("user", "root").split(":")[0] not in ("0", "root"), f"{name}: is root")
        check("ports" not in s, f"{name}: is published to the host's network")
        for other in s.get("depends_on", {}):
            check(other in compose["services"], f"{name}: depends on {other}, which there is not")
        for secret in s.get("secrets", []):
            check(secret in compose["secrets"], f"{name}: has the secret {secret}, which there is not")
        for volume in s.get("volumes", []):
            source = volume.split(":")[0]
            check(source.startswith(".") or source in compose["volumes"], f"{name}: mounts {source}, which there is not")
        if (s.get("command") or [""])[0] == "verifier":
            check("keys" not in s["secrets"], f"{name}: has the secret keys")
            peer = s["ipc"].partition("service:")[2]
            check(compose["services"].get(peer, {}).get("ipc") == "shareable", f"{name}: shares no memory with {peer}")


def of_kubernetes():
    for s in sets:
        spec = s["spec"]["template"]["spec"]
        name, pod = s["metadata"]["name"], spec["securityContext"]
        check(pod.get("runAsNonRoot") and pod.get("runAsUser", 0) > 0, f"{name}: may be root")
        check(pod.get("seccompProfile", {}).get("type") == "RuntimeDefault", f"{name}: no seccomp")
        check(spec.get("automountServiceAccountToken") is False, f"{name}: has a token of the cluster's")
        volumes = {v["name"] for v in spec.get("volumes", []) + [t["metadata"] for t in s["spec"].get("volumeClaimTemplates", [])]}
        for v in spec.get("volumes", []):
            check("secret" not in v or v["secret"]["defaultMode"] == 0o440, f"{name}: {v['name']} is not 0440")
        for c in spec["containers"]:
            context, ports = c["securityContext"], {p["name"] for p in c.get("ports", [])}
            check(context.get("readOnlyRootFilesystem") is True, f"{c['name']}: the root is not read-only")
            check(context.get("allowPrivilegeEscalation") is False, f"{c['name']}: may gain privileges")
            check(context.get("capabilities") == {"drop": ["ALL"]}, f"{c['name']}: has capabilities")
            check("memory" in c["resources"]["limits"] and "requests" in c["resources"], f"{c['name']}: no limits")
            for mount in c["volumeMounts"]:
                check(mount["name"] in volumes, f"{c['name']}: mounts {mount['name']}, which there is not")
            for probe in ("livenessProbe", "readinessProbe"):
                check(probe in c, f"{c['name']}: no {probe}")
                get = c.get(probe, {}).get("httpGet")
                check(not get or (get["port"] in ports and get["path"] in ("/livez", "/readyz")), f"{c['name']}: {probe}")
    for o in objects:
        if o["kind"] == "Service":
            ports = {p["name"] for s in sets if s["spec"]["serviceName"] == o["metadata"]["name"]
                     for c in s["spec"]["template"]["spec"]["containers"] for p in c["ports"]}
            check({p["targetPort"] for p in o["spec"]["ports"]} <= ports, f"{o['metadata']['name']}: a port nobody has")


if len(sys.argv) > 2:
    kind, name = sys.argv[2:]
    print("\n".join(compose["services"][name]["command"] if kind == "compose" else containers[name][1]["args"]))
    sys.exit()
of_compose()
of_kubernetes()
print("\n".join(wrong) or f"{len(compose['services'])} services, {len(objects)} objects")
sys.exit(bool(wrong))
