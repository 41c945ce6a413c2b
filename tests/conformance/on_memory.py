"""Worlds in memory for the rules, each call of which waits three times, as one over a network would."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from bluegreen.backends.memory import MemoryRecords, MemoryRouter, MemoryWorkloads, World
from bluegreen.ports import Records, Router, Workloads
from bluegreen.snapshot import Slot, Target
from bluegreen.spec import RevisionId
from bluegreen.testing import virtual_time
from bluegreen.testing.conformance import Violation, records, router, workloads
from tests.support.worlds import V1, V2, V3, rollout

LAYER = "edge"
UNKNOWN = "v999999"
"""What looks like a version of a world, and was never given out there."""
ROLLOUTS = (rollout("v1"), rollout("v2"), rollout("v3"))


def world() -> World:
    """A new world, whose replicas take a while to be ready."""
    made = World(rollout(), ready_after_s=0.1)

    async def before(_call: str) -> None:
        for _ in range(3):
            await asyncio.sleep(0.001)

    made.before = before
    return made


@asynccontextmanager
async def cut(on: World, what: str) -> AsyncGenerator[None]:
    """Nothing of this can be reached inside."""
    on.blind(what, "the connection was refused")
    try:
        yield
    finally:
        on.see(what)


def workloads_case(kind: Callable[[World], Workloads] = MemoryWorkloads) -> workloads.Case:
    """The memory backend's Workloads, or one like it."""

    @asynccontextmanager
    async def make() -> AsyncGenerator[workloads.Stage]:
        on = world()

        async def fail(revision: RevisionId) -> None:
            on.fail(revision, 1, for_s=0.2)

        async def scale(revision: RevisionId, replicas: int) -> None:
            on.scale_elsewhere(revision, replicas)

        yield workloads.Stage(kind(on), kind(on), fail, scale, lambda: cut(on, "workloads"))

    return workloads.Case(make, ROLLOUTS, limit_s=5, unknown_version=UNKNOWN)


def broken(check: Callable[[str, Any], Any], rules: dict[str, Any], case: Any) -> dict[str, str]:
    """The rules that an adapter breaks, each with what is said of it, in virtual time."""
    said: dict[str, str] = {}
    for rule in rules:
        try:
            virtual_time.run(check(rule, case))
        except Violation as violation:
            said[rule] = str(violation)
    return said


TARGETS = (
    Target(V1, ("10.0.0.1:80", "10.0.0.2:80")),
    Target(V2, ("10.0.0.3:80",)),
    Target(V3, ("10.0.0.4:80",)),
)


def router_case(kind: Callable[[World, str], Router] = MemoryRouter, *, edited: bool = True) -> router.Case:
    """The memory backend's router, or one like it; a write is in force after a while. `edited`: by others, too."""

    @asynccontextmanager
    async def make() -> AsyncGenerator[router.Stage]:
        on = world()
        on.layers[LAYER].converge_after_s = 0.2

        async def elsewhere(slot: Slot, revision: RevisionId) -> None:
            on.point_elsewhere(LAYER, revision, slot=slot)

        async def answers(slot: Slot) -> RevisionId | None:
            layer = on.layers[LAYER]
            if slot is Slot.ACTIVE and on.time() < layer.converged_at:
                return None
            found = layer.active if slot is Slot.ACTIVE else layer.preview
            known = {one.revision for one in layer.prepared}
            return RevisionId(found) if isinstance(found, str) and found in known else None

        @asynccontextmanager
        async def busy() -> AsyncGenerator[None]:
            on.layers[LAYER].drains_after_s = 3600
            yield
            on.layers[LAYER].in_flight_until = on.time()

        adapters, edit = (kind(on, LAYER), kind(on, LAYER)), elsewhere if edited else None
        yield router.Stage(*adapters, edit, answers, lambda: cut(on, f"layer {LAYER}"), busy)

    return router.Case(make, TARGETS, limit_s=5, unknown_version=UNKNOWN)


def records_case(kind: Callable[[World], Records] = MemoryRecords) -> records.Case:
    """The memory backend's Records, or some like them. A world in memory survives what an adapter holds."""

    @asynccontextmanager
    async def make() -> AsyncGenerator[records.Stage]:
        on = world()

        async def reopened() -> Records:
            getattr(kind, "crash", lambda _: None)(on)
            return kind(on)

        damaged: dict[str, Any] = getattr(kind, "spoilers", lambda _: {})(on)
        future = getattr(kind, "age", lambda _: None)(on)
        yield records.Stage(kind(on), kind(on), reopened, lambda: cut(on, "records"), damaged, future)

    return records.Case(make, ROLLOUTS[:2], limit_s=5, unknown_version=UNKNOWN)
