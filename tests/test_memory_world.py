"""The world in memory can be watched, and can be made to fail in every way."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bluegreen import Engine, Healthy, Slot
from bluegreen.backends import memory
from bluegreen.backends.memory import World, over
from bluegreen.errors import BackendError
from bluegreen.ports import Backend, Watched
from bluegreen.snapshot import NOTHING
from bluegreen.testing.virtual_time import run
from tests.support.engines import on_two_layers
from tests.support.worlds import V1, rollout


async def woken(changing: Awaitable[None], change: Callable[[], object]) -> float:
    """How long after the change the watch returns, which it does not do before."""
    watch = asyncio.ensure_future(changing)
    await asyncio.sleep(100)
    assert not watch.done()
    began = asyncio.get_running_loop().time()
    change()
    await asyncio.wait_for(watch, 1000)
    return asyncio.get_running_loop().time() - began


@on_two_layers
async def test_every_port_can_be_watched(world: World, backend: Backend) -> None:
    for port in (backend.workloads, backend.records, *backend.routers):
        assert isinstance(port, Watched)


@on_two_layers
async def test_the_workloads_watch_returns_at_a_change_of_any_revision(world: World, backend: Backend) -> None:
    await backend.workloads.ensure(rollout(), V1, 1)
    watched = backend.workloads
    assert isinstance(watched, Watched)
    changes: list[Callable[[], object]] = [
        lambda: world.scale_elsewhere(V1, 4),
        lambda: world.fail(V1),
        lambda: world.recover(V1),
        lambda: world.delete_elsewhere(V1),
        lambda: world.blind("workloads"),
    ]
    for change in changes:
        await backend.workloads.observe(rollout())
        assert await woken(watched.changed(), change) == 0


@on_two_layers
async def test_the_workloads_watch_returns_when_time_alone_makes_a_replica_available(
    world: World, backend: Backend
) -> None:
    declared = rollout(min_ready_seconds=20)
    world.set_ready_after("v1", 130)
    await backend.workloads.ensure(declared, V1, 1)
    await backend.workloads.observe(declared)
    watched = backend.workloads
    assert isinstance(watched, Watched)
    assert await woken(watched.changed(), lambda: None) == 50
    assert (await backend.workloads.observe(declared)).revisions[0].available == 1


@on_two_layers
async def test_a_layers_watch_returns_at_a_change_of_that_layer_alone(world: World, backend: Backend) -> None:
    outer, inner = backend.routers
    await outer.observe()
    await inner.observe()
    assert isinstance(outer, Watched)
    assert isinstance(inner, Watched)
    other = asyncio.ensure_future(inner.changed())
    assert await woken(outer.changed(), lambda: world.point_elsewhere("outer", V1)) == 0
    await asyncio.sleep(0)
    assert not other.done()
    other.cancel()


@on_two_layers
async def test_a_watch_returns_at_once_for_a_change_that_nobody_saw(world: World, backend: Backend) -> None:
    router = backend.routers[0]
    await router.observe()
    world.point_elsewhere("outer", V1)
    assert isinstance(router, Watched)
    await asyncio.wait_for(router.changed(), 1)


@on_two_layers
async def test_the_records_watch_returns_when_somebody_else_saves(world: World, backend: Backend) -> None:
    stored = await backend.records.load()
    mine = await backend.records.save(None, None, if_version=stored.version)
    watched = backend.records
    assert isinstance(watched, Watched)
    watch = asyncio.ensure_future(watched.changed())
    await asyncio.sleep(100)
    assert not watch.done(), "one's own save is no news"
    await over(world).records.save(None, None, if_version=mine)
    await asyncio.wait_for(watch, 1)


@on_two_layers
async def test_a_watch_may_be_cancelled_and_leaves_nothing_behind(world: World, backend: Backend) -> None:
    router = backend.routers[0]
    await router.observe()
    assert isinstance(router, Watched)
    watch = asyncio.ensure_future(router.changed())
    await asyncio.sleep(1)
    watch.cancel()
    await asyncio.wait([watch])
    assert not any(world._waiting.values())


# Faults.


@on_two_layers
async def test_what_is_blind_fails_every_call_until_it_can_be_seen_again(world: World, backend: Backend) -> None:
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "workloads": lambda: backend.workloads.observe(rollout()),
        "layer outer": backend.routers[0].observe,
        "records": backend.records.load,
    }
    for what, call in calls.items():
        world.blind(what, "no route")
        for _ in range(2):
            with pytest.raises(BackendError, match="no route"):
                await call()
        world.see(what)
        await call()


@on_two_layers
async def test_refusals_are_counted(world: World, backend: Backend) -> None:
    world.refuse("workloads ensure", 2)
    for _ in range(2):
        with pytest.raises(BackendError, match="refused"):
            await backend.workloads.ensure(rollout(), V1, 1)
    await backend.workloads.ensure(rollout(), V1, 1)
    assert world.revisions[V1].wanted == 1


@on_two_layers
async def test_a_script_comes_before_every_call_and_may_delay_or_raise(world: World, backend: Backend) -> None:
    calls: list[str] = []

    async def before(name: str) -> None:
        calls.append(name)
        await asyncio.sleep(7)
        if name.endswith("point"):
            raise OSError("cable cut")

    world.before = before
    await backend.workloads.observe(rollout())
    await backend.records.load()
    with pytest.raises(OSError, match="cable cut"):
        await backend.routers[1].point(Slot.ACTIVE, V1, if_version=world.layers["inner"].version)
    assert calls == ["workloads observe", "records load", "layer inner point"]
    assert asyncio.get_running_loop().time() == 21
    assert world.live()["inner"] == NOTHING


def test_connect_makes_a_world_or_shares_one() -> None:
    async def main() -> None:
        declared = rollout()
        world = World(declared)
        async with memory.connect(declared, world=world) as one, memory.connect(declared, world=world) as two:
            await one.workloads.ensure(declared, V1, 1)
            assert (await two.workloads.observe(declared)).revisions
        async with memory.connect(declared) as other, Engine(declared, other) as engine:
            await engine.wait_for(Healthy)
        assert len(world.revisions) == 1

    run(main())


async def test_whoever_watches_is_woken_in_the_order_in_which_they_came() -> None:
    """The order of a set of futures is that of their addresses: a play of two engines would differ each time."""
    world = World(rollout())
    came: list[int] = []

    async def watch(number: int) -> None:
        await world.changed("records", world.changes["records"])
        came.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(50):
            group.create_task(watch(number))
        await asyncio.sleep(0)
        world.touch("records")
    assert came == list(range(50))
