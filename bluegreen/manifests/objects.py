"""What every Kubernetes object has, and what a label selector selects."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from bluegreen.manifests.fields import (
    At,
    Reader,
    Unreadable,
    anything,
    fields,
    name,
    passed_on,
    string_map,
    text,
    texts,
)

HASH_LABEL = "rollouts-pod-template-hash"
"""What a controller adds to labels and selectors to tell revisions apart; nobody declares it."""

METADATA: Mapping[str, Reader] = {
    **passed_on("annotations creationTimestamp deletionGracePeriodSeconds deletionTimestamp finalizers generateName"),
    **passed_on("generation labels managedFields ownerReferences resourceVersion selfLink uid"),
    "name": name,
    "namespace": name,
}
_TOP = passed_on("apiVersion kind metadata spec status")


def identity(at: At) -> tuple[str, str]:
    """The object's name (empty, and a problem, when it has none) and namespace (`default` when it names none)."""
    fields(at, _TOP)
    here = at.child("metadata")
    try:
        if here.value is None:
            here.complain("missing: who is this?", "write metadata: {name: NAME}")
        found = fields(here, METADATA)
    except Unreadable:
        return "", "default"
    if "name" not in found:
        remedy = "generateName is for a cluster to fill in" if "generateName" in found else ""
        here.child("name").complain("missing: a name is needed here", remedy)
    return found.get("name", ""), found.get("namespace", "default")


def selector(at: At, labels: Mapping[str, str] | None) -> None:
    """Checks that a label selector (matchLabels, matchExpressions) selects pods with these labels, where known."""
    if not at.value:
        words = ", ".join(f"{key}: {value}" for key, value in (labels or {}).items()) or "app: NAME"
        at.complain("missing: what selects this rollout's pods", f"write selector: {{matchLabels: {{{words}}}}}")
        return
    readers: Mapping[str, Reader] = {"matchLabels": string_map, "matchExpressions": anything}
    try:
        found = fields(at, readers)
    except Unreadable:
        return
    if labels is None:
        return
    for key, value in found.get("matchLabels", {}).items():
        if labels.get(key) != value:
            has = f"{key}: {labels[key]}" if key in labels else f"no label {key}"
            message = f"selects {key}: {value}, but the template's pods have {has}"
            at.child("matchLabels").child(key).complain(
                message, "write the same here and in spec.template.metadata.labels"
            )
    for expression in at.child("matchExpressions").children():
        with suppress(Unreadable):
            _expression(expression, labels)


def _expression(at: At, labels: Mapping[str, str]) -> None:
    found = fields(at, {"key": text, "operator": text, "values": texts})
    value, values = labels.get(found.get("key", "")), found.get("values", ())
    match found.get("operator"):
        case "In":
            holds = value in values
        case "NotIn":
            holds = value not in values
        case "Exists":
            holds = value is not None
        case "DoesNotExist":
            holds = value is None
        case _:
            at.child("operator").wrong("In, NotIn, Exists or DoesNotExist")
    if not holds:
        at.complain("does not select the template's pods", "change it, or spec.template.metadata.labels")
