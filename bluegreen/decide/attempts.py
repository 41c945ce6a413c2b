"""Attempts: what is there when nothing is remembered, and how the release of a revision begins and ends."""

from __future__ import annotations

from attrs import evolve

from bluegreen.commands import failed
from bluegreen.decide.asking import following_up
from bluegreen.decide.plan import Plan
from bluegreen.decide.runs import put_away
from bluegreen.decide.traffic import bring_back, end_pending
from bluegreen.record import (
    FIRST_DEPLOYMENT,
    RECOVERING,
    Degraded,
    Healthy,
    Paused,
    Progressing,
    Promoting,
    Reason,
    Waiver,
)
from bluegreen.snapshot import Everything, Foreign
from bluegreen.spec import OnFailure, RevisionId


def adopt(plan: Plan) -> bool:
    """With nothing remembered, what live traffic shows is stable. Needs one look at everything; says whether it had it.

    Where a layer selects everything, the only revision that has anything available is the stable one. Where layers
    differ, the declared revision is the one that is being released, unless nothing else serves.
    """
    if plan.record.adopted:
        return True
    unseen = [name for name, state in plan.layers if state is None]
    if plan.workloads is None or unseen:
        plan.say("cannot look yet at " + ", ".join((["the workloads"] if plan.workloads is None else []) + unseen))
        return False
    shown = [state.active for _, state in plan.layers if state]
    pointed = [one for one in shown if isinstance(one, str) and one in plan.revisions]
    serving = [one.id for one in plan.revisions.values() if one.available]
    if not pointed and len(serving) == 1 and any(isinstance(one, Everything) for one in shown):
        pointed = serving
    # Where layers differ, nobody knows whether the declared one has passed its gates.
    older = [one for one in pointed if one != plan.workloads.template and plan.available(one)]
    stable = next(iter(older or pointed), None)
    plan.remember(adopted=True, stable=stable)
    if stable:
        plan.note("Adopted", why=f"revision {stable} had the traffic, and is taken as stable")
    return True


def follow_template(plan: Plan) -> bool:
    """Starts a new attempt when the template changed, or when a person asked for one; says whether phases may go on.

    No attempt starts while a traffic write of the last one may still land: those are ended first, on the way back.
    """
    record = plan.record
    template = plan.workloads.template if plan.workloads else record.current
    request = record.request
    if request and (not isinstance(record.phase, Degraded) or request.revision != record.current):
        plan.remember(request=None)
        request = None
    if template is None or (template == record.current and request is None):
        return True
    over = isinstance(record.phase, Degraded) and record.phase.reason not in RECOVERING | {Reason.FROZEN}
    if over and following_up(plan) and not (request and request.what == "promote-full"):
        return True  # what follows an abort ends before the next attempt begins; traffic goes back meanwhile
    if record.stable is not None and plan.pending_layers():
        _close(plan, template)
        return False
    waiver = None
    if template == record.current and request and request.what == "promote-full":
        waiver = Waiver(template, record.attempt + 1, request.what, request.by, request.at)
    begin(plan, template, waiver)
    return True


def _close(plan: Plan, template: RevisionId) -> None:
    phase, stable = plan.record.phase, plan.record.stable
    assert stable is not None  # without a stable revision attempts are not closed, only superseded
    if isinstance(phase, Degraded) and phase.reason is Reason.FROZEN:
        for name, state in plan.layers:
            if state:
                end_pending(plan, name, state)
        return
    if isinstance(phase, Promoting | Healthy | Paused):
        plan.enter(Progressing(template, plan.now))
    if isinstance(plan.record.phase, Progressing):
        plan.say(f"traffic goes back to {stable} before revision {template} is prepared")
    else:
        plan.say(f"the next attempt, of revision {template}, starts when no write of the last one can land any more")
    bring_back(plan, stable)


