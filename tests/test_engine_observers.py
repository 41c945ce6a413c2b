"""What the engine tells its observers, and how it ends."""

import asyncio
import logging
from datetime import timedelta

import pytest

from bluegreen import Engine, Healthy, Paused, Progressing
from bluegreen.actions import Ensure, Point
from bluegreen.backends.memory import World, over
from bluegreen.engine.clock import Clock
from bluegreen.engine.events import Acted, Acting, Decided, Event, Looked, Resting, Saved, Transition
from tests.support.engines import Told, driving, engine_on, virtual
from tests.support.worlds import START, V1, V2, rollout

WAITING = rollout(auto_promotion_enabled=False)


def seconds() -> float:
    """Virtual seconds so far."""
    return asyncio.get_running_loop().time()


# Observers.


@virtual
async def test_an_observer_is_told_of_every_look_decision_save_action_rest_and_transition() -> None:
    told = Told()
    async with driving(rollout(), told) as (engine, world):
        told.events.clear()
        await engine.apply(rollout("v2"))
        await engine.wait_for(Healthy)
        assert told.of(Looked)[-1].rollout == rollout("v2")
        assert isinstance(told.of(Transition)[0].after, Progressing)
        assert {type(one.action) for one in told.of(Acted)} >= {Ensure, Point}
        assert [one.action for one in told.of(Acting)] == [one.action for one in told.of(Acted)]
        assert told.of(Saved)[-1].record == world.record
        assert len(told.of(Looked)) == len(told.of(Decided)) >= len(told.of(Resting)) - 1


@virtual
async def test_a_look_comes_before_its_decision_its_save_and_its_actions() -> None:
    told = Told()
    engine = engine_on(World(rollout()), rollout(), told)
    await engine.step()
    kinds = [type(event) for event in told.events if not isinstance(event, Transition)]
    assert kinds == [Looked, Decided, Saved, Acting, Acted]


@virtual
async def test_transitions_are_told_once_each() -> None:
    told = Told()
    async with driving(WAITING, told) as (engine, _):
        revision = await engine.apply(WAITING.with_image("v2"))
        await engine.wait_for(Paused)
        await engine.promote(revision, by="ann")
        await engine.wait_for(Healthy)
        await asyncio.sleep(100)
    names = [type(one.after).__name__ for one in told.of(Transition)]
    assert names == [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]
    assert names[-3:] == ["Paused", "Promoting", "Healthy"]


@virtual
async def test_an_observer_that_fails_harms_nothing() -> None:
    told = Told()

    def failing(event: Event) -> None:
        raise RuntimeError(f"no room for {type(event).__name__}")

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(record)

    kept: list[logging.LogRecord] = []
    log = logging.getLogger("bluegreen")
    log.addHandler(handler := Kept())
    log.propagate = False
    try:
        async with driving(rollout(), failing, told) as (engine, world):
            await engine.apply(rollout("v2"))
            await engine.wait_for(Healthy)
    finally:
        log.removeHandler(handler)
        log.propagate = True
    assert world.live() == {"edge": V2}
    assert told.of(Acted)
    assert len(kept) == len(told.events)


# Ending.


@virtual
async def test_no_task_outlives_the_engine() -> None:
    async with driving() as (engine, _):
        await engine.apply(rollout("v2"))
    assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual
async def test_an_error_in_the_block_comes_out_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        async with driving():
            raise ZeroDivisionError
    assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual
async def test_the_step_in_hand_is_finished_before_the_end() -> None:
    world = World(rollout())

    async def slow(call: str) -> None:
        await asyncio.sleep(0.3)

    async with driving(world=world):
        world.before = slow
        world.point_elsewhere("edge", V2)
        await asyncio.sleep(0.1)
    assert world.live() == {"edge": V1}


@virtual
async def test_an_end_is_not_held_up_by_a_world_that_does_not_answer() -> None:
    world = World(rollout())

    async def hang(call: str) -> None:
        await asyncio.sleep(10**9)

    async with driving(world=world):
        world.before = hang
        world.point_elsewhere("edge", V2)
        await asyncio.sleep(0.1)
        began = seconds()
    assert seconds() - began <= 5
    assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual
async def test_a_settled_engine_looks_now_and_then_and_saves_nothing() -> None:
    told = Told()
    async with driving(rollout(), told):
        await asyncio.sleep(60)
        told.events.clear()
        await asyncio.sleep(3600)
        assert told.of(Saved) == []
        assert 100 <= len(told.of(Looked)) <= 3600 / 15 + 1


def test_a_clock_neither_jumps_nor_goes_back() -> None:
    lived = iter([100.0, 100.0, 107.5, 107.5])
    clock = Clock(monotonic=lambda: next(lived), wall=lambda: START)
    assert clock.now() == START
    assert clock.now() == START + timedelta(seconds=7.5)
    assert clock.lived_s() == 7.5


@virtual
async def test_an_engine_may_be_given_a_clock_of_its_own() -> None:
    world = World(rollout())
    async with Engine(rollout(), over(world), clock=Clock(wall=lambda: START)) as engine:
        await engine.wait_for(Healthy)
    assert world.record is not None
    assert world.record.saved_at is not None
    assert START <= world.record.saved_at < START + timedelta(seconds=60)
