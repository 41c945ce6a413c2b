"""The rules that keep a stalled twin harmless, each taken away."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch

from attrs import evolve

from bluegreen.backends.memory import MemoryRecords, MemoryRouter, MemoryWorkloads, World
from bluegreen.decide.plan import Plan
from bluegreen.engine.look import Look
from bluegreen.ports import Stored
from bluegreen.snapshot import Shown, Slot
from bluegreen.spec import RevisionId
from bluegreen.testing.simulator.process import SimulatedLooker
from bluegreen.testing.simulator.wire import WiredRecords
from tests.support.plants import plant


@contextmanager
def no_fence() -> Generator[None]:
    """A traffic write that is saved and not seen to have ended is forgotten."""
    pending = Plan.pending

    def only_revisions(plan: Plan, kind: str, name: str) -> bool:
        return kind != "layer" and pending(plan, kind, name)

    with patch.object(Plan, "pending", only_revisions), patch.object(Plan, "pending_layers", lambda _: False):
        yield


def fences_count_when_saved() -> AbstractContextManager[None]:
    """A rewrite ends what is outstanding as soon as it is saved, not when it is seen."""

    def end_pending(original: Any, plan: Plan, name: str, state: Any) -> None:
        original(plan, name, state)
        plan.remember(outstanding=tuple(w for w in plan.record.outstanding if w.object != f"layer:{name}"))

    return plant("traffic.end_pending", end_pending)


@contextmanager
def scale_downs_are_not_outstanding() -> Generator[None]:
    """A scale-down that is saved and not seen to have ended is forgotten."""
    pending = Plan.pending

    def only_layers(plan: Plan, kind: str, name: str) -> bool:
        return kind == "layer" and pending(plan, kind, name)

    with patch.object(Plan, "pending", only_layers):
        yield


def caches_pass_for_live() -> AbstractContextManager[Any]:
    """What comes from a cache is not marked."""
    return patch("bluegreen.testing.simulator.process.not_live", lambda seen: seen)


@contextmanager
def layers_are_written_whatever_their_version() -> Generator[None]:
    """The router ignores the token."""

    async def point(router: MemoryRouter, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        await router._world.call(f"layer {router.name} point")
        router._world.show(router.name, slot, revision)

    with patch.object(MemoryRouter, "point", point):
        yield


@contextmanager
def tokens_are_hashes_of_the_content() -> Generator[None]:
    """A layer that shows again what it showed before has the token that it had before."""
    show, prepare = World.show, MemoryRouter.prepare

    def rehash(world: World, name: str) -> None:
        layer = world.layers[name]
        layer.version = hashlib.sha256(f"{layer.active} {layer.preview}".encode()).hexdigest()[:8]

    def showing(world: World, layer: str, slot: Slot, shown: Shown) -> None:
        show(world, layer, slot, shown)
        rehash(world, layer)

    async def preparing(router: MemoryRouter, targets: Any) -> None:
        await prepare(router, targets)
        rehash(router._world, router.name)

    with patch.object(World, "show", showing), patch.object(MemoryRouter, "prepare", preparing):
        yield


@contextmanager
def revisions_are_scaled_down_whatever_their_version() -> Generator[None]:
    """The workloads ignore the token."""

    async def retire(workloads: MemoryWorkloads, revision: RevisionId, *, if_version: str, replicas: int = 0) -> None:
        await workloads._world.call("workloads retire")
        workloads._world.scale(workloads._world.revisions[revision], replicas)

    with patch.object(MemoryWorkloads, "retire", retire):
        yield


@contextmanager
def records_are_saved_whatever_their_version() -> Generator[None]:
    """The last one to save wins."""
    save = MemoryRecords.save

    async def saving(records: MemoryRecords, record: Any, rollout: Any, *, if_version: str) -> str:
        await records._world.call("records save")
        before, records._world.before = records._world.before, None
        try:
            return await save(records, record, rollout, if_version=records._world.stored.version)
        finally:
            records._world.before = before

    with patch.object(MemoryRecords, "save", saving):
        yield


@contextmanager
def the_record_is_read_last() -> Generator[None]:
    """A look loads the record only after it has read the world."""
    looking = SimulatedLooker.look

    async def look(looker: SimulatedLooker, troubles: Any = ()) -> Look:
        real = looker._backend
        assert isinstance(real.records, WiredRecords)
        assert isinstance(real.records.inner, MemoryRecords)
        looker._backend = evolve(real, records=_Glimpse(real.records.inner._world))
        try:
            seen = await looking(looker, troubles)
        finally:
            looker._backend = real
        return evolve(seen, stored=await real.records.load())

    with patch.object(SimulatedLooker, "look", look):
        yield


class _Glimpse:
    """Records that are loaded in no time."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def load(self) -> Stored:
        return self._world.stored

    async def save(self, record: Any, rollout: Any, *, if_version: str) -> str:
        raise NotImplementedError("only a look uses this")
