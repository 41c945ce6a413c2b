"""When a command that drives or follows a rollout may end, and with what exit code."""

from __future__ import annotations

from enum import StrEnum

from bluegreen.cli.exits import Exit
from bluegreen.decide import Decision
from bluegreen.record import RECOVERING, Degraded, Healthy, Paused, Promoting, Reason
from bluegreen.snapshot import Observed, Snapshot, WorkloadsState
from bluegreen.spec import HookPoint


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
            due = _follow_up_due(decision) or (until is Until.RETIRED and not _nothing_due(decision, seen.value))
            return Exit.DEGRADED if _is_back(decision, snapshot) and not due else None
        case Paused():
            if until is Until.PAUSED:
                return Exit.OK
            return Exit.PAUSED if phase.until is None else None
        case Promoting():
            if until in (Until.PAUSED, Until.PROMOTED) and _all_on(snapshot, phase.revision):
                return Exit.OK
            return Exit.PAUSED if phase.reason is not None and phase.until is None else None
        case Healthy():
            return Exit.OK if until is not Until.RETIRED or _nothing_due(decision, seen.value) else None
        case _:
            return None


def _is_back(decision: Decision, snapshot: Snapshot) -> bool:
    """Traffic is where it belongs after a failure."""
    record = decision.record
    frozen = isinstance(record.phase, Degraded) and record.phase.reason is Reason.FROZEN
    return record.stable is None or frozen or _all_on(snapshot, record.stable)


def _follow_up_due(decision: Decision) -> bool:
    """A hook that follows the abort has not ended, and is tried again."""
    record, follows = decision.record, f"{HookPoint.ON_ABORT}/"
    mine = [one for one in record.gates if (one.revision, one.attempt) == (record.current, record.attempt)]
    return decision.wake_at is not None and any(one.gate.startswith(follows) and not one.answer for one in mine)


def _nothing_due(decision: Decision, state: WorkloadsState) -> bool:
    """No clock runs, whatever is still retained is kept for good, and the replicas of what is not have gone."""
    leaving = any(not one.replicas and (one.available or one.reasons) for one in state.revisions)
    return not leaving and decision.wake_at is None and all(one.delay_s is None for one in decision.record.retained)


def _all_on(snapshot: Snapshot, revision: str) -> bool:
    states = [layer.seen.value if isinstance(layer.seen, Observed) else None for layer in snapshot.layers]
    return all(state is not None and state.active == revision and state.converged for state in states)
