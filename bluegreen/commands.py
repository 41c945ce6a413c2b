"""What people may ask for.

A command changes either the record or the declaration, never both; none touches the world. Each names the revision
that it is for and raises, changing nothing, when that is no longer the one in question (`StaleCommand`) or when the
phase has no use for it (`IllegalCommand`). Asking twice for the same thing is the same as asking once.
"""

from __future__ import annotations

from datetime import datetime

from attrs import evolve

from bluegreen.errors import IllegalCommand, Problem, SpecError, StaleCommand
from bluegreen.gates import PROMOTION
from bluegreen.record import (
    HISTORY_LIMIT,
    RECOVERING,
    Approval,
    Degraded,
    Entry,
    Healthy,
    Paused,
    PauseReason,
    Progressing,
    Promoting,
    Reason,
    Record,
    Request,
    Waiver,
)
from bluegreen.snapshot import WorkloadsState
from bluegreen.spec import HookPoint, RevisionId, Rollout


def noted(record: Record, what: str, now: datetime, *, by: str = "", why: str = "") -> Record:
    """The record with one more line in its history, which stays bounded."""
    entry = Entry(now, what, record.current, by, why)
    return evolve(record, history=(*record.history, entry)[-HISTORY_LIMIT:])


def _must_be_current(record: Record, revision: RevisionId, command: str) -> None:
    if revision != record.current:
        now_in_hand = f"revision {record.current} is" if record.current else "nothing is yet"
        raise StaleCommand(f"{command} {revision}: {now_in_hand} in progress; look again and name that one")


def promote(record: Record, revision: RevisionId, by: str, now: datetime) -> Record:
    """Opens the pause before promotion, for this attempt only. It skips no other gate.

    It may come early, while the revision is still becoming available: it counts when the gate is asked, and once. Where
    an analysis came to no verdict, it is measured once more, as in Argo; `approve` is who says yes in its place.
    """
    _must_be_current(record, revision, "promote")
    phase = record.phase
    if isinstance(phase, Paused | Promoting) and phase.reason is PauseReason.INCONCLUSIVE:
        wish = Approval(phase.gate, revision, record.attempt, by, now, again=True)
        again = evolve(record, approvals=(*record.approvals, wish), phase=evolve(phase, reason=PauseReason.GATE))
        return noted(again, "Resumed", now, by=by, why=f"{phase.gate} is asked once more")
    return approve(record, revision, by, now, gate=PROMOTION)


def approve(record: Record, revision: RevisionId, by: str, now: datetime, *, gate: str) -> Record:
    """Somebody's yes to the gate of this name, for this revision in this attempt."""
    _must_be_current(record, revision, "promote" if gate == PROMOTION else f"approve {gate} for")
    if record.approved(gate):
        return record
    phase = record.phase
    waiting = isinstance(phase, Progressing | Paused) or (isinstance(phase, Promoting) and gate != PROMOTION)
    recovering = isinstance(phase, Degraded) and phase.reason in RECOVERING
    follows = gate.startswith(f"{HookPoint.ON_ABORT}/") and any(one.gate == gate for one in record.gates)
    if not (waiting or recovering or follows):
        what = type(phase).__name__
        hint = "retry starts a new attempt" if isinstance(phase, Degraded) else "there is nothing left to approve"
        raise IllegalCommand(f"revision {revision} is {what}: {hint}")
    approval = Approval(gate, revision, record.attempt, by, now)
    record = evolve(record, approvals=(*record.approvals, approval))
    return noted(record, "Promoted" if gate == PROMOTION else f"Approved {gate}", now, by=by)


def promote_full(record: Record, revision: RevisionId, by: str, now: datetime) -> Record:
    """Skips every gate of this attempt, recorded with who asked. From Degraded it starts a new attempt without gates.

    Availability is still required: traffic never moves to what is not there.
    """
    _must_be_current(record, revision, "promote --full")
    phase = record.phase
    if isinstance(phase, Healthy):
        raise IllegalCommand(f"revision {revision} is Healthy: it is promoted already")
    if isinstance(phase, Degraded) and phase.reason not in RECOVERING:
        if record.request and record.request.what == "promote-full":
            return record
        record = evolve(record, request=Request("promote-full", revision, by, now))
    else:
        if record.waived():
            return record
        record = evolve(record, waiver=Waiver(revision, record.attempt, "promote-full", by, now))
    return noted(record, "PromotedFully", now, by=by, why="every gate of this attempt is skipped")


