"""What is asked of a trace in the words of whoever writes rollout policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from attrs import frozen

from bluegreen.record import RECOVERING, Degraded, Healthy, Phase, Progressing, Reason, Record
from bluegreen.snapshot import Everything
from bluegreen.spec import RevisionId
from bluegreen.testing.trace.moments import Moment, Truth

if TYPE_CHECKING:
    from bluegreen.testing.trace.recording import Trace


@frozen
class Promotion:
    """A release that went through: which revision, when (from the first release on), and which gates had said yes.

    `waived` is why no gate was asked; empty when they were.
    """

    revision: RevisionId
    at: timedelta
    gates: tuple[str, ...] = ()
    waived: str = ""


def live(trace: Trace, revision: RevisionId | None) -> timedelta:
    """How long some layer showed the revision, alone or among all others, while it existed."""
    return _held(trace, lambda truth: revision is not None and _shown(truth, revision))


def dark(trace: Trace) -> timedelta:
    """How long some layer that had served before showed what had nothing available."""
    served: set[str] = set()

    def some(truth: Truth) -> bool:
        serving = {name for name in truth.layers if _serves(truth, name)}
        served.update(serving)
        return bool(served - serving)

    return _held(trace, some)


def promotions(trace: Trace) -> list[Promotion]:
    """Every time that the record became Healthy with another revision, or in another attempt."""
    found: list[Promotion] = []
    for before, moment in _changes(trace):
        record = moment.truth.record
        if record is None or not isinstance(record.phase, Healthy):
            continue
        known = before.truth.record
        if known and isinstance(known.phase, Healthy) and known.attempt == record.attempt:
            continue
        yes = tuple(one.gate for one in record.gates if one.answer == "yes" and one.attempt == record.attempt)
        waiver = record.waived()
        promoted = Promotion(record.phase.revision, _since_release(trace, moment), yes, waiver.why if waiver else "")
        found.append(promoted)
    return found


def phases(trace: Trace) -> list[tuple[timedelta, Phase]]:
    """Every change of what kind of phase it is, of which revision, and why."""
    found: list[tuple[timedelta, Phase]] = []
    for moment in trace.moments[trace.released :]:
        record = moment.truth.record
        if record is not None and (not found or _kind(found[-1][1]) != _kind(record.phase)):
            found.append((_since_release(trace, moment), record.phase))
    return found


def _kind(phase: Phase) -> tuple[object, ...]:
    return type(phase), phase.revision, getattr(phase, "reason", None)


def rollback_time(trace: Trace) -> timedelta | None:
    """The longest way back from an attempt that was given up, or superseded, with live traffic on it."""
    found: list[float] = []
    left_s: float | None = None
    for moment in trace.moments:
        record = moment.truth.record
        if record is None:
            continue
        away = _is_given_up(record) and any(layer.active != record.stable for layer in moment.truth.layers.values())
        if away and left_s is None:
            left_s = moment.at_s
        elif not away and left_s is not None:
            found.append(moment.at_s - left_s)
            left_s = None
    if left_s is not None:
        found.append(trace.moments[-1].at_s - left_s)
    return timedelta(seconds=max(found)) if found else None


def _is_given_up(record: Record) -> bool:
    phase = record.phase
    if isinstance(phase, Degraded):
        return phase.reason not in RECOVERING | {Reason.FROZEN}
    return isinstance(phase, Progressing) and record.stable is not None and record.current != phase.revision


def _shown(truth: Truth, revision: RevisionId) -> bool:
    there = revision in truth.revisions
    return any(
        layer.active == revision or (isinstance(layer.active, Everything) and there and truth.available(revision) > 0)
        for layer in truth.layers.values()
    )


def _serves(truth: Truth, layer: str) -> bool:
    shown = truth.shows(layer)
    if isinstance(shown, Everything):
        return any(truth.available(one) for one in truth.revisions)
    return isinstance(shown, str) and truth.available(shown) > 0


def _held(trace: Trace, holds: Callable[[Truth], bool]) -> timedelta:
    """How long something held, from the first release on; what is true at a moment is so until the next."""
    seconds = 0.0
    moments = trace.moments[trace.released :]
    for moment, following in pairwise(moments):
        if holds(moment.truth):
            seconds += following.at_s - moment.at_s
    return timedelta(seconds=seconds)


def _changes(trace: Trace) -> Iterator[tuple[Moment, Moment]]:
    """The moments at which the stored record is another one than just before, after the first release began."""
    moments = trace.moments[trace.released :]
    for before, moment in pairwise(moments):
        if moment.truth.record is not before.truth.record:
            yield before, moment


def _since_release(trace: Trace, moment: Moment) -> timedelta:
    return timedelta(seconds=moment.at_s - trace.moments[trace.released].at_s)
