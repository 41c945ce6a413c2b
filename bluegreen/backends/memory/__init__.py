"""The memory backend: exact, scriptable, and fast. For tests, benchmarks and first steps."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from bluegreen.backends.memory.ports import MemoryRecords, MemoryRouter, MemoryWorkloads
from bluegreen.backends.memory.world import NEVER, World, revision_of
from bluegreen.ports import Backend, Hooks, MetricProvider
from bluegreen.spec import Rollout

__all__ = ["NEVER", "MemoryRecords", "MemoryRouter", "MemoryWorkloads", "World", "connect", "revision_of"]


@asynccontextmanager
async def connect(
    rollout: Rollout,
    *,
    world: World | None = None,
    metrics: Mapping[str, MetricProvider] | None = None,
    hooks: Hooks | None = None,
) -> AsyncGenerator[Backend]:
    """A backend over a world in memory: a new one, or one that a script holds and other engines share."""
    yield over(world or World(rollout), metrics=metrics, hooks=hooks)


def over(world: World, *, metrics: Mapping[str, MetricProvider] | None = None, hooks: Hooks | None = None) -> Backend:
    """The backend over this world, outside of any `async with`: it holds nothing that needs closing."""
    routers = tuple(MemoryRouter(world, name) for name in world.layers)
    return Backend(MemoryWorkloads(world), routers, MemoryRecords(world), metrics or {}, hooks)
