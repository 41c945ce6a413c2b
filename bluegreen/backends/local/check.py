"""Whether a rollout can run on one machine, said before anything is started."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from bluegreen.backends.local.findings import Findings
from bluegreen.backends.local.findings import Path as Place
from bluegreen.backends.local.pod import Pod, container_port, read_pod
from bluegreen.errors import Problem
from bluegreen.spec import JSON, ProbeSpec, Rollout, Service

LISTEN: Place = ("spec", "policy", "local", "listen")
_CAP_NET_BIND_SERVICE = 10


@frozen
class Plan:
    """A rollout as one machine runs it. `listen` gives each Service that has a slot its `host:port`."""

    pod: Pod
    port: int | None
    listen: Mapping[str, str]
    probe: ProbeSpec | None


def check(rollout: Rollout, *, lowest_port: int | None = None) -> tuple[list[Problem], list[Problem]]:
    """All that forbids running the rollout here, and all that is ignored here. Starts nothing, changes nothing.

    `lowest_port`: the first port that may be listened on; None asks the system.
    """
    _, found = plan(rollout, lowest_port=lowest_port)
    return found.problems, found.warnings


def plan(rollout: Rollout, *, lowest_port: int | None = None) -> tuple[Plan | None, Findings]:
    """How to run the rollout here; None when something forbids it."""
    found = Findings()
    port = _main_port(rollout, found)
    pod, about_pod = read_pod(rollout.template, command=rollout.policy.local.command, port=port)
    found.problems.extend(about_pod.problems)
    found.warnings.extend(about_pod.warnings)
    listen = _listen(rollout, found, first_free_port() if lowest_port is None else lowest_port)
    if rollout.strategy.anti_affinity:
        path = ("spec", "strategy", "blueGreen", "antiAffinity")
        found.warnings.append(Problem(path, "it tunes a cluster and is ignored on one machine"))
    probe = _probe(rollout, found)
    if pod is None or found.problems:
        return None, found
    return Plan(pod, port, listen, probe), found


def slots(rollout: Rollout) -> list[str]:
    """The Services that carry traffic: the active one, and the preview one if there is any."""
    strategy = rollout.strategy
    return [name for name in (strategy.active_service, strategy.preview_service) if name]


def first_free_port() -> int:
    """The lowest port that this process may listen on."""
    try:
        capabilities = next(
            line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff:")
        )
        if int(capabilities.split()[1], 16) >> _CAP_NET_BIND_SERVICE & 1:
            return 1
        return int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    except (OSError, ValueError, StopIteration):
        return 1 if os.geteuid() == 0 else 1024


def split_address(address: str) -> tuple[str, int] | None:
    """`host:port` (`[::1]:80`, `:80` for every interface) as its parts; None when it is not one."""
    host, colon, port = address.rpartition(":")
    bare = host.strip("[]")
    if not colon or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        return None
    if (":" in bare) != host.startswith("[") or any(letter in bare for letter in " /{}|\0"):
        return None
    return bare, int(port)


def _service(rollout: Rollout, name: str) -> Service | None:
    return next((one for one in rollout.services if one.name == name), None)


def _main_port(rollout: Rollout, found: Findings) -> int | None:
    """The container port that the Services lead to, which becomes each replica's own port."""
    containers = (rollout.template.get("spec") or {}).get("containers") or [{}]
    container: Mapping[str, JSON] = containers[0] if isinstance(containers[0], Mapping) else {}
    main: int | None = None
    for name in slots(rollout):
        service = _service(rollout, name)
        first = next(iter(service.ports), None) if service else None
        if service is None or first is None:
            continue
        path: Place = ("Service", name, "spec", "ports")
        if len(service.ports) > 1:
            message = f"Service {name} has {len(service.ports)} ports, and a replica has one port here"
            found.refuse(path, message, "keep the one that serves requests")
        target = container_port(container, first.target_port)
        if target is None:
            message = f"no port of the container is named {first.target_port!r}"
            found.refuse((*path, 0, "targetPort"), message)
        elif main is not None and target != main:
            message = f"leads to port {target} and the active Service to {main}: a replica has one port here"
            found.refuse((*path, 0, "targetPort"), message, "let both lead to the same port")
        main = main if main is not None else target
    return main


def _listen(rollout: Rollout, found: Findings, lowest: int) -> dict[str, str]:
    given, addresses = rollout.policy.local.listen, dict[str, str]()
    wrong: list[tuple[Place, str]] = []
    for name in given:
        if name not in slots(rollout):
            known = " and ".join(slots(rollout))
            found.refuse((*LISTEN, name), f"no Service of this rollout is named {name!r}", f"there is {known}")
    for name in slots(rollout):
        service = _service(rollout, name)
        path: Place = (*LISTEN, name) if name in given else ("Service", name, "spec", "ports", 0, "port")
        if name not in given and (service is None or not service.ports):
            wrong.append((LISTEN, f"nothing says on which port Service {name} listens"))
            continue
        address = given[name] if name in given else f"127.0.0.1:{service.ports[0].port}" if service else ""
        parts = split_address(address)
        if parts is None:
            wrong.append((path, f"{address!r} is no address: host:port was expected"))
        elif parts[1] < lowest:
            wrong.append((path, f"Service {name} may not listen on port {parts[1]}: those below {lowest} need a right"))
        elif clash := next((one for one, other in addresses.items() if _clash(parts, split_address(other))), None):
            wrong.append((path, f"Services {clash} and {name} would both listen on port {parts[1]} of this machine"))
        addresses[name] = address
    for path, message in wrong:
        found.refuse(path, message, _remedy(rollout))
    return addresses


def _clash(one: tuple[str, int], other: tuple[str, int] | None) -> bool:
    everywhere = {"", "0.0.0.0", "::"}
    return other is not None and one[1] == other[1] and (one[0] == other[0] or bool({one[0], other[0]} & everywhere))


def _remedy(rollout: Rollout) -> str:
    lines = ", ".join(f"{name}: 127.0.0.1:{8080 + index}" for index, name in enumerate(slots(rollout)))
    return f"add to the RolloutPolicy's spec: local: {{listen: {{{lines}}}}}"


def _probe(rollout: Rollout, found: Findings) -> ProbeSpec | None:
    routers = rollout.policy.routers
    for index, router in enumerate(routers):
        path: Place = ("spec", "policy", "routers", index)
        if router.kind != "service" or index:
            message = f"one machine has one layer, `service`; there is no {router.kind!r} to point at"
            found.refuse(path, message if router.kind != "service" else "one machine has one layer", "remove it here")
        elif router.options:
            found.refuse((*path, "service"), "the service router has no options here", "write service: {}")
    return routers[0].probe
