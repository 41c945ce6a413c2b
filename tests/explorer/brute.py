"""The search again, by brute force: real looks at a real memory world, real tokens and times, and no cleverness.

Every part of a look is a step of its own, engines have names, and states are told apart by all that is in them. Only
the worlds that were reached are made comparable in the end.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from attrs import define, evolve, field

from bluegreen.actions import Action, Ensure, Forget, Point, Retire
from bluegreen.backends.memory import NEVER, World, over
from bluegreen.backends.memory.world import Revision
from bluegreen.commands import abort
from bluegreen.decide import Decision, decide
from bluegreen.errors import Conflict, IllegalCommand
from bluegreen.record import Record
from bluegreen.snapshot import LayerSeen, Observed, Snapshot
from bluegreen.spec import Rollout
from bluegreen.testing.explorer import Scope
from bluegreen.testing.explorer.memory import NOW, Memory
from bluegreen.testing.explorer.states import FRESH, STALE
from bluegreen.testing.explorer.states import Layer as SeenLayer
from bluegreen.testing.explorer.states import World as SeenWorld
from tests.support.worlds import START, at_once

PARTS = ("workloads", "edge")
BORN = START - timedelta(days=1)
"""All engines have lived long."""
assert START == NOW, "records are made comparable by their distance from this moment"


@define
class Engine:
    """An engine in the middle of something: what it has loaded and read, or what it has decided and not done."""

    loaded: tuple[Record | None, str] | None = None
    read: dict[str, Any] = field(factory=dict[str, Any])
    acts: tuple[Action, ...] = ()


@define
class State:
    """Everything, as it is."""

    world: World
    declared: Rollout
    record: Record | None
    saved: int
    seconds: float
    engines: list[Engine]
    aborts: int
    ticks: int

    @property
    def now(self) -> datetime:
        """The present moment."""
        return START + timedelta(seconds=self.seconds)

    def key(self) -> object:
        """All that tells two states apart."""
        revisions = tuple((one.id, one.version, one.wanted, len(self.world.available(one.id))) for one in self.born())
        layers = tuple((one.active, one.version, one.converged_at) for one in self.world.layers.values())
        engines = tuple((one.loaded, tuple(sorted(one.read.items())), one.acts) for one in self.engines)
        return (revisions, layers, self.record, self.saved, self.seconds, engines, self.aborts, self.ticks)

    def born(self) -> list[Revision]:
        """The revisions, oldest first."""
        return sorted(self.world.revisions.values(), key=lambda one: one.ordinal)


def beginning(first: Rollout, then: Rollout, *, engines: int, aborts: int, ticks: int) -> State:
    """The first rollout is settled, and the second declared."""
    clock = {"s": 0.0}
    world = World(first, ready_after_s=0.0, clock=lambda: clock["s"])
    state = State(world, first, None, 0, 0.0, [Engine() for _ in range(engines)], aborts, ticks)
    for _ in range(20):
        decision = _decision(state, _look(state), state.record)
        state.record = decision.record
        for action in decision.actions:
            _perform(state, action)
        for layer in world.layers.values():
            layer.converged_at = 0.0
    world.ready_after_s = NEVER
    for revision in world.revisions.values():
        revision.ready_after_s = NEVER
    for layer in world.layers.values():
        layer.converge_after_s = NEVER
    state.declared = then
    return state


def reached(state: State, limit: int) -> tuple[list[State], int]:
    """All states that may follow, and how many they are. Raises `AssertionError` beyond the limit."""
    queue, seen, found = [state], {state.key()}, [state]
    while queue:
        for after in steps(queue.pop()):
            if (key := after.key()) not in seen:
                assert len(seen) < limit, "more states than were expected"
                seen.add(key)
                queue.append(after)
                found.append(after)
    return found, len(seen)


def steps(state: State) -> Iterator[State]:
    """Whatever may happen next."""
    yield from _pods_and_layers(state)
    for place in range(len(state.engines)):
        yield from _of_engine(state, place)
    if state.aborts and state.record is not None and state.record.current is not None:
        try:
            record = abort(state.record, state.record.current, "ann", state.now)
        except IllegalCommand:
            return
        after = _copied(state)
        after.record, after.saved, after.aborts = record, after.saved + 1, after.aborts - 1
        yield after
    wake_at = _decision(state, _look(state), state.record).wake_at
    if state.ticks and wake_at is not None and wake_at > state.now:
        after = _copied(state)
        after.ticks -= 1
        after.seconds = (wake_at - START).total_seconds()
        yield after


def _pods_and_layers(state: State) -> Iterator[State]:
    for revision in list(state.world.revisions):
        for place, pod in enumerate(state.world.revisions[revision].replicas):
            if pod.ready_at == NEVER:
                after = _copied(state)
                after.world.revisions[revision].replicas[place].ready_at = 0.0
                yield after
                break
    for name, layer in state.world.layers.items():
        if layer.converged_at == NEVER:
            after = _copied(state)
            after.world.layers[name].converged_at = 0.0
            yield after


def _of_engine(state: State, place: int) -> Iterator[State]:
    engine = state.engines[place]
    if engine.acts:
        for number in range(len(engine.acts)):
            after = _copied(state)
            mine = after.engines[place]
            action = mine.acts[number]
            mine.acts = (*mine.acts[:number], *mine.acts[number + 1 :])
            _perform(after, action)
            yield after
        return
    if engine.loaded is None:
        after = _copied(state)
        after.engines[place].loaded = (after.record, str(after.saved))
        yield after
        return
    for part in PARTS:
        if part not in engine.read:
            after = _copied(state)
            after.engines[place].read[part] = _read(after, part)
            yield after
    if len(engine.read) == len(PARTS):
        yield _decided(state, place)


def _decided(state: State, place: int) -> State:
    after = _copied(state)
    engine = after.engines[place]
    after.engines[place] = Engine()
    assert engine.loaded is not None  # it has read all parts
    record, version = engine.loaded
    decision = _decision(after, engine.read, record)
    changed = not _same(record, decision.record)
    if str(after.saved) != version:
        return after  # its save is lost
    if changed:
        after.record, after.saved = decision.record, after.saved + 1
    after.engines[place].acts = decision.actions
    return after


def _same(one: Record | None, other: Record) -> bool:
    return one is not None and one == other


def _read(state: State, part: str) -> Any:
    backend = over(state.world)
    if part == "workloads":
        seen = at_once(backend.workloads.observe(state.declared))
        return evolve(seen, revisions=tuple(evolve(one, template=None) for one in seen.revisions))
    layer = at_once(next(one for one in backend.routers if one.name == part).observe())
    return evolve(layer, prepared=None)


def _look(state: State) -> dict[str, Any]:
    return {part: _read(state, part) for part in PARTS}


def _decision(state: State, read: dict[str, Any], record: Record | None) -> Decision:
    layers = tuple(LayerSeen(part, Observed(read[part], state.now)) for part in PARTS[1:])
    return decide(state.declared, record, Snapshot(Observed(read["workloads"], state.now), layers, BORN), state.now)


def _perform(state: State, action: Action) -> None:
    backend = over(state.world)
    try:
        match action:
            case Ensure(revision, replicas):
                at_once(backend.workloads.ensure(state.declared, revision, replicas))
            case Retire(revision, version, replicas):
                at_once(backend.workloads.retire(revision, if_version=version, replicas=replicas))
            case Forget(revision, version):
                at_once(backend.workloads.forget(revision, if_version=version))
            case Point(layer, slot, revision, version):
                router = next(one for one in backend.routers if one.name == layer)
                before = state.world.layers[layer]
                stays = before.converged_at if before.active == revision else None
                at_once(router.point(slot, revision, if_version=version))
                if stays is not None:
                    before.converged_at = stays
            case _:
                raise AssertionError(f"nothing here asks for {action}")
    except Conflict:
        pass


def _copied(state: State) -> State:
    other = copy.copy(state)
    other.world = copy.copy(state.world)
    other.world._tokens = copy.copy(state.world._tokens)
    other.world.changes = state.world.changes.copy()
    other.world.layers = {name: copy.copy(one) for name, one in state.world.layers.items()}
    other.world.revisions = {
        name: evolve(one, replicas=[copy.copy(pod) for pod in one.replicas])
        for name, one in state.world.revisions.items()
    }
    other.engines = [Engine(one.loaded, dict(one.read), one.acts) for one in state.engines]
    return other


def comparable(state: State, scope: Scope, memory: Memory) -> tuple[SeenWorld, Record | None]:
    """The state's world and record, as the search describes them; who made them so is left out."""
    names: dict[object, int] = {name: number for number, name in enumerate(scope.revisions)}
    known = {names[one.id]: (one.wanted, len(state.world.available(one.id))) for one in state.born()}
    layers = [SeenLayer(names[one.active], converged=one.converged_at == 0.0) for one in state.world.layers.values()]
    tokens = {f"layer:{name}": one.version for name, one in state.world.layers.items()}
    tokens |= {f"revision:{one.id}": one.version for one in state.born()}
    objects = [*(f"layer:{name}" for name in scope.layers), *(f"revision:{name}" for name in scope.revisions)]
    assert state.record is not None  # something was settled before
    writes = state.record.outstanding
    bits = [
        sum({FRESH if tokens.get(thing) == one.token else STALE for one in writes if one.object == thing})
        for thing in objects
    ]
    works = tuple(known.get(number) for number in range(len(names)))
    world = SeenWorld(works, tuple(layers), tuple(bits), declared=1)
    return world, memory.record(memory.older(memory.number(state.record), state.seconds))
