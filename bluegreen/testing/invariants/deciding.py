"""Invariant 8: the same inputs give the same decision, and what is settled stays settled until `wake_at`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from attrs import evolve, fields

from bluegreen.decide import Decision, decide
from bluegreen.record import Record
from bluegreen.snapshot import Observed, Unobserved
from bluegreen.testing.invariants.facts import Broken, Facts
from bluegreen.testing.trace import Turn, brief

LONG = timedelta(days=1)


def deciding_again_is_the_same(facts: Facts) -> Iterator[Broken]:
    """Every decision is made again on the same inputs; and later, on the same world, where nothing was to be done.

    A turn at rest that saw what the one at rest before it saw is not: what was found of that one holds for it.
    """
    settled: Turn | None = None
    for turn in facts.turns:
        look, decision = turn.look, turn.decision
        if decision.wake_at is not None and decision.wake_at < look.at:
            yield Broken(turn.number, f"{turn.who} asks to be woken in the past, at {decision.wake_at}")
        at_rest = not decision.actions and same(look.record, decision.record)
        if at_rest and settled is not None and _as_before(settled, turn):
            continue
        again = decide(look.rollout, look.record, look.snapshot, look.at)
        if again != decision:
            yield Broken(
                turn.number, f"{turn.who} decides differently on the same look: {_difference(decision, again)}"
            )
        if at_rest:
            yield from _stays(turn)
            settled = turn


def _as_before(earlier: Turn, turn: Turn) -> bool:
    """Nothing is different from the earlier turn but that time has passed: what was found of it holds for this one."""
    before, now = earlier.look.snapshot, turn.look.snapshot
    return (
        turn.look.record is earlier.look.record
        and turn.look.rollout is earlier.look.rollout
        and turn.decision.wake_at == earlier.decision.wake_at
        and _undated(now.workloads) == _undated(before.workloads)
        and [_undated(one.seen) for one in now.layers] == [_undated(one.seen) for one in before.layers]
        and (now.outcomes, now.running, now.troubles) == (before.outcomes, before.running, before.troubles)
    )


def _undated(seen: Observed[Any] | Unobserved) -> object:
    return (seen.value, seen.live) if isinstance(seen, Observed) else seen


def _stays(turn: Turn) -> Iterator[Broken]:
    """Time alone changes nothing before `wake_at`: neither half way there nor just before."""
    look, wake_at = turn.look, turn.decision.wake_at
    until = wake_at if wake_at is not None else look.at + LONG
    for at in (look.at + (until - look.at) / 2, until - timedelta(microseconds=1)):
        later = decide(look.rollout, look.record, look.snapshot, max(at, look.at))
        if later.actions or not same(look.record, later.record):
            due = "never" if wake_at is None else f"in {(wake_at - look.at).total_seconds():.3f} s"
            what = f"{turn.who} settles to wake {due}, yet {(at - look.at).total_seconds():.3f} s later it decides"
            yield Broken(turn.number, f"{what} otherwise: {_difference(turn.decision, later)}")
            return


def same(one: Record | None, other: Record | None) -> bool:
    """Two records that remember the same, whenever they were saved."""
    if one is other:
        return one is not None
    return one is not None and other is not None and evolve(one, saved_at=None) == evolve(other, saved_at=None)


def _difference(one: Decision, other: Decision) -> str:
    if one.actions != other.actions:
        return f"{[brief(a) for a in one.actions]} and {[brief(a) for a in other.actions]}"
    if one.wake_at != other.wake_at and one.record == other.record:
        return f"wake_at {one.wake_at} and {other.wake_at}"
    names = [field.name for field in fields(Record)]
    differing = [name for name in names if getattr(one.record, name) != getattr(other.record, name)]
    return ", ".join(f"{n}: {getattr(one.record, n)} and {getattr(other.record, n)}" for n in differing)
