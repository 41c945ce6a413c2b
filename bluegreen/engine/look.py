"""Looking: the record first, then the whole world at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from attrs import frozen

from bluegreen.engine.clock import Clock
from bluegreen.engine.faults import is_permanent, words_of
from bluegreen.engine.tasks import Tasks
from bluegreen.ports import Backend, Stored
from bluegreen.snapshot import LayerSeen, Observed, Snapshot, Trouble, Unobserved
from bluegreen.spec import Rollout

T = TypeVar("T")

LOOK_TIMEOUT_S = 5.0
"""A part that does not answer within this time could not be observed."""


@frozen
class Look:
    """What one look found: the record as stored, the rollout that counts, and the world."""

    stored: Stored
    rollout: Rollout
    snapshot: Snapshot


class Looker:
    """Looks at one rollout's world, and remembers since when a part of it could not be seen."""

    def __init__(self, rollout: Rollout, backend: Backend, clock: Clock, tasks: Tasks) -> None:
        self.rollout = rollout
        self._backend = backend
        self._clock = clock
        self._tasks = tasks
        self._blind: dict[str, Unobserved] = {}

    async def look(self, troubles: tuple[Trouble, ...] = ()) -> Look:
        """Loads the record, and only then reads the world: a write saved later than the record is never mistaken.

        Raises what loading the record raises; a part of the world that cannot be read is `Unobserved` instead.
        """
        stored = await self._backend.records.load()
        rollout = stored.rollout or self.rollout
        outcomes, running = self._tasks.outcomes(), self._tasks.running()
        routers = self._backend.routers
        async with asyncio.TaskGroup() as group:
            parts = [group.create_task(self._see(f"layer {router.name}", router.observe)) for router in routers]
            workloads = await self._see("the workloads", lambda: self._backend.workloads.observe(rollout))
        layers = tuple(LayerSeen(router.name, part.result()) for router, part in zip(routers, parts, strict=True))
        snapshot = Snapshot(
            workloads, layers, self._clock.started_at, outcomes=outcomes, running=running, troubles=troubles
        )
        return Look(stored, rollout, snapshot)

    async def _see(self, what: str, reading: Callable[[], Awaitable[T]]) -> Observed[T] | Unobserved:
        started_at: datetime = self._clock.now()
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                value = await reading()
        except Exception as error:
            since = self._blind[what].since if what in self._blind else started_at
            self._blind[what] = Unobserved(since, words_of(error, LOOK_TIMEOUT_S), permanent=is_permanent(error))
            return self._blind[what]
        self._blind.pop(what, None)
        return Observed(value, started_at)
