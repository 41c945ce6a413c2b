"""Invariants 1 and 2: where live traffic may be pointed, and that it is never left pointing at nothing."""

from __future__ import annotations

from collections.abc import Iterator

from bluegreen.actions import Point
from bluegreen.record import Degraded, Promoting, Reason
from bluegreen.snapshot import Observed, RouterState
from bluegreen.spec import RevisionId
from bluegreen.testing.invariants.facts import (
    Broken,
    Facts,
    addressable,
    available,
    is_active_point,
    layer_of,
    layers_of,
    revisions_of,
    saw_all,
    scaling,
    serving,
)
from bluegreen.testing.trace import Turn

BACK_AT_ONCE = 0.75
BACK_AFTER_S = 30


def only_the_available_gets_traffic(facts: Facts) -> Iterator[Broken]:
    """Every accepted write of an active slot, by what its look showed; one that changes nothing moves no traffic."""
    for landed in facts.landed:
        action = landed.action
        if not isinstance(action, Point) or not is_active_point(action):
            continue
        turn, revision = landed.turn, action.revision
        state, what = layer_of(turn, action.layer), f"{turn.who} pointed layer {action.layer} at {revision}"
        fence = state is not None and state.active == revision
        if state is None or (revisions_of(turn) is None and not fence):
            unseen = f"layer {action.layer}" if state is None else "the workloads"
            yield Broken(landed.number, f"{what} on a look that did not show {unseen} live")
        elif not fence and (why := _too_little(facts, turn, state, action)):
            yield Broken(landed.number, f"{what}, {why}")


def _too_little(facts: Facts, turn: Turn, state: RouterState, action: Point) -> str:
    """Why the revision is not available enough for this write; empty when it is."""
    revision, wanted = action.revision, turn.look.rollout.replicas
    there = available(turn, revision)
    seen = f"of which it had seen {there} of {wanted} replicas available"
    if there < 1:
        return seen
    if revision != turn.decision.record.stable:
        return "" if there >= wanted >= 1 else f"forward, {seen}"
    if there >= BACK_AT_ONCE * max(wanted, 1) or not serving(turn, state.active, revision):
        return ""
    waited_s = _off_for_s(facts, turn, action.layer, revision)
    return (
        "" if waited_s >= BACK_AFTER_S else f"back, {seen}, only {waited_s:.0f} s after it had to leave {state.active}"
    )


def _off_for_s(facts: Facts, turn: Turn, layer: str, revision: RevisionId) -> float:
    """Seconds since the revision has had to have this layer back: by the world's clock or the engine's own."""
    first = turn
    for earlier in reversed([one for one in facts.turns if one.number < turn.number]):
        record, state = earlier.decision.record, layer_of(earlier, layer)
        if record.stable != revision or isinstance(record.phase, Promoting):
            break
        if state is not None and state.active == revision and state.converged:
            break
        first = earlier
    return max(turn.at_s - first.at_s, (turn.look.at - first.look.at).total_seconds())


def nothing_is_left_pointing_at_nothing(facts: Facts) -> Iterator[Broken]:
    """No accepted write empties a layer; and a live look that finds one empty points it at what can serve."""
    for landed in facts.landed:
        action = landed.action
        if not isinstance(action, Point) or not is_active_point(action):
            continue
        state = layer_of(landed.turn, action.layer)
        if state is None or state.active == action.revision:
            continue
        what = f"{landed.turn.who} moved layer {action.layer} from {state.active} to {action.revision}"
        if not available(landed.turn, action.revision):
            yield Broken(landed.number, f"{what}, of which it had seen nothing available")
        elif not addressable(landed.turn, state, action.revision):
            yield Broken(landed.number, f"{what}, for which the layer had no address")
    for turn in facts.turns:
        yield from _left_empty(turn)


def _left_empty(turn: Turn) -> Iterator[Broken]:
    record = turn.decision.record
    home = record.stable
    frozen = isinstance(record.phase, Degraded) and record.phase.reason is Reason.FROZEN
    if (
        home is None
        or frozen
        or isinstance(record.phase, Promoting)
        or not isinstance(turn.look.snapshot.workloads, Observed)
    ):
        return
    if not saw_live(turn) or not available(turn, home) or scaling(record, home):
        return
    pointed = {one.layer for one in turn.decision.actions if isinstance(one, Point)}
    for name, state in layers_of(turn).items():
        empty = state.active != home and not serving(turn, state.active)
        if empty and addressable(turn, state, home) and name not in pointed:
            yield Broken(
                turn.number,
                f"{turn.who} saw layer {name} showing {state.active}, which serves nothing, and left it so"
                f" although {home} had {available(turn, home)} replicas available",
            )


def saw_live(turn: Turn) -> bool:
    """Nothing that this turn saw came from a cache."""
    parts = [turn.look.snapshot.workloads, *(one.seen for one in turn.look.snapshot.layers)]
    return saw_all(turn) or all(part.live for part in parts if isinstance(part, Observed))
