"""`decide` on any look at any world: total, pure, at rest where there is nothing to do, and its actions harmless."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from bluegreen import commands
from bluegreen.actions import Action, Ensure, Point, Prepare, Retire
from bluegreen.codec import dump_record, load_record
from bluegreen.decide import Decision, decide
from bluegreen.engine.events import Looked
from bluegreen.errors import CommandError
from bluegreen.record import Record
from bluegreen.snapshot import (
    EVERYTHING,
    NOTHING,
    Foreign,
    LayerSeen,
    Observed,
    Outcome,
    RevisionState,
    RouterState,
    Shown,
    Slot,
    Snapshot,
    Target,
    Trouble,
    Unobserved,
    WorkloadsState,
)
from bluegreen.spec import RevisionId, Rollout
from bluegreen.testing import invariants
from bluegreen.testing.invariants.deciding import same
from bluegreen.testing.invariants.facts import Facts
from bluegreen.testing.trace import Trace, Turn
from tests.support.faults import rollouts
from tests.support.worlds import START, V1, V2, V3, Play, changed, template

pytestmark = [pytest.mark.property, pytest.mark.timeout(600)]

REVISIONS = (V1, V2, V3)
SHOWN: list[Shown] = [V1, V2, V1, V2, V3, NOTHING, EVERYTHING, Foreign("another"), RevisionId("gone")]
TOKENS = st.sampled_from(["t1", "t2", "t3"])
ADDRESSES = {one: tuple(f"{one}:{n}" for n in range(3)) for one in REVISIONS}


# Any snapshot.


@st.composite
def revision_states(draw: st.DrawFn, name: RevisionId) -> RevisionState:
    """A revision in any state, also one with more replicas available than were asked for."""
    replicas = draw(st.integers(0, 4))
    available = draw(st.one_of(st.just(min(replicas, 3)), st.integers(0, 3)))
    addresses = ADDRESSES[name][:available] if draw(st.booleans()) else ()
    return RevisionState(name, REVISIONS.index(name), replicas, available, draw(TOKENS), addresses=addresses)


def whole(name: RevisionId) -> RevisionState:
    """A revision with all that is ever wanted."""
    return RevisionState(name, REVISIONS.index(name), 3, 3, "t1", addresses=ADDRESSES[name])


@st.composite
def sane_layers(draw: st.DrawFn, layers: int) -> tuple[Observed[RouterState], ...]:
    """All layers agree, and have followed."""
    shown = draw(st.sampled_from([V1, V2]))
    probed, token = draw(st.booleans()), draw(TOKENS)
    return (Observed(RouterState(shown, token, probed=probed), START),) * layers


@st.composite
def workloads(draw: st.DrawFn) -> WorkloadsState:
    """Any revisions, and any declared one."""
    if draw(st.booleans()):
        return WorkloadsState(draw(st.sampled_from(REVISIONS)), tuple(whole(one) for one in REVISIONS))
    there = draw(st.lists(st.sampled_from(REVISIONS), unique=True))
    return WorkloadsState(draw(st.sampled_from(REVISIONS)), tuple(draw(revision_states(one)) for one in sorted(there)))


@st.composite
def router_states(draw: st.DrawFn) -> RouterState:
    """A layer that shows anything, prepared for anything."""
    addresses = st.dictionaries(st.sampled_from(REVISIONS), st.sampled_from([(), *ADDRESSES.values()]))
    prepared = addresses.map(lambda of: frozenset(Target(one, there) for one, there in of.items()))
    return RouterState(
        draw(st.sampled_from(SHOWN)),
        draw(TOKENS),
        preview=draw(st.none() | st.sampled_from(SHOWN)),
        preview_version=draw(st.none() | TOKENS),
        converged=draw(st.booleans()),
        probed=draw(st.booleans()),
        prepared=draw(st.none() | prepared),
        drained=draw(st.booleans()),
    )


def seen(part: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Observed, from a cache, or not at all."""
    live = st.builds(Observed, part, st.just(START))
    stale = st.builds(Observed, part, st.just(START), st.just(False))
    unseen = st.builds(Unobserved, st.just(START), st.just("refused"), st.booleans())
    return st.sampled_from([live, live, live, live, stale, unseen]).flatmap(lambda one: one)


@frozen
class Look:
    """One step of a random life: a snapshot's parts, how much time went by, and what a person did before."""

    workloads: Any
    layers: tuple[Any, ...]
    passed_s: float
    command: str
    restarted: bool
    outcome: Any
    trouble: bool
    changes: dict[str, Any]