def abort(record: Record, revision: RevisionId, by: str, now: datetime, *, why: str = "") -> Record:
    """Takes traffic back to the stable revision; in Healthy, while the previous one is retained, back to that one."""
    _must_be_current(record, revision, "abort")
    phase = record.phase
    if isinstance(phase, Degraded) and phase.reason not in RECOVERING | {Reason.FROZEN}:
        return evolve(record, request=None) if record.request else record
    if isinstance(phase, Healthy) and record.previous is None:
        raise IllegalCommand(
            f"revision {revision} is Healthy and no previous revision is retained: undo goes back instead"
        )
    reason = f"aborted by {by}" + (f": {why}" if why else "")
    return noted(failed(record, Reason.ABORTED, reason, now), "Aborted", now, by=by, why=why)


def failed(record: Record, reason: Reason, why: str, now: datetime) -> Record:
    """The attempt is over and traffic goes back. A promoted revision gives its place back to the previous one."""
    stable, previous = record.stable, record.previous
    if isinstance(record.phase, Healthy) and previous is not None:
        stable, previous = previous, None
    return evolve(
        record.ended_runs(now, why),
        phase=Degraded(record.current, now, reason, why),
        stable=stable,
        previous=previous,
        request=None,
        dead_since=None,
        proven=tuple(one for one in record.proven if one != record.current),
        layers=tuple(evolve(layer, off_since=None, heals=0) for layer in record.layers),
    )


def retry(record: Record, revision: RevisionId, by: str, now: datetime) -> Record:
    """Asks for a new attempt of the same revision; it starts when no write of the last one can land any more."""
    _must_be_current(record, revision, "retry")
    if not isinstance(record.phase, Degraded):
        raise IllegalCommand(
            f"revision {revision} is {type(record.phase).__name__}: only what is Degraded is tried again"
        )
    if record.phase.reason is Reason.FROZEN:
        raise IllegalCommand(f"revision {revision} is frozen: abort takes traffic back, promote --full accepts it")
    if record.request:
        return record
    return noted(evolve(record, request=Request("retry", revision, by, now)), "Retried", now, by=by)


def pause(rollout: Rollout) -> Rollout:
    """The rollout with `spec.paused` set: no promotion starts. Scaling, analysis and an abort go on."""
    return evolve(rollout, paused=True)


def resume(rollout: Rollout) -> Rollout:
    """The rollout with `spec.paused` cleared."""
    return evolve(rollout, paused=False)


def set_image(rollout: Rollout, image: str, container: str | None = None) -> Rollout:
    """The rollout with another image. Raises `SpecError` when it is not clear for which container, or it is no text."""
    if not image.isprintable():  # half a character, for one, which nothing could store
        raise SpecError([Problem(("image",), f"{image!a} is no name of an image", "write it like shop:v2")])
    return rollout.with_image(image, container)


def undo(
    rollout: Rollout, record: Record, workloads: WorkloadsState, *, to_revision: int | RevisionId | None = None
) -> Rollout:
    """The rollout with an earlier revision's template: the one named, or the best that differs from the declared one.

    Best is the retained previous one, then the stable one, then the newest that was ever promoted and not taken back.
    `to_revision` is an ordinal or an identifier. Raises `IllegalCommand` when there is none, or its template is lost.
    """
    known = sorted(workloads.revisions, key=lambda one: one.ordinal, reverse=True)
    if to_revision is None:
        preferred = [record.previous, record.stable, *(one.id for one in known if one.id in record.proven)]
        known.sort(key=lambda one: preferred.index(one.id) if one.id in preferred else len(preferred))
        found = [one for one in known if one.id != workloads.template]
    else:
        found = [one for one in known if to_revision in (one.id, one.ordinal)]
    if not found:
        there = ", ".join(f"{one.ordinal} ({one.id})" for one in known) or "none"
        raise IllegalCommand(f"no such revision to go back to; known are: {there}")
    if found[0].template is None:
        raise IllegalCommand(f"revision {found[0].ordinal} ({found[0].id}) is known, but its pod template is not")
    return rollout.with_template(found[0].template)
