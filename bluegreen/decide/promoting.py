"""Promoting: traffic moves layer by layer, is verified, and is then checked by the gates that remain."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from bluegreen.decide.asking import ask, reason_of
from bluegreen.decide.attempts import complete, fail
from bluegreen.decide.plan import Plan
from bluegreen.decide.traffic import bring_back, end_pending, point, settled, track
from bluegreen.gates import CannotSay, No, Stage, WaitUntil, Yes
from bluegreen.record import PauseReason, Promoting, Reason
from bluegreen.snapshot import Trouble, Unobserved
from bluegreen.spec import RevisionId


def promoting(plan: Plan) -> None:
    """Moves the layers one after the other, each seen to follow before the next; then asks the gates that remain."""
    current, stable = plan.record.current, plan.record.stable
    assert current is not None  # an attempt is always about a revision
    plan.preparing = True
    track(plan, current, in_turn=True)
    moved = any(state is not None and state.active == current for _, state in plan.layers)
    if plan.workloads is not None and plan.available(current) == 0:
        fail(plan, Reason.NOT_AVAILABLE, f"revision {current} has nothing available any more", may_freeze=moved)
        return
    for name, state in plan.layers:
        if settled(plan, name, state, current):
            continue
        off_since = plan.record.layer(name).off_since or plan.now
        refused = _refused(plan, name)
        if refused or not plan.in_time(off_since, plan.rollout.policy.layer_deadline_seconds):
            fail(plan, Reason.LAYER_DEADLINE, refused or _why_not_followed(plan, name))
            return
        moves = f"layer {name} is moving to {current}" if state else f"layer {name} cannot be looked at"
        plan.enter(Promoting(current, plan.record.phase.since, moves))
        if state is not None and state.active != current and plan.available(current) >= max(plan.rollout.replicas, 1):
            point(plan, name, state, current, wholly=True)
        elif state is not None:
            end_pending(plan, name, state)
        if stable is not None:
            bring_back(plan, stable, empty_only=True, but=name)  # whose turn has not come serves meanwhile
        return
    _ask_after_promotion(plan, current, stable)


def _refused(plan: Plan, name: str) -> str:
    """Why this layer will not follow until a person acts; empty while it may."""
    for trouble in plan.snapshot.troubles:
        if trouble.permanent and _about(trouble, name):
            return f"layer {name} cannot follow: {trouble.error}"
    return ""


def _about(trouble: Trouble, name: str) -> bool:
    return f" layer {name} " in f" {trouble.what} "


def _why_not_followed(plan: Plan, name: str) -> str:
    seen = next(layer.seen for layer in plan.snapshot.layers if layer.name == name)
    errors = [one.error for one in plan.snapshot.troubles if _about(one, name)]
    last = seen.error if isinstance(seen, Unobserved) else "; ".join(errors) or seen.value.note
    why = "could not be looked at" if isinstance(seen, Unobserved) else "was not seen to follow"
    words = f"layer {name} {why} within {plan.rollout.policy.layer_deadline_seconds} s"
    return f"{words} ({last})" if last else words


def _wait(plan: Plan, gate: str, pause: PauseReason, reason: str, until: datetime | None) -> None:
    """It stays Promoting: a pause would be before the promotion, and this revision has the traffic."""
    current, phase = plan.record.current, plan.record.phase
    assert current is not None  # an attempt is always about a revision
    message = f"all traffic is on {current}; {gate} {reason}"
    plan.enter(Promoting(current, phase.since, message, pause, gate, until))


def _ask_after_promotion(plan: Plan, current: RevisionId, stable: RevisionId | None) -> None:
    gate, answer = ask(plan, Stage.POST_PROMOTION)
    match answer:
        case No(reason):
            assert gate is not None  # only a gate says no
            fail(plan, reason_of(plan, gate), f"gate {gate.name} said no: {reason}", may_freeze=True)
        case WaitUntil(when, reason, _, pause):
            _wait(plan, gate.name if gate else "", pause, reason, when)
        case CannotSay(reason, _, pause):
            _wait(plan, gate.name if gate else "", pause, reason, None)
        case Yes():
            complete(plan)
        case _:
            assert_never(answer)