def begin(plan: Plan, revision: RevisionId, waiver: Waiver | None = None) -> None:
    """A new attempt: earlier answers, approvals and outcomes are worth nothing in it."""
    _accept_frozen(plan, revision)
    plan.record = put_away(plan.rollout, plan.record, plan.now)
    record = plan.record
    attempt, stable = record.attempt + 1, record.stable
    if waiver is None and stable is None and not _somebody_serves(plan, revision):
        waiver = Waiver(revision, attempt, FIRST_DEPLOYMENT, "", plan.now)
    elif waiver is None and revision != stable and (why := fast_track(plan, revision)):
        waiver = Waiver(revision, attempt, why, "", plan.now)
    proven = record.proven
    if stable and revision != stable and _ordinal(plan, revision) < _ordinal(plan, stable):
        proven = tuple(one for one in proven if one != stable)  # it is being undone
    plan.remember(
        phase=Progressing(revision, plan.now),
        current=revision,
        previous=None if record.previous == revision else record.previous,
        attempt=attempt,
        waiver=waiver,
        request=None,
        gates=(),
        approvals=(),
        outcomes=(),
        proven=proven,
        dead_since=None,
        layers=tuple(evolve(layer, off_since=None) for layer in record.layers),
    )
    plan.note("Started", by=waiver.by if waiver else "", why=f"no gates: {waiver.why}" if waiver else "")


def _somebody_serves(plan: Plan, revision: RevisionId) -> bool:
    """Live traffic reaches, or may reach, something other than this revision."""
    for _, state in plan.layers:
        if state and isinstance(state.active, Foreign):
            return True
        if state and isinstance(state.active, Everything):
            return any(one.available for one in plan.revisions.values() if one.id != revision)
    return any(one != revision for one in plan.record.may_show)


def _accept_frozen(plan: Plan, revision: RevisionId) -> None:
    """Whoever froze a release must not be taken back: a newer revision starts from the frozen one."""
    record = plan.record
    frozen = isinstance(record.phase, Degraded) and record.phase.reason is Reason.FROZEN
    if frozen and revision not in (record.current, record.stable) and record.current:
        plan.remember(stable=record.current, previous=record.stable)
        plan.note("Accepted", why=f"frozen with live traffic, and superseded by {revision}")


def fast_track(plan: Plan, revision: RevisionId) -> str:
    """Why this revision needs no gates: it was stable before, never taken back, and is near. Empty when it does."""
    record = plan.record
    state = plan.revisions.get(revision)
    if revision not in record.proven or state is None or record.stable is None:
        return ""
    if state.replicas and any(one.revision == revision for one in record.retained):
        return "fast track: it was stable before and is still running"
    window = plan.rollout.rollback_window_revisions
    mine, stable = state.ordinal, _ordinal(plan, record.stable)
    between = sum(mine < one.ordinal < stable for one in plan.revisions.values())
    if window is not None and mine < stable and between < window:
        return f"fast track: it was stable before, within the rollback window of {window}"
    return ""


def _ordinal(plan: Plan, revision: RevisionId) -> int:
    """A revision that does not exist yet is younger than all that do."""
    if revision in plan.revisions:
        return plan.revisions[revision].ordinal
    return 1 + max((one.ordinal for one in plan.revisions.values()), default=0)


def fail(plan: Plan, reason: Reason, why: str, *, may_freeze: bool = False) -> None:
    """Ends the attempt: traffic goes back; or stays, where the policy says so for a revision that has traffic."""
    if may_freeze and plan.rollout.policy.on_failure is OnFailure.FREEZE:
        if isinstance(plan.record.phase, Healthy):  # an abort must know where to go back to
            plan.remember(stable=plan.record.previous, previous=None)
        plan.record = plan.record.ended_runs(plan.now, why)
        plan.enter(Degraded(plan.record.current, plan.now, Reason.FROZEN, why))
        plan.note("Frozen", why=why)
        return
    plan.record = failed(plan.record, reason, why, plan.now)
    plan.note("Aborted", why=why)


def complete(plan: Plan) -> None:
    """The current revision is the stable one, and the last stable one is what an abort goes back to."""
    record = plan.record
    assert record.current is not None  # only what is current can be promoted
    previous = record.stable if record.stable != record.current else record.previous
    known = {one for one in (*record.proven, record.current) if one in plan.revisions or one == record.current}
    plan.remember(
        phase=Healthy(record.current, plan.now),
        stable=record.current,
        previous=previous,
        proven=tuple(sorted(known)),
        dead_since=None,
    )
    plan.record = plan.record.ended_runs(plan.now, "its attempt was completed")
    plan.note("Completed")
