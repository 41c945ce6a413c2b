"""When a command that drives or follows a rollout may end, and with what exit code."""

from __future__ import annotations

from enum import StrEnum

from bluegreen.cli.exits import Exit
from bluegreen.decide import Decision
from bluegreen.record import RECOVERING, Degraded, Healthy, Paused, Promoting, Reason
from bluegreen.snapshot import Observed, Snapshot


class Until(StrEnum):
    """How far a release is driven: to the first of these that is reached or passed."""

    PAUSED = "paused"
    PROMOTED = "promoted"
    HEALTHY = "healthy"
    RETIRED = "retired"


def ended(decision: Decision, snapshot: Snapshot, until: Until) -> Exit | None:
    """The exit code once the declared revision has come as far as `until`, or can come no further; None before that.

    `decision` is the one made on this snapshot. Nothing has ended while a write is under way.
    """
    record = decision.record
    seen = snapshot.workloads
    if not isinstance(seen, Observed) or record.request or seen.value.template != record.current:
        return None
    phase = record.phase
    if isinstance(phase, Degraded) and phase.reason in RECOVERING:
        return Exit.DEGRADED
    if decision.actions or record.outstanding or record.asked:
        return None
    match phase:
        case Degraded():
            return Exit.DEGRADED if _given_up(decision, snapshot, until) else None
        case Paused():
            if until is Until.PAUSED:
                return Exit.OK
            return Exit.PAUSED if phase.until is None else None
        case Promoting():
            everywhere = until in (Until.PAUSED, Until.PROMOTED) and _all_on(snapshot, phase.revision)
            return Exit.OK if everywhere else None
        case Healthy():
            return Exit.OK if until is not Until.RETIRED or _nothing_due(decision) else None
        case _:
            return None


def _given_up(decision: Decision, snapshot: Snapshot, until: Until) -> bool:
    """Traffic is where it belongs after a failure, and nothing is left to be done about it."""
    record = decision.record
    assert isinstance(record.phase, Degraded)  # asked of nothing else
    back = record.stable is None or record.phase.reason is Reason.FROZEN or _all_on(snapshot, record.stable)
    return back and (until is not Until.RETIRED or _nothing_due(decision))


def _nothing_due(decision: Decision) -> bool:
    """No clock runs, and whatever is still retained is kept for good."""
    return decision.wake_at is None and all(one.delay_s is None for one in decision.record.retained)


def _all_on(snapshot: Snapshot, revision: str) -> bool:
    states = [layer.seen.value if isinstance(layer.seen, Observed) else None for layer in snapshot.layers]
    return all(state is not None and state.active == revision and state.converged for state in states)
