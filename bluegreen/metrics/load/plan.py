"""What is sent: read from a query, within hard limits."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from bluegreen.metrics.fields import Fields
from bluegreen.spec import JSON

RATE_MAX: Final = 10_000
"""Requests per second."""
DURATION_MAX_S: Final = 600
CONNECTIONS_MAX: Final = 1000
REQUESTS_MAX: Final = 1_000_000
TIMEOUT_MAX_S: Final = 60
PATHS_MAX: Final = 100
BODY_MAX: Final = 64 * 1024
"""A body has so many bytes at most, and so have the headers of a request."""
_METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_OURS: Final = ("connection", "content-length", "transfer-encoding", "upgrade")
"""Headers that say how a request is sent, and are not the query's to set."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_SERVICE: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


@frozen
class Shot:
    """One kind of request. `expect`: the statuses that are a success; None: 200 to 399."""

    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(factory=dict[str, str])
    body: bytes | None = None
    expect: frozenset[int] | None = None
    weight: float = 1

    def succeeded(self, status: int) -> bool:
        """Whether this status is what was expected."""
        return 200 <= status < 400 if self.expect is None else status in self.expect


@frozen
class Plan:
    """A load. `service` empty: the preview Service; `revision`, where there is one, goes before it."""

    rate: float
    duration_s: float
    connections: int
    timeout_s: float
    shots: tuple[Shot, ...]
    service: str = ""
    revision: str = ""
    seed: int | None = None

    @property
    def requests(self) -> int:
        """How many fall due."""
        return max(int(self.rate * self.duration_s), 1)


def plan_of(fields: Fields) -> Plan:
    """The plan that a query makes; what is wrong with it is in `fields.problems`, and then the plan is of no use."""
    rate = fields.number("rate", 10, least=0.1, most=RATE_MAX)
    duration_s = fields.seconds("duration", 10, least=0.1, most=DURATION_MAX_S)
    if rate * duration_s > REQUESTS_MAX:
        fields.wrong(f"rate times duration is more than {REQUESTS_MAX} requests", "lower one of them", "rate")
    service, revision = fields.text("service"), fields.text("revision")
    if service and not _SERVICE.fullmatch(service):
        fields.wrong("it is no name of a Service", "write the name of one of the rollout's Services", "service")
    if "service" in fields and "revision" in fields:
        fields.wrong("a service and a revision are two different aims", "leave one of them out", "revision")
    seed = fields.whole("seed", 0, least=0, most=2**53)
    connections = fields.whole("connections", 50, least=1, most=CONNECTIONS_MAX)
    timeout_s = fields.seconds("timeout", 5, most=TIMEOUT_MAX_S)
    shots = _shots(fields)
    fields.no_others()
    return Plan(rate, duration_s, connections, timeout_s, shots, service, revision, seed if "seed" in fields else None)


def _shots(fields: Fields) -> tuple[Shot, ...]:
    """Those of `paths`, or the one that the query itself describes; what it says beside `paths` holds for each."""
    if "paths" not in fields:
        fields.json("paths")
        return (_shot(fields, None),)
    general = _shot(fields, None)
    if "path" in fields:
        fields.wrong("path and paths say the same thing twice", "leave one of them out", "path")
    shots: list[Shot] = []
    for one in fields.each("paths", most=PATHS_MAX):
        shots.append(_shot(one, general))
        one.no_others()
    return tuple(shots)


def _shot(fields: Fields, general: Shot | None) -> Shot:
    path = fields.text("path", "/")
    if not path.startswith("/") or path.startswith("//") or "\\" in path or "#" in path:
        fields.wrong("a path begins with one / and has neither \\ nor #", "write it like /cart?item=1", "path")
    headers = {**(general.headers if general else {}), **_headers(fields)}
    body = _body(fields, headers)
    return Shot(
        path=path,
        method=fields.choice("method", general.method if general else "GET", _METHODS),
        headers=headers,
        body=body if body is not None or general is None else general.body,
        expect=_statuses(fields) or (general.expect if general else None),
        weight=fields.number("weight", 1, least=0.001, most=1_000_000) if general else 1,
    )


def _headers(fields: Fields) -> dict[str, str]:
    found = fields.pairs("headers")
    for name, value in found.items():
        if not _TOKEN.fullmatch(name) or not value.strip().isprintable():
            fields.wrong("it is no header, whose name has no spaces and whose value is one line", "", "headers", name)
        elif name.lower() in _OURS:
            fields.wrong("it says how the request is sent, which is settled here", "leave it out", "headers", name)
    if sum(len(name) + len(value) for name, value in found.items()) > BODY_MAX:
        fields.wrong(f"headers have {BODY_MAX} characters at most", "", "headers")
    return {name: value.strip() for name, value in found.items()}


def _body(fields: Fields, headers: dict[str, str]) -> bytes | None:
    """The body as it is sent: a text as it stands, anything else as JSON."""
    value: JSON = fields.json("body")
    if value is None:
        return None
    try:
        body = value.encode() if isinstance(value, str) else json.dumps(value, allow_nan=False).encode()
    except (TypeError, ValueError):
        fields.wrong("a text, or what can be written as JSON, is needed", "", "body")
        return None
    if len(body) > BODY_MAX:
        fields.wrong(f"it has {BODY_MAX} bytes at most", "", "body")
    if not isinstance(value, str) and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    return body


def _statuses(fields: Fields) -> frozenset[int] | None:
    value = fields.json("expect")
    if value is None:
        return None
    listed = value if isinstance(value, list | tuple) else ()
    if not listed or not all(type(one) is int and 100 <= one <= 599 for one in listed):
        fields.wrong("a list of statuses is needed", "write it like [200, 404]", "expect")
        return None
    return frozenset(listed)
