"""Invariant 3: who has traffic, or may have to take it back, keeps all the replicas that are wanted."""

from __future__ import annotations

from collections.abc import Iterator

from bluegreen.actions import Ensure, Forget, Point, Retire
from bluegreen.record import Record
from bluegreen.spec import RevisionId
from bluegreen.testing.invariants.facts import (
    Broken,
    Facts,
    available,
    is_active_point,
    layer_of,
    layers_of,
    revisions_of,
    saw_all,
)
from bluegreen.testing.invariants.traffic import saw_live
from bluegreen.testing.trace import Landed, Turn

GRACE_S = 30
"""What was taken off live traffic keeps running for its delay, or for this long when a clock has jumped."""

SKEW_S = 1.0
"""So far apart may the clocks of two engines be: one dates the moment from which the other counts."""


def what_is_needed_keeps_running(facts: Facts) -> Iterator[Broken]:
    """Every accepted scale-down, by its look and by the truth; what was lost to others is restored."""
    emptied: dict[RevisionId, int] = {}  # by us: revision -> the moment
    for landed in facts.landed:
        action, truth = landed.action, landed.after
        if isinstance(action, Retire | Forget):
            yield from _scaled_down(facts, landed)
            emptied[action.revision] = landed.number
        elif isinstance(action, Ensure):
            emptied.pop(action.revision, None)
        elif isinstance(action, Point) and is_active_point(action) and action.revision in emptied:
            what = f"{landed.turn.who} pointed layer {action.layer} at {action.revision}"
            if not truth.replicas(action.revision):
                yield Broken(landed.number, f"{what}, which was scaled down at moment {emptied[action.revision]}")
    for turn in facts.turns:
        yield from _not_restored(turn)


def _scaled_down(facts: Facts, landed: Landed) -> Iterator[Broken]:
    turn, revision = landed.turn, landed.action.revision  # type: ignore[union-attr]
    wanted = turn.look.rollout.replicas
    if isinstance(landed.action, Retire) and landed.action.replicas >= wanted:
        return  # only what was too much
    what = f"{turn.who} scaled {revision} down"
    if revision == turn.decision.record.stable:
        yield Broken(landed.number, f"{what}, which is the stable one")
    if not saw_all(turn):
        yield Broken(landed.number, f"{what} on a look that did not show everything live")
        return
    for name, state in layers_of(turn).items():
        if state.active != turn.decision.record.stable or not state.converged:
            yield Broken(landed.number, f"{what} while it saw layer {name} showing {state.active}")
    if isinstance(landed.action, Forget):
        return
    stable = turn.decision.record.stable
    if (there := available(turn, stable)) < wanted:
        yield Broken(landed.number, f"{what} while {stable}, which remains, had {there} of {wanted} available")
    for name, layer in landed.after.layers.items():
        seen = layer_of(turn, name)
        if layer.active == revision and (facts.ours[landed.number][name] or (seen and seen.active == revision)):
            yield Broken(landed.number, f"{what} while layer {name} shows it")
    yield from _too_early(facts, landed)


def _too_early(facts: Facts, landed: Landed) -> Iterator[Broken]:
    """After an engine took live traffic off a revision, its delay passes (or 30 s of it, whatever the clocks did)."""
    revision, turn = landed.action.revision, landed.turn  # type: ignore[union-attr]
    strategy = turn.look.rollout.strategy
    if strategy.scale_down_delay_revision_limit is not None:
        return
    delays = [strategy.scale_down_delay_seconds, strategy.abort_scale_down_delay_seconds or GRACE_S, GRACE_S]
    delays += [one.delay_s for one in turn.decision.record.retained if one.revision == revision and one.delay_s]
    for other in reversed(facts.landed):
        point = other.action
        if other.number >= landed.number or not isinstance(point, Point) or not is_active_point(point):
            continue
        if other.before.shows(point.layer) != revision or point.revision == revision:
            continue
        if (passed_s := turn.at_s - other.at_s) < min(delays) - SKEW_S:
            what = f"{turn.who} scaled {revision} down {passed_s:.1f} s after layer {point.layer} left it"
            yield Broken(landed.number, f"{what}; {min(delays)} s is the least")
        return


def _not_restored(turn: Turn) -> Iterator[Broken]:
    record, revisions = turn.decision.record, revisions_of(turn)
    if revisions is None or not record.adopted or not saw_live(turn):
        return
    wanted = turn.look.rollout.replicas
    ensured = {one.revision: one.replicas for one in turn.decision.actions if isinstance(one, Ensure)}
    for revision in sorted(_needed(turn, record) & set(revisions)):
        there = revisions[revision].replicas
        if max(there, ensured.get(revision, 0)) < wanted:
            what = f"{turn.who} saw {revision}, which has traffic or may have to take it, with {there} of {wanted}"
            yield Broken(turn.number, f"{what} replicas, and did not restore it")


def _needed(turn: Turn, record: Record) -> set[RevisionId]:
    shown = {state.active for state in layers_of(turn).values()}
    needed = {one for one in shown if isinstance(one, str)}
    return needed | ({record.stable} if record.stable else set())
