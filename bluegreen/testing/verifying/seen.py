"""What one simulated release came to: few numbers and words, out of a trace of thousands of moments."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from attrs import frozen

from bluegreen.record import Paused, Phase, Progressing, Promoting
from bluegreen.spec import RevisionId
from bluegreen.testing import invariants
from bluegreen.testing.trace import Trace, Truth
from bluegreen.testing.verifying.words import FOR_EVER, span


@frozen
class Stand:
    """A phase: since when it held, its kind, why, which gate it waits for, and what it says."""

    at_s: float
    phase: str
    reason: str = ""
    gate: str = ""
    message: str = ""

    @property
    def words(self) -> str:
        """The phase in a word or two: `1m3s Paused (Gate)`."""
        return f"{span(self.at_s)} {self.phase}" + (f" ({self.reason})" if self.reason else "")


@frozen
class Seen:
    """What became of the first build that was released. Seconds count from its release; None: it did not happen.

    `live_at_s`: it first had live traffic on some layer; `back_at_s`: it last lost it (None while it has it);
    `live_s`: how long it had it, all in all. `healthy_at_s`: its release was complete. `retired_at_s`: the revision
    before it had no replicas any more. `split_s`: the longest that layers showed different revisions. `ended_s`: the
    simulation's end. `violations` are sentences about broken invariants.
    """

    stands: tuple[Stand, ...]
    available_at_s: float | None
    live_at_s: float | None
    back_at_s: float | None
    live_s: float
    healthy_at_s: float | None
    gates: tuple[str, ...]
    retired_at_s: float | None
    split_s: float
    dark_s: float
    ended_s: float
    violations: tuple[str, ...] = ()

    @property
    def last(self) -> Stand:
        """How it stood in the end."""
        return self.stands[-1]

    @property
    def keeps_traffic(self) -> bool:
        """It had live traffic in the end."""
        return self.live_at_s is not None and self.back_at_s is None

    @property
    def lives_s(self) -> float:
        """How long it had live traffic; `FOR_EVER` when it still had it in the end."""
        return FOR_EVER if self.keeps_traffic else self.live_s

    @property
    def course(self) -> str:
        """How it went, on one line."""
        found = [one.words for one in self.stands[1:]] or [self.stands[0].words]
        if len(found) > 7:
            found = [*found[:3], "...", *found[-3:]]
        where = "the new build has the traffic" if self.keeps_traffic else "the old build has the traffic"
        return f"{', '.join(found)}; after {span(self.ended_s)} {where}"


def seen(trace: Trace, stable: RevisionId, released: RevisionId, *, all_invariants: bool = True) -> Seen:
    """What became of the revision `released`, which was to follow `stable`. Without `all_invariants` the one that
    demands an end (7) is left out."""
    began_s = trace.moments[trace.released].at_s

    def first(holds: Callable[[Truth], bool], from_s: float = 0.0) -> float | None:
        moments = (one for one in trace.moments[trace.released :] if one.at_s - began_s >= from_s)
        return next((one.at_s - began_s for one in moments if holds(one.truth)), None)

    live_at_s = first(lambda truth: _shows(truth, released))
    promoted = [one for one in trace.promotions if one.revision == released]
    retired = first(lambda truth: not truth.replicas(stable), live_at_s) if live_at_s is not None else None
    numbers = [one for one in invariants.INVARIANTS if all_invariants or one != 7]
    return Seen(
        stands=_stands(trace),
        available_at_s=first(lambda truth: truth.available(released) > 0),
        live_at_s=live_at_s,
        back_at_s=_back(trace, released, began_s),
        live_s=trace.live(released).total_seconds(),
        healthy_at_s=promoted[0].at.total_seconds() if promoted else None,
        gates=promoted[0].gates if promoted else (),
        retired_at_s=retired,
        split_s=_longest(trace, lambda truth: len({one.active for one in truth.layers.values()}) > 1),
        dark_s=trace.dark.total_seconds(),
        ended_s=trace.moments[-1].at_s - began_s,
        violations=tuple(invariants.violations(trace, *numbers)),
    )


def _shows(truth: Truth, revision: RevisionId) -> bool:
    return any(layer.active == revision for layer in truth.layers.values())


def _back(trace: Trace, revision: RevisionId, began_s: float) -> float | None:
    """When the revision last lost live traffic; None when it has it in the end, or never had it."""
    lost = None
    for before, moment in pairwise(trace.moments[trace.released :]):
        if _shows(before.truth, revision) and not _shows(moment.truth, revision):
            lost = moment.at_s - began_s
    return None if _shows(trace.moments[-1].truth, revision) else lost


def _longest(trace: Trace, holds: Callable[[Truth], bool]) -> float:
    longest, since_s = 0.0, None
    for moment in trace.moments[trace.released :]:
        if not holds(moment.truth):
            since_s = None
        else:
            since_s = moment.at_s if since_s is None else since_s
            longest = max(longest, moment.at_s - since_s)
    return longest


def _stands(trace: Trace) -> tuple[Stand, ...]:
    found = [
        Stand(at.total_seconds(), type(phase).__name__, _reason(phase), _gate(phase), phase.message)
        for at, phase in trace.phases
    ]
    if found and trace.phase is not None:  # what it says in the end may be more than when it began
        last = found[-1]
        found[-1] = Stand(last.at_s, last.phase, last.reason, _gate(trace.phase), trace.phase.message)
    return tuple(found) or (Stand(0.0, "nothing"),)


def _reason(phase: Phase) -> str:
    reason = getattr(phase, "reason", None)
    return "" if reason is None or isinstance(phase, Progressing) else str(reason)


def _gate(phase: Phase) -> str:
    return phase.gate if isinstance(phase, Paused | Promoting) else ""
