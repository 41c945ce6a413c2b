"""An engine that is ended or dies at any moment, and engines that share a world: nobody is harmed, and one finishes."""

import asyncio
from collections.abc import Callable

import pytest

from bluegreen import Healthy
from bluegreen.backends.memory import World
from bluegreen.engine.events import Acted, Acting, Decided, Event, Looked, Saved, SaveLost
from bluegreen.errors import RecordConflict
from bluegreen.snapshot import NOTHING
from tests.support.engines import Told, driving, engine_on, virtual
from tests.support.worlds import V1, V2, rollout

LAYERS = ("outer", "inner")
DECLARED = rollout(layers=LAYERS, scale_down_delay_seconds=10)


class Killed(BaseException):
    """The process is gone: nothing that it was doing goes on."""


class Watch:
    """Sees to it, at every call of a port, that live traffic is never on nothing once it was on something.

    At call number `at` it does `then`.
    """

    def __init__(self, world: World, at: int = -1, then: Callable[[], None] = lambda: None) -> None:
        self.world, self.at, self.then = world, at, then
        self.calls = 0
        self.outages: list[str] = []
        self.served: set[str] = set()

    async def __call__(self, call: str) -> None:
        """Looks, and counts."""
        self.look()
        self.calls += 1
        if self.calls - 1 == self.at:
            self.then()
            await asyncio.sleep(0)

    def look(self) -> None:
        """Notes every layer that has lost its traffic."""
        for name, shown in self.world.live().items():
            if isinstance(shown, str) and self.world.available(shown):
                self.served.add(name)
            elif name in self.served:
                self.outages.append(f"{name} shows {shown}")


async def release(world: World, *observers: Callable[[Event], None]) -> None:
    """The first deployment of v1, then v2, until v1 is retired."""
    async with engine_on(world, DECLARED, *observers) as engine:
        await engine.wait_for(Healthy)
        await asyncio.sleep(30)
        await engine.apply(DECLARED.with_image("v2"))
        await engine.wait_for(Healthy)
        await asyncio.sleep(30)


async def finish(world: World) -> None:
    """Another engine, to whom somebody declares v2 again, ends as if nothing had happened."""
    async with engine_on(world, DECLARED) as engine:
        await engine.apply(DECLARED.with_image("v2"))
        await engine.wait_for(Healthy, timeout_s=200)
        await asyncio.sleep(60)
        assert world.live() == {"outer": V2, "inner": V2}
        assert {one.id: one.wanted for one in world.revisions.values() if one.wanted} == {V2: 2}
        assert world.record is not None
        assert world.record.outstanding == ()


def calls_of_a_release() -> int:
    """How many port calls a release makes when nothing goes wrong."""
    counted = 0

    @virtual
    async def main() -> None:
        nonlocal counted
        world = World(DECLARED, ready_after_s=1)
        world.before = watch = Watch(world)
        await release(world)
        counted = watch.calls
        assert watch.outages == []

    main()
    return counted


async def ended_at(number: int, end: Callable[["asyncio.Task[None]"], Callable[[], None]]) -> None:
    """The release is ended in this way at this port call, and finished by another engine."""
    world = World(DECLARED, ready_after_s=1)
    releasing = asyncio.ensure_future(release(world))
    world.before = watch = Watch(world, number, end(releasing))
    await asyncio.wait([releasing])
    if not releasing.cancelled():
        releasing.exception()
    assert asyncio.all_tasks() == {asyncio.current_task()}, "no task outlives the engine"
    world.before = after = Watch(world)
    after.served = watch.served
    await finish(world)
    assert watch.outages + after.outages == []


def cancelling(releasing: "asyncio.Task[None]") -> Callable[[], None]:
    """Somebody cancels whoever uses the engine."""
    return lambda: void(releasing.cancel())


def killing(_releasing: "asyncio.Task[None]") -> Callable[[], None]:
    """The process dies in this very call."""

    def die() -> None:
        raise Killed

    return die


def void(_value: object) -> None:
    """Nothing, of whatever it was."""


@pytest.mark.parametrize("end", [cancelling, killing])
def test_ended_at_any_await_it_leaves_a_world_that_another_engine_finishes_from(
    end: Callable[["asyncio.Task[None]"], Callable[[], None]],
) -> None:
    total = calls_of_a_release()
    assert total > 50
    for number in range(total):

        @virtual
        async def main(number: int = number) -> None:
            await ended_at(number, end)

        main()


