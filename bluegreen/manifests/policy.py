"""A RolloutPolicy: what Argo's Rollout cannot say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen

from bluegreen.manifests.analysis.extras import Extra, Extras, extras
from bluegreen.manifests.fields import (
    At,
    Reader,
    Unreadable,
    choice,
    did_you_mean,
    fields,
    fraction_s,
    items,
    mapping,
    name,
    nearest,
    not_yet,
    seconds,
    text,
    texts,
    unknown,
)
from bluegreen.manifests.hooks import hooks
from bluegreen.manifests.objects import identity
from bluegreen.manifests.web import header_name, http_url
from bluegreen.spec import LocalSpec, OnFailure, ProbeSpec, RolloutPolicy, RouterSpec

ROUTERS_MAX = 100


@frozen(eq=False)
class DeclaredPolicy:
    """A policy, where its spec was declared, and the rollout it is for (empty when that could not be read).

    `extras` is what it says of metrics: that becomes part of the analyses.
    """

    at: At
    rollout: str
    namespace: str
    policy: RolloutPolicy
    extras: Extras = field(factory=dict[str, Extra])


def policy(at: At) -> DeclaredPolicy:
    """The policy of a document; what is wrong with it is a problem in the report."""
    _, namespace = identity(at)
    spec = at.child("spec")
    try:
        found = fields(spec, {"rolloutRef": _rollout_ref, **POLICY})
    except Unreadable:
        return DeclaredPolicy(spec, "", namespace, RolloutPolicy())
    if spec.child("rolloutRef").value is None:
        spec.child("rolloutRef").complain(
            "missing: which rollout is this policy for?", "write rolloutRef: {name: NAME}"
        )
    return DeclaredPolicy(spec, found.pop("rolloutRef", ""), namespace, _policy(found), found.get("metrics", {}))


def inline_policy(at: At) -> DeclaredPolicy:
    """The policy that a Rollout carries in `spec.policy`. Raises `Unreadable` when it is none."""
    found = fields(at, POLICY, elsewhere={"rolloutRef": "a RolloutPolicy of its own"})
    return DeclaredPolicy(at, "", "", _policy(found), found.get("metrics", {}))


def _policy(found: Mapping[str, Any]) -> RolloutPolicy:
    names = {
        "routers": "routers",
        "layerDeadlineSeconds": "layer_deadline_seconds",
        "settleSeconds": "settle_seconds",
        "drain": "drain_min_seconds",
        "onFailure": "on_failure",
        "hooks": "hooks",
        "local": "local",
    }
    return RolloutPolicy(**{names[key]: value for key, value in found.items() if key in names and value is not None})


def _rollout_ref(at: At) -> str:
    found = fields(at, {"name": name})
    if at.child("name").value is None:
        at.child("name").wrong("the rollout's name")
    return str(found.get("name", ""))


def _routers(at: At) -> tuple[RouterSpec, ...]:
    if at.is_list and len(at.value) > ROUTERS_MAX:
        at.complain(f"more than {ROUTERS_MAX} routers", "a promotion goes through them one by one: leave some out")
        raise Unreadable
    found = items(at, _router)
    if len(found) < len(at.value):
        at.document.said.add(at.path)  # places in what is left of the list are not places in the manifest
    return found


def _router(at: At) -> RouterSpec:
    own: Mapping[str, Reader] = {"name": text, "probe": _probe}
    kinds = [key for key in mapping(at) if key not in own]
    known = {"service": None, **own}
    misspelt = [key for key in kinds if key not in known and nearest(key, known)]
    for key in misspelt:
        unknown(at.child(key), known, {}, siblings=at.value)
    if len(kinds) != 1 and not misspelt:
        named = f"it names {', '.join(kinds)}" if kinds else "it names none"
        at.complain(f"a router has one adapter, and {named}", "write service: {}, for instance")
    found = fields(at, {**own, **dict.fromkeys(kinds, _options)})
    if misspelt or len(kinds) != 1:
        raise Unreadable
    kind = kinds[0]
    return RouterSpec(kind, found.get("name", kind), found.get(kind, {}), found.get("probe"))


def _options(at: At) -> dict[str, Any]:
    return mapping(at)


def _probe(at: At) -> ProbeSpec:
    found = fields(at, {"url": http_url, "header": header_name})
    if at.child("url").value is None:
        at.child("url").complain("missing: the probe's URL", "write url: http://HOST:PORT/PATH")
    if "url" not in found:
        raise Unreadable
    return ProbeSpec(**found)


def _drain(at: At) -> float | None:
    least: float | None = fields(at, {"minSeconds": fraction_s}).get("minSeconds")
    return least


def _local(at: At) -> LocalSpec:
    return LocalSpec(**fields(at, {"command": texts, "listen": _listen, "hosts": _hosts}))


def _listen(at: At) -> dict[str, str]:
    return fields(at, dict.fromkeys(mapping(at), _address))


def _hosts(at: At) -> dict[str, str]:
    for key in mapping(at):
        if not _is_address(key):
            at.child(key).complain("expected host:port here", "write it like prometheus.monitoring:9090", key=True)
    return _listen(at)


def _address(at: At) -> str:
    if isinstance(at.value, int) and not isinstance(at.value, bool):
        at.wrong("host:port", f"write 127.0.0.1:{at.value}")
    value = text(at)
    if not _is_address(value):
        at.wrong("host:port", "write it like 127.0.0.1:8080")
    return value


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    good = re.fullmatch(r"\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/]+", host) and re.fullmatch("[0-9]{1,5}", port)
    return bool(good) and 1 <= int(port) <= 65535


def _nothing_yet(lost: str) -> Reader:
    """Takes an empty mapping, which declares nothing; complains of any other."""

    def check(at: At) -> None:
        if at.value != {}:
            not_yet(at, lost)

    return check


POLICY: Mapping[str, Reader] = {
    "routers": _routers,
    "layerDeadlineSeconds": seconds,
    "settleSeconds": fraction_s,
    "drain": _drain,
    "onFailure": choice(OnFailure),
    "local": _local,
    "gates": _nothing_yet("these gates would never be asked"),
    "hooks": hooks,
    "metrics": extras,
}


def listens_for(declared: RolloutPolicy, at: At, services: Sequence[str]) -> None:
    """Checks that each address of `local.listen` is for one of the rollout's Services."""
    for here in at.child("local").child("listen").children():
        key = str(here.path[-1])
        if key in declared.local.listen and key not in services:
            otherwise = f"this rollout's are {', '.join(services)}" if services else ""
            remedy = did_you_mean(key, dict.fromkeys(services), otherwise)
            here.complain("not a Service of this rollout", remedy, key=True)
