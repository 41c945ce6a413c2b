"""The pod template as one machine can run it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from attrs import frozen

from bluegreen.backends.local.findings import CONTAINER_FIELDS, POD_FIELDS, Findings, Known, Path
from bluegreen.spec import JSON

POD: Path = ("spec", "template", "spec")


@frozen
class HttpGet:
    """A GET that any answer from 200 to 399 satisfies. Goes to the replica's own port."""

    path: str = "/"
    scheme: str = "HTTP"
    headers: tuple[tuple[str, str], ...] = ()


@frozen
class TcpSocket:
    """A connection to the replica's own port."""


@frozen
class Exec:
    """A program, in the replica's environment and folder; exit code 0 is yes."""

    command: tuple[str, ...]


@frozen
class Sleep:
    """A wait."""

    seconds: float


Action: TypeAlias = HttpGet | TcpSocket | Exec | Sleep


@frozen
class Probe:
    """A readiness probe, with Kubernetes' defaults."""

    action: Action
    initial_delay_s: float = 0
    period_s: float = 10
    timeout_s: float = 1
    successes: int = 1
    failures: int = 3


@frozen
class Pod:
    """What a replica is started from. `command` and the values of `env` are not expanded yet."""

    command: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    working_dir: str = ""
    image: str = ""
    readiness: Probe | None = None
    pre_stop: Action | None = None
    grace_s: float = 30


def read_pod(
    template: Mapping[str, JSON], *, command: tuple[str, ...] = (), port: int | None = None
) -> tuple[Pod | None, Findings]:
    """The template as a pod, or None with the problems that forbid it. Never raises.

    `command` runs a container that has none; `port` is the container port that the Services lead to, which every
    replica has as a port of its own (None: whichever port a probe names).
    """
    found = Findings()
    spec = template.get("spec")
    spec = spec if isinstance(spec, Mapping) else {}
    found.sort_out(spec, POD, POD_FIELDS)
    if spec.get("restartPolicy", "Always") != "Always":
        found.refuse((*POD, "restartPolicy"), "only Always is possible in a rollout", "remove it")
    containers = spec.get("containers")
    containers = containers if isinstance(containers, list) else []
    if len(containers) != 1 or not isinstance(containers[0], Mapping):
        found.refuse((*POD, "containers"), f"{len(containers)} containers: one machine runs exactly one", "keep one")
        return None, found
    reader = _Reader(found, containers[0], port)
    pod = Pod(
        command=reader.command(command),
        env=reader.env(),
        working_dir=reader.text(containers[0], "workingDir", reader.path),
        image=reader.text(containers[0], "image", reader.path),
        readiness=reader.readiness(),
        pre_stop=reader.pre_stop(),
        grace_s=reader.number(spec, "terminationGracePeriodSeconds", POD, 30),
    )
    return (None if found.problems else pod), found


