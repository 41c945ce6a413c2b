"""Progressing and Paused: a revision is prepared, made ready, and checked by its gates."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from bluegreen.decide.asking import ask, begun, reason_of
from bluegreen.decide.attempts import fail
from bluegreen.decide.plan import Plan
from bluegreen.decide.traffic import all_settled, bring_back, stranded, track
from bluegreen.gates import CannotSay, No, Stage, WaitUntil, Yes
from bluegreen.record import RECOVERING, Degraded, Healthy, Paused, PauseReason, Progressing, Promoting, Reason
from bluegreen.snapshot import Everything
from bluegreen.spec import RevisionId

DEAD_AFTER_S = 30
"""A stable revision with nothing available for so long cannot take traffic back: the next one need not wait for it."""


def progressing(plan: Plan) -> None:
    """Prepares the current revision, waits until it is available, asks its gates; then traffic may move."""
    current, stable = plan.record.current, plan.record.stable
    assert current is not None  # an attempt is always about a revision
    waiver = plan.record.waived()
    forced = waiver is not None and waiver.why == "promote-full" and current != stable and not plan.rollout.paused
    if stable is not None:
        track(plan, stable)
        if not forced:
            bring_back(plan, stable)
    if current == stable:
        _return_home(plan, current)
        return
    if not (forced or _may_prepare(plan, stable)):
        _wait_for_the_way_back(plan, current, stable)
        return
    if not _may_begin(plan):
        return
    plan.preparing, plan.full_size = True, waiver is not None
    _prepare(plan, current, stable, forced)
    if forced and stable is not None and not isinstance(plan.record.phase, Promoting):
        bring_back(plan, stable, empty_only=True)
    if stable is not None and isinstance(plan.record.phase, Progressing | Paused):
        _say_if_stranded(plan, current, stable)


def _may_begin(plan: Plan) -> bool:
    """Whether all that comes before the preview has been done; the revision gets no replicas before that."""
    gate, answer = ask(plan, Stage.PRE_PREVIEW)
    match answer:
        case Yes():
            return True
        case No(reason):
            assert gate is not None  # only a gate says no
            fail(plan, reason_of(plan, gate), f"gate {gate.name} said no: {reason}")
        case WaitUntil(when, reason, _, pause):
            _pause(plan, pause, reason, gate.name if gate else "", when)
        case CannotSay(reason, _, pause):
            _pause(plan, pause, reason, gate.name if gate else "")
        case _:
            assert_never(answer)
    return False


def _say_if_stranded(plan: Plan, current: RevisionId, stable: RevisionId) -> None:
    """Traffic that should go back, and cannot since the stable revision is dead, is not left to be found out."""
    if why := stranded(plan, stable):
        way_out = "resume" if plan.rollout.paused else "" if plan.record.waived() else "promote --full"
        plan.say(f"{plan.record.phase.message}; {why}" + (f": {way_out} takes {current} live" if way_out else ""))


def _prepare(plan: Plan, current: RevisionId, stable: RevisionId | None, forced: bool) -> None:
    first = plan.rollout.replicas if plan.full_size else _preview_size(plan)
    if plan.available(current) < first and not begun(plan):
        _becoming_available(plan, current)
        return
    _ask_before_promotion(plan, current, stable, forced)


def _preview_size(plan: Plan) -> int:
    preview = plan.rollout.strategy.preview_replica_count
    return plan.rollout.replicas if preview is None else preview


def _may_prepare(plan: Plan, stable: RevisionId | None) -> bool:
    """No layer is seen off the stable revision, or that one is dead and traffic cannot go back anyway."""
    if stable is None:
        return True
    for name, state in plan.layers:
        if state is None or state.active == stable:
            continue
        off_since = plan.record.layer(name).off_since or plan.now
        dead = plan.workloads is not None and plan.available(stable) == 0 and not isinstance(state.active, Everything)
        if not (dead and plan.passed(off_since, DEAD_AFTER_S)):
            return False
    return True


def _wait_for_the_way_back(plan: Plan, current: RevisionId, stable: RevisionId | None) -> None:
    """Nothing is prepared yet. Where traffic cannot go back, since there is nothing to go back to, that is said."""
    off = [name for name, state in plan.layers if state is not None and state.active != stable]
    since = min((plan.record.layer(name).off_since or plan.now for name in off), default=plan.now)
    dead = plan.workloads is not None and not plan.available(stable)
    if dead and not plan.in_time(since, plan.rollout.progress_deadline_seconds):
        why = f"traffic on {', '.join(off)} cannot go back to {stable}, which has nothing available"
        _slip(plan, Reason.PROGRESS_DEADLINE, f"{why}; promote --full takes {current} live")
        return
    _go_on(plan, f"traffic goes back to {stable} before revision {current} is prepared", working=False)


def _becoming_available(plan: Plan, current: RevisionId) -> None:
    if plan.rollout.replicas == 0:
        _go_on(plan, f"spec.replicas is 0: revision {current} cannot be released")
        return
    if plan.workloads is None:
        _go_on(plan, "cannot look at the workloads: nothing is promoted before it can be", working=False)
        return
    about = (f"revision {current}", "prepare layer")
    trouble = next(
        (one for one in plan.snapshot.troubles if one.permanent and any(what in one.what for what in about)), None
    )
    if trouble:
        _slip(plan, Reason.BACKEND, f"{trouble.what}: {trouble.error}")
        return
    _go_on(plan, f"revision {current} is becoming available")


def _go_on(plan: Plan, message: str, *, working: bool = True) -> None:
    """Progressing, with its deadline: counted from the last rise of the available replicas, and only while looking."""
    phase, current = plan.record.phase, plan.record.current
    available = plan.available(current)
    in_hand = isinstance(phase, Progressing) or (isinstance(phase, Degraded) and phase.reason in RECOVERING)
    best = phase.best if isinstance(phase, Progressing | Degraded) and in_hand else 0
    at = phase.progressed_at if isinstance(phase, Progressing | Degraded) and in_hand else None
    since = phase.since if isinstance(phase, Progressing) else plan.now
    rose = available > best
    if working and (at is None or rose):
        best, at = max(best, available), plan.now
    if isinstance(phase, Degraded) and phase.reason is Reason.PROGRESS_DEADLINE and not rose:
        return  # it stays so until something moves
    if plan.rollout.paused:
        _pause(plan, PauseReason.SPEC, "spec.paused is set: no promotion starts")
        return
    plan.enter(Progressing(current, since, message, best, at))
    counts = working and plan.workloads is not None and plan.rollout.replicas > 0 and at is not None
    if counts and at is not None and not plan.in_time(at, plan.rollout.progress_deadline_seconds):
        _too_late(plan)


def _too_late(plan: Plan) -> None:
    seconds = plan.rollout.progress_deadline_seconds
    state = plan.revisions.get(plan.record.current) if plan.record.current else None
    reasons = "; ".join(state.reasons) if state else ""
    why = f"revision {plan.record.current} made no progress for {seconds} s" + (f" ({reasons})" if reasons else "")
    if plan.rollout.progress_deadline_abort:
        fail(plan, Reason.ABORTED, why)
    else:
        _slip(plan, Reason.PROGRESS_DEADLINE, why)


GOES_ON = "; live traffic is untouched; it goes on by itself when it can, abort gives it up"


def _slip(plan: Plan, reason: Reason, why: str, then: str = GOES_ON) -> None:
    """Degraded, but the attempt goes on by itself as soon as it can."""
    phase = plan.record.phase
    if isinstance(phase, Degraded) and phase.reason is reason:
        return
    best = phase.best if isinstance(phase, Progressing) else 0
    at = phase.progressed_at if isinstance(phase, Progressing) else plan.now
    plan.enter(Degraded(plan.record.current, plan.now, reason, why, why + then, best, at))
    plan.note(str(reason), why=why)


def _ask_before_promotion(plan: Plan, current: RevisionId, stable: RevisionId | None, forced: bool) -> None:
    gate, answer = ask(plan, Stage.PRE_PROMOTION)
    match answer:
        case No(reason):
            assert gate is not None  # only a gate says no
            fail(plan, reason_of(plan, gate), f"gate {gate.name} said no: {reason}")
        case WaitUntil(when, reason, _, pause):
            _pause(plan, pause, reason, gate.name if gate else "", when)
        case CannotSay(reason, _, pause):
            _pause(plan, pause, reason, gate.name if gate else "")
        case Yes():
            plan.full_size = True
            blind = [name for name, state in plan.layers if state is None]
            if plan.rollout.replicas < 1 or plan.available(current) < plan.rollout.replicas:
                _becoming_available(plan, current)
            elif blind:
                where = ", ".join(blind)
                _go_on(plan, f"cannot look at {where}: nothing is promoted before it can be", working=False)
            elif plan.pending_layers() and not forced:
                _go_on(plan, "an earlier write may still land on a layer: it is ended first", working=False)
            elif plan.rollout.paused:
                _pause(plan, PauseReason.SPEC, "spec.paused is set: no promotion starts")
            else:
                _start_promoting(plan, current, stable)
        case _:
            assert_never(answer)


def _start_promoting(plan: Plan, current: RevisionId, stable: RevisionId | None) -> None:
    plan.enter(Promoting(current, plan.now))
    plan.remember(layers=())
    plan.note("Promoting", why=f"traffic moves from {stable}" if stable else "")


def _pause(plan: Plan, reason: PauseReason, message: str, gate: str = "", until: datetime | None = None) -> None:
    phase = plan.record.phase
    same = isinstance(phase, Paused) and (phase.reason, phase.gate) == (reason, gate)
    since = phase.since if same else plan.now
    assert plan.record.current is not None  # an attempt is always about a revision
    plan.enter(Paused(plan.record.current, since, reason, message, gate, until))


def _return_home(plan: Plan, stable: RevisionId) -> None:
    """The declared template is the stable one again: nothing is promoted, traffic only has to be there."""
    plan.preparing = True
    phase = plan.record.phase
    if all_settled(plan, stable) and plan.whole(stable) and not plan.pending_layers():
        if isinstance(phase, Degraded):
            plan.enter(Progressing(stable, plan.now))
            return
        plan.enter(Healthy(stable, plan.now))
        plan.note("Completed", why="the declared template is the stable one")
    elif plan.in_time(phase.since, plan.rollout.progress_deadline_seconds) and not isinstance(phase, Degraded):
        why = stranded(plan, stable)
        plan.say(f"traffic goes back to {stable}" + (f"; {why}" if why else ""))
    else:
        what = stranded(plan, stable) or f"traffic is not settled on {stable} with all replicas of it available"
        why = f"after {plan.rollout.progress_deadline_seconds} s {what}"
        _slip(plan, Reason.PROGRESS_DEADLINE, why, "; it goes on by itself when it can")
