"""What is written of an analysis: a template's document, or the block of a Rollout that asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from bluegreen.manifests.analysis.args import DeclaredArg, args
from bluegreen.manifests.analysis.metric import METRIC
from bluegreen.manifests.analysis.rules import Rule, dry_runs, retentions
from bluegreen.manifests.fields import At, Reader, Unreadable, anything, boolean, fields, items, name
from bluegreen.manifests.objects import identity


@frozen(eq=False)
class Reference:
    """The name of a template, and where it stands."""

    at: At
    name: str
    cluster: bool = False

    @property
    def kind(self) -> str:
        """What kind of template it names."""
        return "ClusterAnalysisTemplate" if self.cluster else "AnalysisTemplate"


@frozen(eq=False)
class Block:
    """Metrics, arguments, rules and the names of templates, as a template or a Rollout has them. `at`: where."""

    at: At
    metrics: Sequence[At] = ()
    args: Sequence[DeclaredArg] = ()
    dry_run: Sequence[Rule] = ()
    retention: Sequence[Rule] = ()
    templates: Sequence[Reference] = ()

    @property
    def sound(self) -> bool:
        """Whether its arguments and names of templates could all be read."""
        return self.at.child("args").sound and self.at.child("templates").sound


@frozen(eq=False)
class DeclaredTemplate:
    """An AnalysisTemplate or a ClusterAnalysisTemplate (whose namespace means nothing), and where it was declared."""

    at: At
    kind: str
    name: str
    namespace: str
    block: Block


def template(at: At, kind: str) -> DeclaredTemplate:
    """The template of a document; what is wrong with it is a problem in the report."""
    name, namespace = identity(at)
    spec = at.child("spec")
    block = Block(spec)
    if spec.value is None:
        spec.complain("missing: what is measured", "write spec: with args and metrics")
    try:
        block = _block(spec, fields(spec, _RUN if kind == "AnalysisRun" else _TEMPLATE))
    except Unreadable:
        pass
    else:
        if not spec.child("metrics").value and not spec.child("templates").value and spec.sound:
            spec.child("metrics").complain("missing: nothing is measured", "write at least one metric")
    return DeclaredTemplate(at, kind, name, "" if kind.startswith("Cluster") else namespace, block)


def block(at: At) -> Block:
    """A Rollout's prePromotionAnalysis or postPromotionAnalysis. Raises `Unreadable` when it is none."""
    found = fields(at, _TEMPLATE, {"analysisRunMetadata": "the analysis runs would not get it"})
    if not at.child("templates").value and not at.child("metrics").value and at.sound:
        at.complain("missing: nothing is measured", "write templates: [{templateName: NAME}]", key=True)
    return _block(at, found)


def _block(at: At, found: Mapping[str, Any]) -> Block:
    names = {"measurementRetention": "retention", "dryRun": "dry_run"}
    return Block(at, **{names.get(key, key): value for key, value in found.items() if key in _TEMPLATE})


def _metric(at: At) -> At:
    """Only its fields are looked at here: what they hold is read when its arguments are filled in."""
    fields(at, dict.fromkeys(METRIC, anything))
    return at


def _reference(at: At) -> Reference:
    found = fields(at, {"templateName": name, "clusterScope": boolean})
    if at.child("templateName").value is None:
        at.child("templateName").complain("missing: which template?", "write templateName: NAME")
    if "templateName" not in found:
        raise Unreadable
    return Reference(at.child("templateName"), found["templateName"], found.get("clusterScope", False))


def _not_ended(at: At) -> None:
    if boolean(at):
        at.complain("this run is to be ended, so there is nothing to measure", "remove it")


_TEMPLATE: Mapping[str, Reader] = {
    "args": args,
    "metrics": lambda at: items(at, _metric),
    "dryRun": dry_runs,
    "measurementRetention": retentions,
    "templates": lambda at: items(at, _reference),
}
_RUN: Mapping[str, Reader] = {
    **{key: reader for key, reader in _TEMPLATE.items() if key != "templates"},
    "terminate": _not_ended,
    "ttlStrategy": anything,
}
