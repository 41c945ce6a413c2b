"""Waiting for a phase: what ends it, and with which words."""

import asyncio

import pytest

from bluegreen import Degraded, Healthy
from bluegreen.backends.memory import NEVER, World
from bluegreen.errors import RolloutDegraded, WaitTimedOut
from bluegreen.record import Reason
from tests.support.engines import driving, engine_on, virtual
from tests.support.worlds import V3, rollout

WAITING = rollout(auto_promotion_enabled=False)


def seconds() -> float:
    """Virtual seconds so far."""
    return asyncio.get_running_loop().time()


@virtual
async def test_waiting_ends_with_an_error_when_it_becomes_degraded_instead() -> None:
    async with driving() as (engine, world):
        world.set_ready_after("v2", NEVER)
        await engine.apply(rollout("v2"))
        with pytest.raises(RolloutDegraded, match="no progress for 600 s") as caught:
            await engine.wait_for(Healthy)
        assert isinstance(caught.value.phase, Degraded)
        assert 600 <= seconds() < 602


@virtual
async def test_waiting_for_degraded_is_no_error() -> None:
    async with driving() as (engine, _):
        revision = await engine.apply(rollout("v2"))
        await engine.wait_for(Healthy)
        await engine.abort(revision, by="ann")
        assert (await engine.wait_for(Degraded)).reason is Reason.ABORTED


@virtual
async def test_a_degraded_revision_that_is_no_longer_declared_does_not_end_the_wait_for_the_next() -> None:
    async with driving(progressing := rollout(progress_deadline_seconds=50)) as (engine, world):
        world.set_ready_after("v2", NEVER)
        await engine.apply(progressing.with_image("v2"))
        await asyncio.sleep(60)
        await engine.apply(progressing.with_image("v3"))
        assert (await engine.wait_for(Healthy)).revision == V3


@virtual
async def test_who_does_not_drive_is_not_told_of_the_failure_before_the_new_revision() -> None:
    async with driving(progressing := rollout(progress_deadline_seconds=50)) as (engine, world):
        world.set_ready_after("v2", NEVER)
        await engine.apply(progressing.with_image("v2"))
        await asyncio.sleep(60)
        bystander = engine_on(world, progressing)
        await bystander.apply(progressing.with_image("v3"))
        assert (await bystander.wait_for(Healthy)).revision == V3


@virtual
async def test_a_retry_that_has_not_begun_is_not_told_of_the_failure_before_it() -> None:
    async with driving() as (engine, world):
        revision = await engine.apply(rollout("v2"))
        await engine.wait_for(Healthy)
        await engine.abort(revision, by="ann")
        bystander = engine_on(world, rollout("v2"))
        await bystander.retry(revision, by="ann")
        assert (await bystander.wait_for(Healthy)).revision == revision


@virtual
async def test_waiting_too_long_says_what_phase_it_is_in() -> None:
    async with driving(WAITING) as (engine, _):
        await engine.apply(WAITING.with_image("v2"))
        with pytest.raises(WaitTimedOut, match="not Healthy within 60 s; it is Paused: waits for a person") as caught:
            await engine.wait_for(Healthy, timeout_s=60)
        assert isinstance(caught.value, TimeoutError)


@virtual
async def test_waiting_for_what_was_never_recorded_says_so() -> None:
    with pytest.raises(WaitTimedOut, match="not recorded yet"):
        await engine_on(World(rollout()), rollout()).wait_for(Healthy, timeout_s=5)


@virtual
async def test_a_time_out_of_an_adapter_is_not_taken_for_the_end_of_the_wait() -> None:
    world = World(rollout())

    async def before(call: str) -> None:
        raise TimeoutError("the database did not answer")

    world.before = before
    with pytest.raises(TimeoutError, match="the database did not answer"):
        await engine_on(world, rollout()).wait_for(Healthy)
