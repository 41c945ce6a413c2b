"""A Rollout as Argo has it: strategy blueGreen, every field either honoured or refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from attrs import frozen

from bluegreen.manifests.analysis.declared import Block, block
from bluegreen.manifests.fields import (
    At,
    Reader,
    Unreadable,
    anything,
    boolean,
    fields,
    integer,
    mapping,
    name,
    seconds,
)
from bluegreen.manifests.objects import identity, selector
from bluegreen.manifests.pod import Pod, pod
from bluegreen.manifests.policy import POLICY, DeclaredPolicy, inline_policy
from bluegreen.spec import JSON, BlueGreen
from bluegreen.spec.check import POST_ANALYSIS, PRE_ANALYSIS


@frozen(eq=False)
class DeclaredRollout:
    """A Rollout's parts, and where it was declared. `values`: the simple fields, by the names `Rollout` gives them.

    `pod` is None when it could not be read; so is a policy that is not there. `analyses` are the blocks that ask for
    one, by the field that each is.
    """

    at: At
    name: str
    namespace: str
    strategy: BlueGreen
    pod: Pod | None
    policy: DeclaredPolicy | None
    analyses: Mapping[str, Block]
    values: Mapping[str, Any]


def rollout(at: At, *, own_group: bool) -> DeclaredRollout:
    """The Rollout of a document; what is wrong with it is a problem in the report.

    `own_group`: its apiVersion is ours, not Argo's, so that it may carry its policy.
    """
    name, namespace = identity(at)
    spec = at.child("spec")
    if spec.value is None:
        spec.complain("missing: what is wanted", "write spec: with selector, template and strategy")
    readers = _SPEC if own_group else {key: reader for key, reader in _SPEC.items() if key != "policy"}
    found: dict[str, Any] = {}
    template: Pod | None = None
    try:
        found = fields(spec, readers, _LATER, _ELSEWHERE)
    except Unreadable:
        pass
    else:
        _whole(spec)
        template = found.pop("template", None)
        selector(spec.child("selector"), template.labels if template else None)
    strategy: dict[str, Any] = {"activeService": "", **found.pop("strategy", {})}
    analyses = {key: strategy.pop(key) for key in (PRE_ANALYSIS, POST_ANALYSIS) if key in strategy}
    policy = found.pop("policy", None)
    found |= found.pop("analysis", {})
    if window := found.pop("rollbackWindow", None):
        found["rollback_window_revisions"] = window.get("revisions")
    found.pop("selector", None)
    return DeclaredRollout(
        at, name, namespace, BlueGreen(**_snake(strategy)), template, policy, analyses, _snake(found)
    )


def _whole(spec: At) -> None:
    """Complains of the parts without which a Rollout is none."""
    for key in ("template", "strategy"):
        here = spec.child(key)
        if here.value is None and not (key == "template" and spec.child("workloadRef").value is not None):
            with suppress(Unreadable):
                _SPEC[key](here)


def _strategy(at: At) -> dict[str, Any]:
    if at.value is None:
        at.wrong("a strategy", "write strategy: {blueGreen: {activeService: NAME}}")
    found = fields(at, {"blueGreen": _blue_green, "canary": _canary}, elsewhere=_ELSEWHERE)
    if at.child("blueGreen").value is None:
        at.child("blueGreen").complain("missing: the strategy", "write blueGreen: {activeService: NAME}")
    strategy: dict[str, Any] = found.get("blueGreen", {})
    return strategy


def _canary(at: At) -> None:
    at.complain("not honoured yet by this version: blueGreen is", "write blueGreen: {activeService: NAME}", key=True)
    at.document.said.add((*at.path[:-1], "blueGreen"))  # that it is missing goes without saying


def _blue_green(at: At) -> dict[str, Any]:
    return fields(at, _BLUE_GREEN, _BLUE_GREEN_LATER, _ELSEWHERE)


def _snake(found: Mapping[str, Any]) -> dict[str, Any]:
    return {re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", key): value for key, value in found.items()}


def _anti_affinity(at: At) -> dict[str, JSON]:
    preferred, required = (f"{word}DuringSchedulingIgnoredDuringExecution" for word in ("preferred", "required"))
    found = fields(at, {preferred: _weighted, required: mapping})
    if len(mapping(at)) != 1:
        at.complain("exactly one of the two is needed", f"write {preferred}: {{weight: 100}}, or {required}: {{}}")
    return found


def _weighted(at: At) -> dict[str, JSON]:
    weight = fields(at, {"weight": integer}).get("weight")
    if weight is None or not 1 <= weight <= 100:
        at.child("weight").complain("a weight from 1 to 100 is needed here")
    return mapping(at)


_BLUE_GREEN: Mapping[str, Reader] = {
    "activeService": name,
    "previewService": lambda at: "" if at.value == "" else name(at),
    "previewReplicaCount": integer,
    "autoPromotionEnabled": boolean,
    "autoPromotionSeconds": seconds,
    "scaleDownDelaySeconds": seconds,
    "scaleDownDelayRevisionLimit": integer,
    "abortScaleDownDelaySeconds": seconds,
    "antiAffinity": _anti_affinity,
    PRE_ANALYSIS: block,
    POST_ANALYSIS: block,
}
_BLUE_GREEN_LATER = {
    "activeMetadata": "the pods would not get it",
    "previewMetadata": "the pods would not get it",
    "maxUnavailable": "it is about restarts, and there are none",
}
_SPEC: Mapping[str, Reader] = {
    "replicas": integer,
    "selector": anything,
    "template": pod,
    "minReadySeconds": seconds,
    "strategy": _strategy,
    "revisionHistoryLimit": integer,
    "paused": boolean,
    "progressDeadlineSeconds": seconds,
    "progressDeadlineAbort": boolean,
    "rollbackWindow": lambda at: fields(at, {"revisions": integer}),
    "analysis": lambda at: fields(at, {"successfulRunHistoryLimit": integer, "unsuccessfulRunHistoryLimit": integer}),
    "policy": inline_policy,
}
_LATER = {
    "workloadRef": "the template has to stand in the Rollout itself",
    "restartAt": "nothing would restart",
}
_ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(POLICY, "the spec of a RolloutPolicy"),
    **dict.fromkeys((key for key in _SPEC if key not in ("policy", "template")), "the Rollout's spec"),
    **dict.fromkeys((*_BLUE_GREEN, *_BLUE_GREEN_LATER), "spec.strategy.blueGreen"),
    "policy": "a RolloutPolicy (a Rollout carries it only under apiVersion bluegreen.dev/v1alpha1)",
}
