"""The engine from outside: applying, commanding, waiting, watching it work, ending it."""

import asyncio

import pytest
from attrs import evolve

from bluegreen import Degraded, Healthy, Paused, commands
from bluegreen.backends.memory import World
from bluegreen.engine.rest import Bell, rest
from bluegreen.errors import IllegalCommand, RolloutDegraded, SpecError, StaleCommand, WaitTimedOut
from tests.support.engines import driving, engine_on, virtual
from tests.support.worlds import V1, V2, V3, Says, changed, rollout

WAITING = rollout(auto_promotion_enabled=False)


def seconds() -> float:
    """Virtual seconds so far."""
    return asyncio.get_running_loop().time()


@virtual
async def test_a_release_from_apply_to_the_end_of_its_window() -> None:
    async with driving() as (engine, world):
        revision = await engine.apply(rollout("v2"))
        assert revision == V2
        phase = await engine.wait_for(Healthy)
        assert phase.revision == V2
        assert world.live() == {"edge": V2}
        await asyncio.sleep(40)
        assert world.revisions[V1].wanted == 0


@virtual
async def test_apply_returns_once_a_decision_that_includes_it_is_saved() -> None:
    async with driving() as (engine, world):
        await engine.apply(rollout("v2"))
        assert world.stored.rollout == rollout("v2")
        assert world.record is not None
        assert world.record.current == V2


@virtual
async def test_applying_the_same_again_changes_nothing() -> None:
    async with driving() as (engine, world):
        before = world.record
        assert await engine.apply(rollout()) == V1
        assert world.record == before


@virtual
async def test_two_who_apply_at_once_both_return_and_the_last_one_counts() -> None:
    async with driving() as (engine, world):
        await asyncio.wait_for(asyncio.gather(engine.apply(rollout("v2")), engine.apply(rollout("v3"))), 10)
        await engine.wait_for(Healthy)
        assert world.stored.rollout is not None
        assert world.live() == {"edge": V3 if world.stored.rollout == rollout("v3") else V2}


@virtual
async def test_a_change_that_meets_a_save_of_the_drivers_is_still_included_at_once() -> None:
    """The step in hand loses its save to it; the next one includes it, and none after that is waited for."""
    async with driving(rollout(scale_down_delay_seconds=600)) as (engine, world):
        await engine.apply(changed(engine.rollout).with_image("v2"))
        await engine.wait_for(Healthy)
        meeting = asyncio.Event()
        mine: asyncio.Task[object] | None = None

        async def slow_save(call: str) -> None:
            if call == "records save" and asyncio.current_task() is not mine and not meeting.is_set():
                meeting.set()
                await asyncio.sleep(0.5)

        world.before = slow_save
        await asyncio.wait_for(meeting.wait(), 10)
        began = seconds()
        mine = asyncio.ensure_future(engine.change(lambda declared: changed(declared, revision_history_limit=3)))
        await mine
        assert seconds() - began < 2


@virtual
async def test_a_rollout_of_another_name_is_refused() -> None:
    async with driving() as (engine, world):
        before = world.stored
        with pytest.raises(SpecError, match="drives 'shop', not 'other'"):
            await engine.apply(rollout(name="other"))
        assert world.stored is before


@virtual
async def test_what_is_stored_counts_more_than_what_an_engine_was_started_with() -> None:
    world = World(rollout())
    async with driving(world=world) as (engine, _):
        await engine.apply(rollout("v2"))
        await engine.wait_for(Healthy)
    async with driving(rollout("v1"), world=world):
        assert world.live() == {"edge": V2}


@virtual
async def test_a_person_promotes() -> None:
    async with driving(WAITING) as (engine, world):
        revision = await engine.apply(WAITING.with_image("v2"))
        assert (await engine.wait_for(Paused, timeout_s=60)).revision == V2
        await engine.promote(revision, by="ann")
        await engine.wait_for(Healthy)
        assert world.record is not None
        assert [one.by for one in world.record.history if one.what == "Promoted"] == ["ann"]


@virtual
async def test_every_command_can_be_given_to_the_engine() -> None:
    async with driving(WAITING) as (engine, world):
        revision = await engine.apply(WAITING.with_image("v2"))
        await engine.wait_for(Paused)
        with pytest.raises(IllegalCommand, match="no gate 'promotoin'; did you mean promotion"):
            await engine.approve(revision, gate="promotoin", by="ann")
        with pytest.raises(IllegalCommand, match="no gate 'other'; there are: promotion"):
            await engine.approve(revision, gate="other", by="ann")
        await engine.approve(revision, gate="promotion", by="ann")
        await engine.abort(revision, by="ann", why="not today")
        with pytest.raises(RolloutDegraded, match="not today"):
            await engine.wait_for(Healthy)
        await engine.retry(revision, by="ann")
        await engine.wait_for(Paused)
        await engine.promote_full(revision, by="ann")
        await engine.wait_for(Healthy)
        assert world.live() == {"edge": V2}


@virtual
async def test_a_command_returns_once_a_decision_that_includes_it_is_saved() -> None:
    async with driving() as (engine, world):
        revision = await engine.apply(rollout("v2"))
        await engine.wait_for(Healthy)
        await engine.abort(revision, by="ann")
        assert world.record is not None
        assert isinstance(world.record.phase, Degraded)
        assert world.live() == {"edge": V1}