@pytest.mark.parametrize("moment", [Looked, Decided, Saved, Acting, Acted])
def test_killed_between_look_decide_save_and_act_it_ends_as_if_nothing_had_happened(moment: type[Event]) -> None:
    for number in range(12):

        @virtual
        async def main(number: int = number) -> None:
            world = World(DECLARED, ready_after_s=1)
            world.before = watch = Watch(world)
            left = number

            def die(event: Event) -> None:
                nonlocal left
                if isinstance(event, moment):
                    left -= 1
                    if left < 0:
                        raise Killed

            releasing = asyncio.ensure_future(release(world, die))
            await asyncio.wait([releasing])
            if left < 0:
                assert releasing.exception() is not None, "it died of it"
            assert asyncio.all_tasks() == {asyncio.current_task()}
            await finish(world)
            assert watch.outages == []

        main()


@virtual
async def test_an_engine_that_loses_its_save_does_nothing_and_looks_again() -> None:
    told = Told()
    async with driving(DECLARED, told) as (engine, world):
        told.events.clear()
        meddled = False

        async def meddle(call: str) -> None:
            nonlocal meddled
            if call == "records save" and not meddled and engine.rollout != DECLARED:
                meddled = True
                await engine_on(world, DECLARED).change(lambda declared: declared.with_image("v3"))

        await engine.apply(DECLARED.with_image("v2"))
        world.before = meddle
        await asyncio.sleep(60)
        lost = told.events.index(told.of(SaveLost)[0])
        assert meddled
        assert not isinstance(told.events[lost + 1], Acting)
        await engine.wait_for(Healthy, timeout_s=60)


@virtual
async def test_a_save_that_is_lost_over_and_over_is_not_tried_in_a_tight_loop() -> None:
    lost = 0

    async def lose(call: str) -> None:
        nonlocal lost
        if call == "records save":
            lost += 1
            if lost > 1000:
                await asyncio.sleep(1)  # so that a tight loop is found out, rather than never left
            raise RecordConflict("somebody else was first")

    async with driving(DECLARED) as (_, world):
        world.before = lose
        world.point_elsewhere("outer", NOTHING)
        await asyncio.sleep(60)
        assert 10 < lost < 100
        world.before = None
        await asyncio.sleep(2)
        assert world.live() == {"outer": V1, "inner": V1}


@virtual
async def test_two_drivers_at_once_do_no_harm_and_finish() -> None:
    one_told, two_told = Told(), Told()
    world = World(DECLARED, ready_after_s=1)
    world.before = watch = Watch(world)
    async with engine_on(world, DECLARED, one_told) as one, engine_on(world, DECLARED, two_told) as two:
        await one.wait_for(Healthy, timeout_s=60)
        for image, asked in (("v2", one), ("v3", two), ("v2", two)):
            revision = await asked.apply(DECLARED.with_image(image))
            await asyncio.gather(*(each.wait_for(Healthy, timeout_s=100) for each in (one, two)))
            assert world.live() == {"outer": revision, "inner": revision}
    assert watch.outages == []
    assert one_told.of(SaveLost) + two_told.of(SaveLost), "they did meet"


@virtual
async def test_a_driver_that_stalled_in_mid_act_wakes_late_and_does_no_harm() -> None:
    """Its switch to v2 comes when v2 was aborted and scaled down."""
    world, stalled = World(DECLARED), asyncio.Event()

    async def stall(call: str) -> None:
        if call == "layer outer point":
            stalled.set()
            await asyncio.sleep(25)

    async with driving(DECLARED, world=world) as (sleeper, _):
        world.before = stall
        applying = asyncio.ensure_future(sleeper.apply(DECLARED.with_image("v2")))
        await asyncio.wait_for(stalled.wait(), 30)
        world.before = None
        async with engine_on(world, DECLARED) as other:
            await other.abort(V2, by="ann")
            await asyncio.sleep(60)
            assert world.live() == {"outer": V1, "inner": V1}
        await applying
    assert world.live() == {"outer": V1, "inner": V1}
    assert world.available(V1)


@virtual
async def test_a_second_engine_takes_over_at_once_what_the_first_left() -> None:
    world = World(DECLARED)
    async with driving(DECLARED, world=world) as (first, _):
        await first.apply(DECLARED.with_image("v2"))
    began = asyncio.get_running_loop().time()
    async with engine_on(world, DECLARED) as second:
        await second.wait_for(Healthy)
        assert asyncio.get_running_loop().time() - began < 1
    assert world.live() == {"outer": V2, "inner": V2}
