"""What is odd about an analysis, and harmless: it is measured as it is written, and perhaps not as it is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bluegreen.conditions import compiled
from bluegreen.manifests.analysis.declared import Block
from bluegreen.manifests.analysis.metric import Read
from bluegreen.manifests.analysis.provider import FUNCTION
from bluegreen.manifests.analysis.resolve import Resolved
from bluegreen.manifests.fields import At
from bluegreen.spec import BlueGreen
from bluegreen.spec.check import PRE_ANALYSIS

_TEXT = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'""")
_RESULT = re.compile(r"(?<![\w.])result\b")


def warn_of(block: Block, resolved: Resolved, strategy: BlueGreen) -> None:
    """Warns of what is odd in an analysis that is otherwise fine."""
    before = block.at.path[-1] == PRE_ANALYSIS
    wrong, right = strategy.active_service, strategy.preview_service
    what = "active Service, and not yet the new revision's"
    if not before:
        wrong, right = right, wrong
        what = "preview Service, and what was promoted is behind the active one"
    _dry_runs(block, resolved)
    for read in resolved.metrics:
        _function(read)
        _limits(read)
        _conditions(read)
        if wrong and not read.metric.both:
            remedy = f"write {right}" if right else "measure the new revision: podTemplateHashValue: Latest names it"
            message = f"{block.at.path[-1]} asks about {wrong}: that is the {what}"
            for here in _naming(wrong, read, block):
                here.warn(message, remedy)


def _dry_runs(block: Block, resolved: Resolved) -> None:
    if resolved.analysis is not None and all(metric.dry_run for metric in resolved.analysis.metrics):
        here = block.at.child("dryRun")
        where = here if here.value is not None else block.at
        where.warn("every metric is a dry run: nothing that is measured matters", "leave one out of dryRun", key=True)


def _function(read: Read) -> None:
    if read.metric.provider == FUNCTION:
        read.query.warn("only a program that imports the library has one", "write command: {argv: [PROGRAM]}", key=True)


def _limits(read: Read) -> None:
    metric = read.metric
    if metric.failure_limit >= metric.wanted and not metric.consecutive_success_limit:
        message = f"failureLimit is as much as count ({metric.wanted}): one success is enough, whatever else fails"
        read.at.child("failureLimit").warn(message, "lower it")


def _conditions(read: Read) -> None:
    metric = read.metric
    for key, source in (("successCondition", metric.success_condition), ("failureCondition", metric.failure_condition)):
        if source and not _RESULT.search(_TEXT.sub("", compiled(source).cel)):
            here = read.at.child(key)
            # A condition of the provider's own is no matter of the manifest's author.
            if here.value is not None:
                here.warn("this does not depend on what is measured", "write a condition on result")
    if not metric.success_condition and not metric.failure_condition and metric.comparison is None:
        message = "nothing is judged: whatever is measured is a success"
        read.at.child("name").warn(message, "write a successCondition or a failureCondition")


def _naming(service: str, read: Read, block: Block) -> Iterator[At]:
    """Where a query names a Service: the argument that brings the name in, or else the query's own text."""
    word = re.compile(rf"(?<![A-Za-z0-9_-]){re.escape(service)}(?![A-Za-z0-9_-])")
    places = [at for at in _texts(read.at.child("provider")) if word.search(str(at.value))]
    bringing = [arg.at.child("value") for arg in block.args if arg.value is not None and word.search(arg.value)]
    for at in places:
        written = at.document.value
        original = _original(written, at.path)
        if isinstance(original, str) and word.search(original):
            yield at
        else:
            yield from bringing or (at,)


def _original(value: object, path: tuple[str | int, ...]) -> object:
    """What the manifest has at a path, before anything was filled in."""
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part]
    return value


def _texts(at: At) -> Iterator[At]:
    if isinstance(at.value, str):
        yield at
    for one in at.children():
        yield from _texts(one)