@virtual
async def test_a_command_that_comes_in_the_middle_of_a_look_is_in_the_next_one() -> None:
    async with driving() as (engine, world):
        revision = await engine.apply(rollout("v2"))
        await engine.wait_for(Healthy)
        await asyncio.sleep(10)

        async def slow(call: str) -> None:
            if call == "layer edge observe":
                await asyncio.sleep(1)

        world.before = slow
        world.touch("workloads")
        await asyncio.sleep(0.5)
        await engine.abort(revision, by="ann")
        assert world.live() == {"edge": V1}


@virtual
async def test_a_command_that_meets_somebody_elses_save_is_not_lost() -> None:
    async with driving(WAITING) as (engine, world):
        revision = await engine.apply(WAITING.with_image("v2"))
        await engine.wait_for(Paused)
        met = False

        async def meddle(call: str) -> None:
            nonlocal met
            if call == "records save" and not met:
                met = True
                await engine_on(world, WAITING).change(commands.pause)

        world.before = meddle
        await engine_on(world, WAITING).promote(revision, by="ann")
        assert met
        assert world.record is not None
        assert world.record.approvals


@virtual
async def test_a_ring_while_nobody_rests_ends_the_next_rest() -> None:
    bell = Bell()
    bell.ring()
    await rest(None, bell, 100)
    assert seconds() == 0


@virtual
async def test_a_command_that_does_not_fit_changes_nothing() -> None:
    async with driving(WAITING) as (engine, world):
        before = world.stored
        with pytest.raises(IllegalCommand):
            await engine.promote(V1, by="ann")
        with pytest.raises(StaleCommand):
            await engine.promote(V2, by="ann")
        assert world.stored is before


@virtual
async def test_commands_on_the_declaration_are_changes_of_it() -> None:
    async with driving() as (engine, world):
        await engine.change(commands.pause)
        assert world.stored.rollout == evolve(rollout(), paused=True)
        await engine.apply(commands.set_image(engine.rollout, "v2"))
        await asyncio.sleep(60)
        assert world.live() == {"edge": V1}
        await engine.change(commands.resume)
        await engine.wait_for(Healthy)
        assert world.live() == {"edge": V2}


# Without a driver.


@virtual
async def test_without_a_driver_a_declaration_and_a_command_are_stored_for_whoever_drives() -> None:
    world = World(WAITING)
    async with driving(WAITING, world=world):
        pass
    bystander = engine_on(world, WAITING)
    assert await bystander.apply(WAITING.with_image("v2")) == V2
    assert V2 not in world.revisions
    async with engine_on(world, WAITING) as driver:
        await driver.wait_for(Paused)
        await bystander.promote(V2, by="ann")
        assert (await bystander.wait_for(Healthy, timeout_s=60)).revision == V2


@virtual
async def test_a_driver_notices_within_a_second_what_somebody_else_stored() -> None:
    async with driving(WAITING) as (driver, world):
        bystander = engine_on(world, WAITING)
        await asyncio.sleep(300)
        began = seconds()
        await bystander.apply(WAITING.with_image("v2"))
        await driver.wait_for(Paused)
        assert seconds() - began < 1


@virtual
async def test_a_command_before_anything_is_recorded_says_so() -> None:
    with pytest.raises(IllegalCommand, match="nothing is recorded of 'shop' yet"):
        await engine_on(World(rollout()), rollout()).promote(V1, by="ann")


@virtual
async def test_steps_taken_by_hand_lead_to_the_same_end() -> None:
    world = World(rollout())
    engine = engine_on(world, rollout())
    for _ in range(20):
        await engine.step()
    step = await engine.step()
    assert step.settled
    assert step.again_s is None
    assert world.live() == {"edge": V1}
    await engine.apply(rollout("v2"))
    step = await engine.step()
    assert not step.settled
    assert step.template == V2


@virtual
async def test_after_it_was_stopped_an_engine_drives_no_more_and_its_commands_are_stored() -> None:
    async with driving(WAITING) as (engine, world):
        engine.stop()
        await asyncio.sleep(1)
        await engine.apply(WAITING.with_image("v2"))
        assert V2 not in world.revisions
        with pytest.raises(WaitTimedOut):
            await engine.wait_for(Paused, timeout_s=5)


@virtual
async def test_who_waits_while_the_engine_is_stopped_is_not_left_waiting_for_ever() -> None:
    async with driving(WAITING) as (engine, _):
        waiting = asyncio.ensure_future(engine.wait_for(Paused, timeout_s=50))
        await asyncio.sleep(1)
        engine.stop()
        with pytest.raises(WaitTimedOut, match="it is Healthy"):
            await waiting


@virtual
async def test_commands_given_at_the_same_moment_all_count() -> None:
    three = rollout(gates=tuple(Says(f"gate {number}") for number in range(3)))
    async with driving(three) as (engine, world):
        revision = await engine.apply(three.with_image("v2"))
        await engine.wait_for(Paused)
        both = engine_on(world, three), engine_on(world, three)
        async with asyncio.TaskGroup() as group:
            for number, bystander in enumerate((*both, engine)):
                group.create_task(bystander.approve(revision, gate=f"gate {number}", by="ann"))
        assert world.record is not None
        assert {one.gate for one in world.record.approvals} == {"gate 0", "gate 1", "gate 2"}


@virtual
async def test_old_revisions_leave_the_world_beyond_the_history_limit() -> None:
    declared = rollout(revision_history_limit=0, scale_down_delay_seconds=0)
    async with driving(declared) as (engine, world):
        await engine.apply(declared.with_image("v2"))
        await asyncio.sleep(60)
        assert set(world.revisions) == {V2}
