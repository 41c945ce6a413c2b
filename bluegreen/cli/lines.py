"""What changed between two looks at a rollout, in lines for people: progress where there is no terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from bluegreen.cli.measured import fresh
from bluegreen.cli.view import RevisionView, View

LASTING = timedelta(seconds=3)


def changes(before: View | None, after: View) -> list[str]:
    """What is new since `before` (None: since nothing was known), one line each; empty when all is as it was."""
    return [
        *_of_gates(before, after),
        *_of_phase(before, after),
        *_of_layers(before, after),
        *_of_revisions(before, after),
        *_of_troubles(before, after),
    ]


class Reasons:
    """Why replicas are not ready, told once, and only of what has lasted: every replica takes a moment to start."""

    def __init__(self) -> None:
        self._since: dict[str, datetime] = {}
        self._told: set[str] = set()

    def lasting(self, view: View) -> list[str]:
        """What has lasted by now and was not told yet, one line each."""
        found = {f"revision {one.ordinal} ({one.id}): {reason}" for one in view.revisions for reason in one.reasons}
        gists = {_gist(line): line for line in sorted(found)}
        self._since = {gist: self._since.get(gist, view.at) for gist in gists}
        self._told &= gists.keys()
        due = [gist for gist, since in self._since.items() if view.at - since >= LASTING and gist not in self._told]
        self._told.update(due)
        return [gists[gist] for gist in due]


def _gist(reason: str) -> str:
    """A reason without its numbers: a countdown in it is no news."""
    return "".join(letter for letter in reason if not letter.isdigit())


def _of_phase(before: View | None, after: View) -> Iterator[str]:
    def key(view: View) -> tuple[object, ...]:
        return (view.phase, view.reason, view.message, view.current)

    if before is None or key(before) != key(after):
        reason = f" ({after.reason})" if after.reason else ""
        message = f": {after.message}" if after.message else ""
        yield f"{after.phase}{reason}{message}"
    if after.paused and (before is None or not before.paused):
        yield "spec.paused is set: no promotion starts"
    if before is not None and before.paused and not after.paused:
        yield "spec.paused is cleared"


def _of_gates(before: View | None, after: View) -> Iterator[str]:
    """What was measured, and what gates said, since the last time; none of what was there at the first."""
    if before is None:
        return
    known = {one.name: one for one in before.gates} if before.attempt == after.attempt else {}
    for one in after.gates:
        old = known.get(one.name)
        yield from (f"{one.name}: {line}" for line in fresh(old.run if old else None, one.run))
        if one.answer and (old is None or old.answer != one.answer):
            yield f"gate {one.name} said {one.answer}: {one.why}"


def _of_layers(before: View | None, after: View) -> Iterator[str]:
    known = {layer.name: layer for layer in before.layers} if before else {}
    for layer in after.layers:
        old = known.get(layer.name)
        if layer.error:
            if old is None or old.error != layer.error:
                yield f"layer {layer.name}: cannot look at it: {layer.error}"
        elif old is None or old.active != layer.active or old.error:
            yield f"layer {layer.name}: live traffic on {_where(after, layer.active)}"
        elif layer.converged and not old.converged:
            how = "seen to answer from" if layer.probed else "in force:"
            yield f"layer {layer.name}: {how} {_where(after, layer.active)}"


def _where(view: View, shown: str) -> str:
    return view.words(shown) if any(one.id == shown for one in view.revisions) else shown


def _of_revisions(before: View | None, after: View) -> Iterator[str]:
    known = {one.id: one for one in before.revisions} if before else {}
    for one in reversed(after.revisions):
        yield from _of_revision(known.get(one.id), one, first=before is None)


def _of_revision(old: RevisionView | None, one: RevisionView, *, first: bool) -> Iterator[str]:
    name = f"revision {one.ordinal} ({one.id})"
    images = " ".join(one.images)
    if (old is None and (one.replicas or not first)) or (old and one.replicas and not old.replicas):
        yield f"{name}: {images + ', ' if images else ''}{one.available} of {one.replicas} available"
    elif old and old.replicas and not one.replicas:
        yield f"{name}: scaled down"
    elif old and (one.available, one.replicas) != (old.available, old.replicas) and one.replicas:
        yield f"{name}: {one.available} of {one.replicas} available"


def _of_troubles(before: View | None, after: View) -> Iterator[str]:
    if after.workloads_error and (before is None or before.workloads_error != after.workloads_error):
        yield f"cannot look at the workloads: {after.workloads_error}"
    yield from (f"refused: {one}" for one in after.troubles if before is None or one not in before.troubles)
