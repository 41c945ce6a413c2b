"""One function a phase. Each corrects what the phase says of itself, or goes over to another."""

from __future__ import annotations

from typing import assert_never

from bluegreen.decide.asking import follow_up
from bluegreen.decide.attempts import fail
from bluegreen.decide.plan import Plan
from bluegreen.decide.progressing import progressing
from bluegreen.decide.promoting import promoting
from bluegreen.decide.traffic import bring_back, end_pending, stranded, track
from bluegreen.record import RECOVERING, Degraded, Healthy, Paused, Progressing, Promoting, Reason
from bluegreen.spec import RevisionId

DEAD_AFTER_S = 30
"""A revision with nothing available for so long counts as dead."""


def run_phase(plan: Plan) -> None:
    """Runs the present phase's function, and those of the phases that it leads to in this very look."""
    seen: list[type] = []
    while type(plan.record.phase) not in seen:
        seen.append(type(plan.record.phase))
        match plan.record.phase:
            case Progressing() | Paused():
                progressing(plan)
            case Promoting():
                promoting(plan)
            case Healthy():
                healthy(plan)
            case Degraded():
                degraded(plan)
            case _:
                assert_never(plan.record.phase)


def healthy(plan: Plan) -> None:
    """Keeps every layer at the stable revision, and watches the current one while the previous can still take over."""
    stable = plan.record.stable
    assert stable is not None  # Healthy is entered with one only
    plan.preparing = True
    track(plan, stable)
    bring_back(plan, stable)
    blind = [name for name, state in plan.layers if state is None]
    blind += ["the workloads"] if plan.workloads is None else []
    troubles = [f"cannot look at {', '.join(blind)}: nothing is retired before it can be"] if blind else []
    plan.say("; ".join([*troubles, *filter(None, [stranded(plan, stable)])]))
    _watch_the_window(plan, stable)


def tell_of_outage(plan: Plan) -> None:
    """Says so when live traffic has nothing behind it: no phase may keep that to itself. Degraded says it anyway."""
    phase = plan.record.phase
    if plan.workloads is None or plan.rollout.replicas == 0 or isinstance(phase, Degraded):
        return
    shown = [(name, state.active) for name, state in plan.layers if state and isinstance(state.active, str)]
    dark = [f"{one}, which {name} shows," for name, one in shown if not plan.available(one)]
    if dark:
        what = f"revision {' and '.join(dark)} has nothing available"
        plan.say(f"{phase.message}; {what}" if phase.message else what)


def _watch_the_window(plan: Plan, stable: RevisionId) -> None:
    previous = plan.record.previous
    gone = plan.workloads is not None and plan.available(stable) == 0 and plan.rollout.replicas > 0
    if not (gone and previous and plan.whole(previous) and not plan.pending("revision", previous)):
        if plan.record.dead_since:
            plan.remember(dead_since=None)
        return
    if plan.record.dead_since is None:
        plan.remember(dead_since=plan.now)
    since = plan.record.dead_since or plan.now
    if plan.passed(since, DEAD_AFTER_S):
        why = f"revision {stable} had nothing available for {DEAD_AFTER_S} s while {previous} was whole"
        fail(plan, Reason.DIED, why, may_freeze=True)


def degraded(plan: Plan) -> None:
    """Takes traffic back by rule 1, or holds; a deadline that only slipped goes on as before."""
    phase = plan.record.phase
    assert isinstance(phase, Degraded)  # run_phase asks for nothing else
    if phase.reason in RECOVERING:
        progressing(plan)
        return
    if phase.reason is Reason.FROZEN:
        plan.preparing = True
        for name, state in plan.layers:
            if state is not None:
                end_pending(plan, name, state)
        assert plan.record.current is not None  # an attempt is always about a revision
        bring_back(plan, plan.record.current, empty_only=True)  # what an outsider left with nothing behind it
        plan.say(f"{phase.why}; frozen, with both revisions kept. abort goes back, promote --full accepts")
        return
    stable, follows = plan.record.stable, follow_up(plan)
    also = f"; {follows}" if follows else ""
    if stable is None:
        plan.say(f"{phase.why}; there is no stable revision to go back to. retry, or apply another template{also}")
        return
    track(plan, stable)
    bring_back(plan, stable)
    plan.say(f"{phase.why}; {_whereabouts(plan, stable)}{also}")


def _whereabouts(plan: Plan, stable: RevisionId) -> str:
    """Where traffic is, and what to do next."""
    off = [(name, state) for name, state in plan.layers if state is None or state.active != stable]
    if not off:
        return f"all traffic is on {stable}. retry starts a new attempt, or apply another template"
    names = ", ".join(name for name, _ in off)
    if plan.workloads is None:
        return f"cannot look at the workloads; {names} not known to be back on {stable}"
    if plan.available(stable):
        return f"traffic is going back to {stable} ({names} not there yet)"
    others = [state.active for _, state in off if state and isinstance(state.active, str)]
    if any(plan.available(one) for one in others):
        running = ", ".join(sorted(one for one in set(others) if plan.available(one)))
        return (
            f"{stable} has nothing available while {running} still runs and keeps {names}. "
            f"promote --full takes {plan.record.current} live everywhere"
        )
    current = plan.record.current
    if plan.available(current):
        return f"neither {stable} nor what {names} shows has anything available. promote --full takes {current} live"
    return f"neither {stable} nor what {names} shows has anything available: holding still, both are kept"