@frozen
class _Reader:
    """Reads one container, noting what does not fit."""

    found: Findings
    container: Mapping[str, JSON]
    port: int | None
    path: Path = (*POD, "containers", 0)

    def __attrs_post_init__(self) -> None:
        self.found.sort_out(self.container, self.path, CONTAINER_FIELDS)

    def command(self, default: tuple[str, ...]) -> tuple[str, ...]:
        own = self.texts(self.container, "command", self.path)
        if not own and not default:
            self.found.refuse(
                (*self.path, "command"),
                "the container has no command, and an image cannot be run on one machine",
                "add to the RolloutPolicy's spec, with the program that the image would start: "
                "local: {command: [python, app.py]}",
            )
        return (*(own or default), *self.texts(self.container, "args", self.path))

    def env(self) -> tuple[tuple[str, str], ...]:
        pairs: list[tuple[str, str]] = []
        for index, one in enumerate(self.objects(self.container, "env", self.path)):
            path: Path = (*self.path, "env", index)
            if "valueFrom" in one:
                remedy = "write the value itself; PORT, BLUEGREEN_REVISION and BLUEGREEN_IMAGE are there by themselves"
                self.found.refuse((*path, "valueFrom"), "there is no cluster to take the value from", remedy)
                continue
            self.found.sort_out(one, path, Known({"name", "value"}, {}, {"valueFrom"}))
            name = self.text(one, "name", path)
            if not name or "=" in name or "\0" in name:
                self.found.refuse((*path, "name"), f"{name!r} cannot be the name of a variable")
            pairs.append((name, self.text(one, "value", path)))
        return tuple(pairs)

    def readiness(self) -> Probe | None:
        value = self.container.get("readinessProbe")
        if value is None:
            return None
        path: Path = (*self.path, "readinessProbe")
        numbers = {"initialDelaySeconds": 0.0, "periodSeconds": 10.0, "timeoutSeconds": 1.0}
        numbers |= {"successThreshold": 1.0, "failureThreshold": 3.0}
        others = {*numbers, "terminationGracePeriodSeconds"}
        action = self.action(value, path, {"httpGet", "tcpSocket", "exec"}, others)
        if action is None:
            return None
        least = {name: (0 if name == "initialDelaySeconds" else 1) for name in numbers}
        read = [self.number(value, name, path, default, least[name]) for name, default in numbers.items()]
        return Probe(action, read[0], read[1], read[2], int(read[3]), int(read[4]))

    def pre_stop(self) -> Action | None:
        value = self.container.get("lifecycle")
        if value is None:
            return None
        path: Path = (*self.path, "lifecycle")
        if not isinstance(value, Mapping):
            self.found.refuse(path, "an object was expected")
            return None
        refused = {"postStart": "do its work in the program itself", "stopSignal": "a replica is stopped by SIGTERM"}
        self.found.sort_out(value, path, Known({"preStop"}, refused))
        if value.get("preStop") is None:
            return None
        return self.action(value["preStop"], (*path, "preStop"), {"httpGet", "exec", "sleep"}, set())

    def action(self, value: JSON, path: Path, kinds: set[str], others: set[str]) -> Action | None:
        if not isinstance(value, Mapping):
            self.found.refuse(path, "an object was expected")
            return None
        refused = {"grpc": "probe it by httpGet, tcpSocket or exec", "tcpSocket": "there is nothing it could do"}
        self.found.sort_out(value, path, Known(kinds | others, {k: v for k, v in refused.items() if k not in kinds}))
        given = [kind for kind in sorted(kinds) if kind in value]
        if len(given) != 1 or not isinstance(value[given[0]], Mapping):
            self.found.refuse(path, f"exactly one of {', '.join(sorted(kinds))} was expected, as an object")
            return None
        kind, inner = given[0], value[given[0]]
        at: Path = (*path, kind)
        if kind == "exec":
            command = self.texts(inner, "command", at)
            if not command:
                self.found.refuse((*at, "command"), "a program was expected")
            return Exec(command)
        if kind == "sleep":
            return Sleep(self.number(inner, "seconds", at, 0))
        self.own_port(inner, at)
        if kind == "tcpSocket":
            return TcpSocket()
        headers = self.objects(inner, "httpHeaders", at)
        pairs = tuple((self.text(one, "name", at), self.text(one, "value", at)) for one in headers)
        return HttpGet(self.text(inner, "path", at) or "/", self.text(inner, "scheme", at) or "HTTP", pairs)

    def own_port(self, value: Mapping[str, JSON], path: Path) -> None:
        """Only the port that the replica has for itself can be asked for."""
        if value.get("host"):
            self.found.refuse((*path, "host"), "a replica is asked at its own address", "remove it")
        number = container_port(self.container, value.get("port"))
        if number is None:
            names = ", ".join(str(one.get("name")) for one in ports_of(self.container) if one.get("name")) or "none"
            message = f"{value.get('port')!r} is no port of the container; its named ports are: {names}"
            self.found.refuse((*path, "port"), message)
        elif self.port is not None and number != self.port:
            message = f"a replica has one port here, in PORT: the one that the Services call {self.port}, not {number}"
            self.found.refuse((*path, "port"), message, f"use port {self.port}, or exec")

    def text(self, value: Mapping[str, JSON], name: str, path: Path) -> str:
        one = value.get(name)
        if one is not None and (not isinstance(one, str) or "\0" in one):
            self.found.refuse((*path, name), f"a string was expected, not {one!r}")
            return ""
        return one or ""

    def texts(self, value: Mapping[str, JSON], name: str, path: Path) -> tuple[str, ...]:
        many = value.get(name) or []
        if not isinstance(many, list) or not all(isinstance(one, str) and "\0" not in one for one in many):
            self.found.refuse((*path, name), "a list of strings was expected")
            return ()
        return tuple(many)

    def objects(self, value: Mapping[str, JSON], name: str, path: Path) -> list[Mapping[str, JSON]]:
        many = value.get(name) or []
        if not isinstance(many, list) or not all(isinstance(one, Mapping) for one in many):
            self.found.refuse((*path, name), "a list of objects was expected")
            return []
        return many

    def number(self, value: Mapping[str, JSON], name: str, path: Path, default: float, least: float = 0) -> float:
        one = value.get(name, default)
        if isinstance(one, bool) or not isinstance(one, int | float) or not least <= one < 1e9:
            self.found.refuse((*path, name), f"a number of at least {least:g} was expected, not {one!r}")
            return default
        return one


def ports_of(container: Mapping[str, JSON]) -> list[Mapping[str, JSON]]:
    """The ports that a container declares."""
    many = container.get("ports") or []
    return [one for one in many if isinstance(one, Mapping)] if isinstance(many, list) else []


def container_port(container: Mapping[str, JSON], port: JSON) -> int | None:
    """A port given by number or by name, as a number; None when the container has no port of that name."""
    if isinstance(port, int) and not isinstance(port, bool):
        return port
    for one in ports_of(container):
        if port is not None and one.get("name") == port and isinstance(one.get("containerPort"), int):
            return int(one["containerPort"])
    return int(port) if isinstance(port, str) and port.isdigit() else None