def looks(layers: int) -> st.SearchStrategy[Look]:
    """Any step, for so many layers."""
    return st.builds(
        Look,
        seen(workloads()),
        sane_layers(layers) | st.tuples(*[seen(router_states())] * layers),
        st.sampled_from([0.0, 0.0, 1.0, 3.0, 31.0, 61.0, 4000.0, -30.0, -4000.0]),
        st.sampled_from(["", "", "", "promote", "promote_full", "abort", "retry"]),
        st.booleans(),
        st.sampled_from([True, False, None, "broken"]),
        st.sampled_from([False, False, True]),
        st.sampled_from([{}, {}, {}, {"replicas": 0}, {"replicas": 3}, {"paused": True}, {"paused": False}]),
    )


@st.composite
def lives(draw: st.DrawFn) -> tuple[Rollout, list[Look]]:
    """A rollout, and looks that may have nothing to do with each other."""
    declared = draw(rollouts())
    return declared, draw(st.lists(looks(len(declared.policy.routers)), min_size=1, max_size=12))


def lived(declared: Rollout, life: Sequence[Look]) -> list[Turn]:
    """Decides on each look, with the record that the one before left."""
    record: Record | None = None
    turns: list[Turn] = []
    now = born = START
    for number, look in enumerate(life):
        now += timedelta(seconds=look.passed_s)
        born = now if look.restarted else min(born, now)
        declared = changed(declared, **look.changes)
        record = commanded(record, look, now)
        snapshot = Snapshot(
            look.workloads,
            tuple(LayerSeen(one.name, part) for one, part in zip(declared.policy.routers, look.layers, strict=True)),
            born,
            outcomes=tuple(outcome(key, look.outcome) for key in record.asked[:1]) if record else (),
            troubles=(Trouble("ensure", "refused", now, permanent=True),) if look.trouble else (),
        )
        decision = decide(declared, record, snapshot, now)
        turns.append(Turn(number, float(number), "A", Looked(record, snapshot, now, declared), decision))
        record = decision.record
    return turns


def outcome(key: Any, value: Any) -> Outcome:
    """A value, no data, or an error."""
    if isinstance(value, bool):
        return Outcome(key, START, START, value)
    return Outcome(key, START, START, no_data=value is None, error=value or "")


def commanded(record: Record | None, look: Look, now: Any) -> Record | None:
    """The record after the person's command, if there is one and it is legal."""
    if record is None or record.current is None or not look.command:
        return record
    try:
        after: Record = getattr(commands, look.command)(record, record.current, "ann", now)
    except CommandError:
        return record
    return after


# What holds of every decision.


@given(lives())
def test_every_turn_of_any_life_keeps_what_a_turn_can_keep(life: tuple[Rollout, list[Look]]) -> None:
    """Of the invariants, all that needs one look and what was decided on it, also where the looks make no sense."""
    turns = lived(*life)
    play = Play(life[0])
    facts = Facts(Trace(play.world), turns, [], [])
    for number in (2, 3, 5, 8):
        found = [one.sentence for one in invariants.INVARIANTS[number][1](facts)]
        assert not found


@given(lives())
def test_a_record_decides_the_same_when_it_was_stored_and_loaded(life: tuple[Rollout, list[Look]]) -> None:
    for turn in lived(*life):
        look = turn.look
        stored = load_record(dump_record(look.record)) if look.record else None
        assert decide(look.rollout, stored, look.snapshot, look.at) == turn.decision
        assert load_record(dump_record(turn.decision.record)) == turn.decision.record


@given(lives())
def test_a_world_that_stays_as_it_is_comes_to_rest(life: tuple[Rollout, list[Look]]) -> None:
    """The same look again and again: after a few decisions the record stays, and so do the actions."""
    turn = lived(*life)[-1]
    look, decision = turn.look, turn.decision
    decided: list[Decision] = [decision]
    for _ in range(6):
        snapshot = evolve(look.snapshot, outcomes=(), running=frozenset(decided[-1].record.asked))
        decided.append(decide(look.rollout, decided[-1].record, snapshot, look.at))
    assert same(decided[-1].record, decided[-2].record)
    assert decided[-1].actions == decided[-2].actions


