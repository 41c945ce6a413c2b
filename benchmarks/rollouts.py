"""Ten thousand rollouts in one loop, from declared to Healthy, and what each weighs at rest."""

from __future__ import annotations

import asyncio
import time
import tracemalloc

from bluegreen import Backend, Engine, Rollout
from bluegreen.backends import memory
from bluegreen.spec import BlueGreen

COUNT, AT_ONCE, WEIGHED = 10_000, 100, 1_000


async def _release(rollout: Rollout) -> tuple[Engine, Backend]:
    backend = memory.over(memory.World(rollout))
    engine = Engine(rollout, backend)
    while not (await engine.step()).settled:
        pass
    return engine, backend


async def _release_all(rollouts: list[Rollout]) -> list[tuple[Engine, Backend]]:
    done: list[tuple[Engine, Backend]] = []
    for first in range(0, len(rollouts), AT_ONCE):
        done += await asyncio.gather(*(_release(one) for one in rollouts[first : first + AT_ONCE]))
    return done


async def _bare(count: int) -> None:
    """As many tasks as the releases take steps, with nothing in them: the floor of one loop."""
    for _ in range(count):
        await asyncio.create_task(asyncio.sleep(0))


def _rollouts(count: int) -> list[Rollout]:
    return [Rollout(f"shop-{number}", BlueGreen("shop")) for number in range(count)]


def main() -> None:
    """Prints rollouts a second beside bare tasks, and kilobytes each."""
    began = time.perf_counter()
    asyncio.run(_release_all(_rollouts(COUNT)))
    releases = COUNT / (time.perf_counter() - began)
    began = time.perf_counter()
    asyncio.run(_bare(COUNT))
    bare = COUNT / (time.perf_counter() - began)
    print(f"{COUNT:,} rollouts to Healthy: {releases:,.0f}/s; one costs as much as {bare / releases:.0f} bare tasks")
    rollouts = _rollouts(WEIGHED)
    tracemalloc.start()
    held = asyncio.run(_release_all(rollouts))
    weight = tracemalloc.get_traced_memory()[0] / len(held) / 1024
    tracemalloc.stop()
    print(f"at rest, with its engine and its world: {weight:.1f} KB each")
