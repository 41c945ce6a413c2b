"""A router whose word is checked on the data plane: a real server, asked by real connections."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from attrs import define, field

from bluegreen.backends import memory
from bluegreen.backends.probed import Probed
from bluegreen.snapshot import NOTHING, RouterState, Slot
from bluegreen.spec import BlueGreen, RevisionId, Rollout

V1, V2 = RevisionId("v1"), RevisionId("v2")


@define
class DataPlane:
    """A server that answers as it is told, and remembers from where it was asked."""

    url: str = ""
    header: str | None = "v1"
    status: int = 200
    delay_s: float = 0.0
    asked_from: list[int] = field(factory=list[int])

    async def answer(self, request: web.Request) -> web.Response:
        """One answer."""
        assert request.transport is not None
        self.asked_from.append(request.transport.get_extra_info("peername")[1])
        await asyncio.sleep(self.delay_s)
        return web.Response(status=self.status, headers={"X-Revision": self.header} if self.header else {})


@pytest.fixture
async def plane() -> AsyncIterator[DataPlane]:
    """A data plane, on loopback."""
    made = DataPlane()
    app = web.Application()
    app.router.add_get("/", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield made
    await runner.cleanup()


@pytest.fixture
async def world() -> memory.World:
    """A layer that shows v1."""
    made = memory.World(Rollout(name="shop", strategy=BlueGreen("shop")))
    made.point_elsewhere("service", V1)
    return made


async def look_until_converged(router: Probed, within_s: float = 5.0) -> RouterState:
    """Looks whenever the router says that another look may differ, as the engine does."""
    async with asyncio.timeout(within_s):
        while not (state := await router.observe()).converged:
            await router.changed()
    return state


async def test_it_has_converged_after_five_new_connections_spread_over_a_second(
    world: memory.World, plane: DataPlane
) -> None:
    router = Probed(memory.MemoryRouter(world, "service"), plane.url)
    began = time.monotonic()
    state = await look_until_converged(router)
    assert (state.active, state.probed, state.note) == (V1, True, "")
    assert 1.0 <= time.monotonic() - began < 2.5
    assert len(plane.asked_from) >= 5
    assert len(set(plane.asked_from)) == len(plane.asked_from), "each probe has a connection of its own"


async def test_once_seen_it_is_not_asked_again_until_something_moves(world: memory.World, plane: DataPlane) -> None:
    router = Probed(memory.MemoryRouter(world, "service"), plane.url)
    await look_until_converged(router)
    asked = len(plane.asked_from)
    for _ in range(5):
        assert (await router.observe()).converged
    assert len(plane.asked_from) == asked
    await router.point(Slot.PREVIEW, V2, if_version=(await router.observe()).version)
    assert (await router.observe()).converged, "the preview is none of its business"
    await router.point(Slot.ACTIVE, V1, if_version=(await router.observe()).version)
    assert not (await router.observe()).converged
    await look_until_converged(router)
    world.point_elsewhere("service", V2)
    plane.header = "v2"
    assert not (await router.observe()).converged
    assert (await look_until_converged(router)).active == V2


async def test_a_data_plane_that_still_answers_the_old_revision_is_believed_over_the_configuration(
    world: memory.World, plane: DataPlane
) -> None:
    router = Probed(memory.MemoryRouter(world, "service"), plane.url)
    plane.header = "v2"
    for _ in range(8):
        state = await router.observe()
        assert not state.converged
        assert "was answered by revision v2, not by revision v1" in state.note
        await router.changed()
    plane.header = "v1"
    began = time.monotonic()
    await look_until_converged(router)
    assert time.monotonic() - began >= 0.9


async def test_one_wrong_answer_starts_the_count_again(world: memory.World, plane: DataPlane) -> None:
    router = Probed(memory.MemoryRouter(world, "service"), plane.url)
    for _ in range(4):
        await router.observe()
        await router.changed()
    plane.header = None
    assert "without X-Revision" in (await router.observe()).note
    plane.header = "v1"
    began = time.monotonic()
    await look_until_converged(router)
    assert time.monotonic() - began >= 1.0


async def test_a_failing_answer_counts_when_the_target_gave_it(world: memory.World, plane: DataPlane) -> None:
    plane.status = 500
    await look_until_converged(Probed(memory.MemoryRouter(world, "service"), plane.url))


async def test_a_dead_or_silent_data_plane_is_said_and_never_holds_a_look_up_for_long(
    world: memory.World, plane: DataPlane
) -> None:
    dead = Probed(memory.MemoryRouter(world, "service"), "http://127.0.0.1:1/")
    assert "failed" in (await dead.observe()).note
    plane.delay_s = 30
    silent = Probed(memory.MemoryRouter(world, "service"), plane.url)
    began = time.monotonic()
    state = await silent.observe()
    assert not state.converged
    assert "failed: TimeoutError" in state.note or "timeout" in state.note.lower()
    assert 0.9 < time.monotonic() - began < 1.6


async def test_what_points_nowhere_or_has_not_converged_is_not_asked(world: memory.World, plane: DataPlane) -> None:
    router = Probed(memory.MemoryRouter(world, "service"), plane.url)
    world.layers["service"].converge_after_s = 60
    world.point_elsewhere("service", V1)
    assert not (await router.observe()).converged
    world.layers["service"].converge_after_s = 0
    world.point_elsewhere("service", NOTHING)
    state = await router.observe()
    assert (state.converged, state.probed) == (True, True)
    assert plane.asked_from == []


async def test_an_answer_from_before_a_write_does_not_count_after_it(world: memory.World, plane: DataPlane) -> None:
    router = Probed(memory.MemoryRouter(world, "service"), plane.url)
    for _ in range(5):
        assert not (await router.observe()).converged
        await router.changed()
    plane.delay_s = 0.3  # the next answer would be the one that is missing
    looking = asyncio.create_task(router.observe())
    await asyncio.sleep(0.1)
    await router.point(Slot.ACTIVE, V1, if_version=world.layers["service"].version)
    assert not (await looking).converged
    plane.delay_s = 0
    began = time.monotonic()
    await look_until_converged(router)
    assert time.monotonic() - began >= 1.0


async def test_it_waits_for_the_router_s_own_changes_once_it_has_seen_enough(
    world: memory.World, plane: DataPlane
) -> None:
    router = Probed(memory.MemoryRouter(world, "service"), plane.url)
    began = time.monotonic()
    await router.observe()
    await router.changed()
    assert 0.1 < time.monotonic() - began < 0.6
    await look_until_converged(router)
    waiting = asyncio.create_task(router.changed())
    await asyncio.sleep(0.5)
    assert not waiting.done()
    world.point_elsewhere("service", V2)
    await asyncio.wait_for(waiting, 1)
