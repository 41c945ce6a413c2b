"""The rules. Everything that decides is in this folder; nothing here does anything, or knows what time it is.

    decide(rollout, record, snapshot, now) -> Decision(record, actions, wake_at)

The only event is a full observation. The record is saved before the actions begin; any subset of them, in any order,
repeated, is harmless.

What must always be true
    1. Live traffic is pointed only at a revision seen available. Forward: available >= wanted >= 1. Back to the stable
       one: at once if it has 75% of what is wanted, or any while the other has none; else after 30 s with at least one.
    2. No decision leaves a layer that had traffic pointing at nothing.
    3. A revision that has traffic, or may be needed to roll back, is never scaled below what is wanted.
    4. Nothing is promoted unless every gate said yes for that revision in this attempt. Waived, each time recorded:
       the first deployment, promote-full, the fast track back.
    5. An abort always takes traffic back, by rule 1.
    6. All layers agree, or are being brought to agree; a split that must be held is Degraded.
    7. Crashes, twins, stale or missing observations and clocks that jump change none of this.
    8. Deciding again on the same inputs gives the same decision; a settled world gives no actions.

How a stalled twin is kept harmless
    - Every saved traffic write or scale-down is outstanding until a live look sees its object's token changed.
    - While a layer's is outstanding nothing is retired and no attempt starts; while a revision's scale-down is, nothing
      is pointed at it. Either is ended by writing the object anew: same value, new token.
    - A revision is retired on one complete live look after its time, with the stable one whole, on that look's token.
    - What was not seen live moves no traffic and scales nothing down.

The phases, and every way from one to another (one decision may take several)
    Progressing -> Paused       a gate does not answer yet, or spec.paused is set
    Progressing -> Promoting    available, and every gate said yes
    Progressing -> Healthy      the declared template is the stable one
    Progressing -> Degraded     a gate said no, no progress in time, or a person aborted
    Paused -> Progressing       a new template, or replicas are missing once the gates said yes
    Paused -> Promoting         the last gate said yes
    Paused -> Degraded          a gate said no, or a person aborted
    Promoting -> Healthy        every layer followed, and every gate that remained said yes
    Promoting -> Degraded       a layer did not follow in time, a gate said no, the revision died, or a person aborted
    Promoting -> Progressing    a new template: back to the stable revision first
    Healthy -> Progressing      a new template
    Healthy -> Degraded         the revision died while the previous one was whole, or a person aborted
    Degraded -> Progressing     a new template, a retry, promote-full, or what was late made progress
    Degraded -> Paused          what was late is available, and a gate does not answer yet
    Degraded -> Promoting       what was late is available, and every gate said yes

Where to read on: `attempts` (how a release begins and ends), `phases`, `progressing` and `promoting` (one function a
phase), `asking` (gates), `traffic` (layers), `replicas` (who runs), `plan` (one decision in the making).
"""

from __future__ import annotations

from datetime import datetime

from attrs import evolve

from bluegreen.actions import Cancel, Ensure, Measure, RunHook
from bluegreen.decide.asking import acknowledge, cancel_unwanted
from bluegreen.decide.attempts import adopt, follow_template
from bluegreen.decide.phases import run_phase, tell_of_outage
from bluegreen.decide.plan import Decision, Plan, clamped
from bluegreen.decide.replicas import forget_oldest, keep_up, prepare_layers, retire_spent
from bluegreen.decide.traffic import point_preview, settle_writes
from bluegreen.record import Record
from bluegreen.snapshot import Observed, Snapshot
from bluegreen.spec import Rollout

__all__ = ["Decision", "decide"]


def decide(rollout: Rollout, record: Record | None, snapshot: Snapshot, now: datetime) -> Decision:
    """The next safe step: what to remember, what to ask of the world, when to look again at the latest.

    `record` None means that nothing is remembered. `now` must have a time zone. Pure and total: it raises nothing, and
    the same arguments give the same decision.
    """
    before = record if record is not None else Record.new(now)
    start = clamped(before, now) if before.saved_at and before.saved_at > now else before
    plan = Plan.of(rollout, start, snapshot, now)
    settle_writes(plan)
    acknowledge(plan)
    if adopt(plan):
        if plan.record.current is None and plan.workloads is None:
            plan.say("cannot look yet at the workloads")
        elif follow_template(plan):
            run_phase(plan)
        cancel_unwanted(plan)
        tell_of_outage(plan)
        point_preview(plan)
        retire_spent(plan)
        keep_up(plan)
        prepare_layers(plan)
        forget_oldest(plan)
    return _decision(plan, before, record)


def _decision(plan: Plan, before: Record, stored: Record | None) -> Decision:
    changed = stored is None or (plan.record is not before and plan.record != before)
    if (changed or plan.actions) and not _all_live(plan.snapshot) and not _harmless(plan, changed):
        return Decision(before, (), plan.now)
    after = evolve(plan.record, saved_at=plan.now) if changed else before
    actions = plan.actions  # some hold JSON, which has no hash
    once = tuple(action for number, action in enumerate(actions) if action not in actions[:number])
    return Decision(after, once, plan.wake_at)


def _all_live(snapshot: Snapshot) -> bool:
    parts = [snapshot.workloads, *(layer.seen for layer in snapshot.layers)]
    return all(part.live for part in parts if isinstance(part, Observed))


def _harmless(plan: Plan, changed: bool) -> bool:
    """Nothing that a look from a cache could get wrong: no memory, no traffic, no scaling down."""
    return not changed and all(isinstance(action, Ensure | Measure | RunHook | Cancel) for action in plan.actions)
