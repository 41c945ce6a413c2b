"""Documents, sorted by kind, to the rollouts that they declare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen

from bluegreen.manifests.analysis.declared import template
from bluegreen.manifests.analysis.extras import together
from bluegreen.manifests.analysis.gather import named
from bluegreen.manifests.analysis.resolve import measured
from bluegreen.manifests.fields import At, did_you_mean, nearest
from bluegreen.manifests.files import SUFFIXES
from bluegreen.manifests.match import Check, Declared, matched
from bluegreen.manifests.nodes import ListNode, MapNode, Node, ScalarNode, documents
from bluegreen.manifests.policy import policy
from bluegreen.manifests.report import ManifestProblem, Report
from bluegreen.manifests.rollout import rollout
from bluegreen.manifests.service import service
from bluegreen.manifests.source import Source
from bluegreen.manifests.values import Document, Values, first_key, items_of, word_at
from bluegreen.spec import Analysis, Rollout

_ARGO, _OWN = "argoproj.io/v1alpha1", "bluegreen.dev/v1alpha1"
_KINDS: Mapping[str, tuple[str, ...]] = {
    "Rollout": (_ARGO, _OWN),
    "RolloutPolicy": (_OWN,),
    "Service": ("v1",),
    "AnalysisTemplate": (_ARGO,),
    "ClusterAnalysisTemplate": (_ARGO,),
}
_MEASURED: Mapping[str, tuple[str, ...]] = {
    "RolloutPolicy": (_OWN,),
    **dict.fromkeys(("AnalysisTemplate", "ClusterAnalysisTemplate", "AnalysisRun"), (_ARGO,)),
}
_LATER: Mapping[str, str] = {
    "AnalysisRun": "a release makes its own from templates",
    "Experiment": "it would not be run",
}


@frozen
class Loaded:
    """What manifests say: the rollouts, in their order, and what is odd and harmless."""

    rollouts: tuple[Rollout, ...]
    warnings: tuple[ManifestProblem, ...]


def assemble(
    name: str, sources: Iterable[Source], report: Report, *, several: bool = True, check: Check | None = None
) -> Loaded:
    """The rollouts that the sources declare together: at least one, and only one unless `several`.

    `name` is what the sources are called together. Raises `ManifestError` with all that is wrong with any of them.
    """
    declared = _declared(sources, report, _KINDS)
    if not declared.rollouts and not report.failed:
        report.whole_file(name, "no Rollout in it", f"one begins with apiVersion: {_ARGO} and kind: Rollout")
    if not several:
        for second in declared.rollouts[1:]:
            message = f'a second rollout, "{second.name}", where one is expected'
            second.at.child("metadata").child("name").complain(message, "give each a file of its own, or load them all")
    rollouts = tuple(matched(declared, incomplete=report.incomplete, check=check))
    report.raise_if_failed()
    return Loaded(rollouts, report.warnings())


def assemble_analysis(name: str, sources: Iterable[Source], args: Mapping[str, str], report: Report) -> Analysis:
    """The analysis of all the templates and runs that the sources declare, with these arguments.

    What their policies say of metrics holds, whichever rollout they are for.
    Raises `ManifestError` with all that is wrong with any of them.
    """
    declared = _declared(sources, report, _MEASURED)
    templates = declared.templates
    if not templates and not report.failed:
        report.whole_file(name, "no AnalysisTemplate in it", f"one begins with apiVersion: {_ARGO} and its kind")
    extras = together(one.extras for one in declared.policies)
    found = measured(templates, args, named(templates), extras, report)
    report.raise_if_failed()
    assert found.analysis is not None, "what is wrong with it was said"
    return found.analysis


def _declared(sources: Iterable[Source], report: Report, kinds: Mapping[str, tuple[str, ...]]) -> Declared:
    """What the sources declare of these kinds."""
    declared = Declared()
    for source in sources:
        values = Values(source, report)
        for root in documents(source, report):
            if values.spent:
                break
            _take(root, source, values, declared, report, kinds)
    return declared


def _take(
    root: Node, source: Source, values: Values, declared: Declared, report: Report, kinds: Mapping[str, tuple[str, ...]]
) -> None:
    """One document, or each item of a `kind: List`."""
    if not isinstance(root, MapNode):
        what = "a list" if isinstance(root, ListNode) else "a single word"
        is_path = isinstance(root, ScalarNode) and root.word.endswith(SUFFIXES)
        remedy = "this looks like a file's name: load_path reads files" if is_path else ""
        report.add(source, (), root.mark, f"{what}, where an object with apiVersion and kind is expected", remedy)
        return
    kind, version = word_at(root, "kind"), word_at(root, "apiVersion")
    if (kind, version) == ("List", "v1"):
        for item in items_of(root):
            _take(item, source, values, declared, report, kinds)
    elif version not in kinds.get(kind, ()):
        if version not in _KINDS.get(kind, ()):
            _foreign(root, source, kind, version, report)
    elif document := values.document(root):
        _declare(At(document, (), document.value, report), kind, version, declared)


def _declare(at: At, kind: str, version: str, declared: Declared) -> None:
    if kind == "Rollout":
        declared.rollouts.append(rollout(at, own_group=version == _OWN))
    elif kind == "Service":
        declared.services.append(service(at))
    elif kind == "RolloutPolicy":
        declared.policies.append(policy(at))
    else:
        declared.templates.append(template(at, kind))


def _foreign(root: MapNode, source: Source, kind: str, version: str, report: Report) -> None:
    """Says what becomes of a document that is not read: an error if it was meant to be."""
    at = Document(source, root, {}, set())
    for key, word in (("apiVersion", version), ("kind", kind)):
        if not word:
            remedy = "a manifest begins with apiVersion and kind"
            report.add(source, (), first_key(root), f"an object without {key}", remedy)
            return
    if kind in _LATER and version == _ARGO:
        message = f"{kind} is not honoured yet by this version: {_LATER[kind]}"
        report.add(source, ("kind",), at.mark(("kind",)), message, "remove this document")
        return
    versions = _KINDS.get(kind, ())
    if versions and (kind != "Service" or "/" not in version):
        remedy = did_you_mean(version, dict.fromkeys(versions), f"write {versions[0]}")
        report.add(source, ("apiVersion",), at.mark(("apiVersion",)), f"no {kind} of this version is known", remedy)
        return
    if (near := nearest(kind, _KINDS)) and version in _KINDS[near]:
        report.add(source, ("kind",), at.mark(("kind",)), f"no such kind in {version}", f"did you mean {near}?")
        return
    report.warn(source, ("kind",), at.mark(("kind",)), f"a {kind} is no part of a rollout; it was not read")