@given(lives())
def test_what_was_not_seen_live_moves_no_traffic_and_scales_nothing_down(life: tuple[Rollout, list[Look]]) -> None:
    for turn in lived(*life):
        snapshot = turn.look.snapshot
        parts = {"workloads": snapshot.workloads} | {layer.name: layer.seen for layer in snapshot.layers}
        stale = any(isinstance(part, Observed) and not part.live for part in parts.values())
        for action in turn.decision.actions:
            assert not (stale and isinstance(action, Point | Retire | Prepare))
            if isinstance(action, Point | Prepare):
                assert isinstance(parts[action.layer], Observed)
            if isinstance(action, Ensure | Retire):
                assert isinstance(parts["workloads"], Observed)
        if stale and turn.look.record is not None:
            assert turn.decision.record == turn.look.record


# Its actions, in a world.


@st.composite
def plays(draw: st.DrawFn) -> tuple[Rollout, list[tuple[str, Any, Any, float]]]:
    """A rollout, and moves: what somebody does, which of the decided actions are carried out, how long that takes."""
    declared = draw(rollouts())
    names = [router.name for router in declared.policy.routers]
    edits = st.one_of(
        st.tuples(st.just("apply"), st.sampled_from(["v1", "v2", "v3"])),
        st.tuples(st.sampled_from(["promote", "promote_full", "abort", "retry"]), st.none()),
        st.tuples(st.just("fail"), st.sampled_from([(0, 1), (1, 1), (0, 9), (1, 9)])),
        st.tuples(st.just("point"), st.tuples(st.sampled_from(names), st.sampled_from(SHOWN))),
        st.tuples(st.just("hide"), st.sampled_from(["workloads", *(f"layer {name}" for name in names)])),
        st.tuples(st.sampled_from(["see", "restart", ""]), st.none()),
    )
    order = st.lists(st.integers(0, 7), max_size=8)
    move = st.tuples(edits, order, st.sampled_from([0.0, 0.0, 2.0, 10.0, 35.0]))
    moves = draw(st.lists(move, min_size=1, max_size=25))
    return declared, [(what, which, order, passed) for (what, which), order, passed in moves]


@given(plays())
def test_any_of_its_actions_in_any_order_and_repeated_are_harmless(given_: Any) -> None:
    """After each single action: no layer was emptied, and no layer shows what was scaled down."""
    declared, moves = given_
    play = Play(declared)
    play.go(30)
    for what, which, order, passed_s in moves:
        edit(play, what, which)
        decision = play.step(act=False)
        for index in order or range(len(decision.actions)):
            if decision.actions:
                carry_out(play, decision.actions[index % len(decision.actions)])
        play.seconds += passed_s
    see_all(play)
    play.go(300)


def carry_out(play: Play, action: Action) -> None:
    """One action, between a look at who serves before and one after."""
    before = {name: serving(play, layer.active) for name, layer in play.world.layers.items()}
    wanted = {one.id: one.wanted for one in play.world.revisions.values()}
    play.perform(action)
    for name, layer in play.world.layers.items():
        assert serving(play, layer.active) or not before[name], f"{action} emptied layer {name}"
        if isinstance(action, Retire) and action.revision == layer.active:
            now = play.world.revisions[action.revision].wanted
            assert now >= min(play.rollout.replicas, wanted[action.revision]), f"{action}, and {name} shows it"


def serving(play: Play, shown: Shown) -> int:
    """How many replicas really stand behind what a slot shows."""
    if shown == EVERYTHING:
        return sum(len(play.world.available(one)) for one in play.world.revisions)
    return len(play.world.available(shown)) if isinstance(shown, str) else 0


def see_all(play: Play) -> None:
    """Nothing is hidden any more."""
    for name in ("workloads", *(f"layer {one}" for one in play.world.layers)):
        play.world.see(name)


def edit(play: Play, what: str, which: Any) -> None:
    """Somebody does something."""
    known = sorted(play.world.revisions.values(), key=lambda one: one.ordinal)
    match what:
        case "apply":
            play.rollout = play.rollout.with_template(template(which))
        case "promote" | "promote_full" | "abort" | "retry":
            with suppress(CommandError):
                play.command(getattr(commands, what))
        case "fail" if known:
            play.world.fail(known[which[0] % len(known)].id, which[1], for_s=20)
        case "point":
            play.world.point_elsewhere(which[0], which[1], slot=Slot.ACTIVE)
        case "hide":
            play.world.blind(which)
        case "see":
            see_all(play)
        case "restart":
            play.restart()
        case _:
            pass
