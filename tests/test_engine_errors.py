"""Adapters that fail: what is tried again and when, what is shown, what degrades, and what recovers by itself."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bluegreen import Degraded, Healthy, Promoting
from bluegreen.actions import Ensure
from bluegreen.backends.memory import World
from bluegreen.engine.events import Acted, Dropped, Failed, Looked, Saved
from bluegreen.errors import BackendError, PermanentBackendError, RecordDamaged, RecordFromTheFuture, RolloutDegraded
from bluegreen.record import Reason
from bluegreen.snapshot import NOTHING, Unobserved
from tests.support.engines import Told, driving, engine_on, virtual
from tests.support.worlds import V1, V2, rollout

Before = Callable[[str], Awaitable[None]]


def failing(what: str, error: Exception, times: int = 10**9) -> Before:
    """Every call of this name fails, so many times."""
    left = times

    async def before(call: str) -> None:
        nonlocal left
        if call == what and left:
            left -= 1
            raise error

    return before


def slow(what: str, seconds: float) -> Before:
    """Every call of this name takes so long."""

    async def before(call: str) -> None:
        if call == what:
            await asyncio.sleep(seconds)

    return before


def waits(told: Told) -> list[float]:
    """After how many seconds each failure of an action is tried again."""
    return [one.retry_in_s for one in told.of(Failed) if one.action is not None]


@pytest.mark.parametrize("error", [BackendError("busy"), ValueError("a bug of the adapter's"), OSError("reset")])
def test_what_may_pass_is_tried_again_ever_more_slowly_and_shown(error: Exception) -> None:
    told = Told()

    @virtual
    async def main() -> None:
        async with driving(rollout(), told) as (engine, world):
            world.before = failing("layer edge point", error, times=7)
            await engine.apply(rollout("v2"))
            await engine.wait_for(Healthy, timeout_s=100)
            assert world.live() == {"edge": V2}

    main()
    assert waits(told) == [0.5, 1, 2, 4, 8, 15, 15]
    troubles = [trouble for look in told.of(Looked) for trouble in look.snapshot.troubles]
    assert {(one.what, one.error, one.permanent) for one in troubles} == {
        (f"point active of layer edge at revision {V2}", str(error), False)
    }
    assert len({one.since for one in troubles}) == 1, "since the first failure"


@virtual
async def test_after_it_went_well_the_next_failure_is_tried_again_soon() -> None:
    told = Told()
    async with driving(rollout(), told) as (engine, world):
        for image in ("v2", "v3"):
            world.before = failing("layer edge point", BackendError("busy"), times=3)
            await engine.apply(rollout(image))
            await engine.wait_for(Healthy)
    assert waits(told) == [0.5, 1, 2, 0.5, 1, 2]


@virtual
async def test_an_adapter_may_say_when_to_try_again() -> None:
    told = Told()
    async with driving(rollout(), told) as (engine, world):
        world.before = failing("layer edge point", BackendError("rate limit", retry_after_s=42), times=1)
        await engine.apply(rollout("v2"))
        began = asyncio.get_running_loop().time()
        await engine.wait_for(Healthy)
        assert 41 <= asyncio.get_running_loop().time() - began <= 43
    assert waits(told) == [42]


@virtual
async def test_while_it_waits_a_failed_action_is_not_begun() -> None:
    told = Told()
    async with driving(rollout(), told) as (engine, world):
        world.before = failing("layer edge point", BackendError("down", retry_after_s=30))
        await engine.apply(rollout("v2"))
        await asyncio.sleep(10)
        world.scale_elsewhere(V1, 5)
        await asyncio.sleep(1)
        assert [one.why for one in told.of(Dropped)] == ["it failed: down"] * len(told.of(Dropped))
        assert told.of(Dropped)
        assert waits(told) == [30]
        assert world.revisions[V2].wanted == 2, "all else goes on"


@virtual
async def test_what_a_person_has_to_mend_is_degraded_with_the_remedy_and_goes_on_by_itself_once_mended() -> None:
    async with driving() as (engine, world):
        error = PermanentBackendError("quota exceeded", remedy="ask for more")
        world.before = failing("workloads ensure", error)
        await engine.apply(rollout("v2"))
        with pytest.raises(RolloutDegraded, match=r"quota exceeded \(ask for more\)") as caught:
            await engine.wait_for(Healthy, timeout_s=60)
        assert isinstance(caught.value.phase, Degraded)
        assert caught.value.phase.reason is Reason.BACKEND
        await asyncio.sleep(3600)
        world.before = None
        await asyncio.sleep(20)
        await engine.wait_for(Healthy, timeout_s=1)
        assert world.live() == {"edge": V2}


@virtual
async def test_a_layer_that_refuses_for_good_takes_the_promotion_back_at_once() -> None:
    async with driving(rollout(layers=("outer", "inner"))) as (engine, world):
        error = PermanentBackendError("forbidden", remedy="grant it")
        world.before = failing("layer inner point", error)
        began = asyncio.get_running_loop().time()
        await engine.apply(rollout("v2", layers=("outer", "inner")))
        with pytest.raises(RolloutDegraded, match=r"layer inner cannot follow: forbidden \(grant it\)"):
            await engine.wait_for(Healthy)
        assert asyncio.get_running_loop().time() - began < 5
        assert world.live() == {"outer": V1, "inner": V1}


@pytest.mark.parametrize(
    ("error", "words"), [(BackendError("no route"), "no route"), (KeyError(), "KeyError"), (OSError("reset"), "reset")]
)
def test_what_cannot_be_looked_at_is_unobserved_since_it_first_failed(error: Exception, words: str) -> None:
    told = Told()

    @virtual
    async def main() -> None:
        world = World(rollout())
        world.before = failing("layer edge observe", error)
        engine = engine_on(world, rollout(), told)
        for _ in range(3):
            await engine.step()
            await asyncio.sleep(10)
        assert world.live() == {"edge": NOTHING}

    main()
    seen = [look.snapshot.layers[0].seen for look in told.of(Looked)]
    assert all(isinstance(one, Unobserved) and one.error == words for one in seen)
    assert len({one.since for one in seen if isinstance(one, Unobserved)}) == 1


@virtual
async def test_one_layer_that_hangs_delays_the_others_by_the_looks_time_out_at_most() -> None:
    layers = ("outer", "inner")
    told = Told()
    async with driving(rollout(layers=layers), told) as (engine, world):
        revision = await engine.apply(rollout("v2", layers=layers))
        await engine.wait_for(Healthy)
        world.before = slow("layer inner observe", 10**6)
        began = asyncio.get_running_loop().time()
        await engine.abort(revision, by="ann")
        while world.live()["outer"] != V1:
            await asyncio.sleep(0.1)
        assert asyncio.get_running_loop().time() - began <= 12
        assert world.live() == {"outer": V1, "inner": V2}
        seen = told.of(Looked)[-1].snapshot.layers[1].seen
        assert isinstance(seen, Unobserved)
        assert seen.error == "no answer within 5 s"
        world.before = None
        await asyncio.sleep(10)
        assert world.live() == {"outer": V1, "inner": V1}


@virtual
async def test_all_parts_of_the_world_are_looked_at_side_by_side() -> None:
    layers = ("one", "two", "three", "four")
    world = World(rollout(layers=layers))

    async def each_takes_a_second(call: str) -> None:
        await asyncio.sleep(1 if call.endswith("observe") else 0)

    world.before = each_takes_a_second
    await engine_on(world, rollout(layers=layers)).step()
    assert asyncio.get_running_loop().time() == 1


@virtual
async def test_a_write_that_hangs_is_given_up_after_its_time() -> None:
    told = Told()
    async with driving(rollout(), told) as (engine, world):
        world.before = slow("layer edge point", 10**6)
        await engine.apply(rollout("v2"))
        await asyncio.sleep(15)
        assert [str(one.what) for one in told.of(Failed)] == [f"point active of layer edge at revision {V2}"]
        assert told.of(Looked)[-1].snapshot.troubles[0].error == "no answer within 10 s"
        world.before = None
        await engine.wait_for(Healthy, timeout_s=60)


@virtual
async def test_what_was_decided_more_than_five_seconds_before_is_not_begun() -> None:
    told = Told()
    async with driving(rollout(), told) as (engine, world):
        world.before = slow("records save", 6)
        applying = asyncio.ensure_future(engine.apply(rollout("v2")))
        while not told.of(Dropped):
            await asyncio.sleep(0.1)
        assert told.of(Dropped)[0].action == Ensure(V2, 2)
        assert told.of(Dropped)[0].age_s > 5
        world.before = None
        await applying
        await engine.wait_for(Healthy, timeout_s=60)
        assert world.live() == {"edge": V2}


@virtual
async def test_a_record_that_cannot_be_saved_means_that_nothing_is_done() -> None:
    told = Told()
    async with driving(rollout(), told) as (engine, world):
        await engine.apply(rollout("v2", auto_promotion_enabled=False))
        await asyncio.sleep(10)
        acted = len(told.of(Acted))
        world.before = failing("records save", BackendError("disk full"))
        world.point_elsewhere("edge", V2)
        await asyncio.sleep(600)
        assert len(told.of(Acted)) == acted
        assert {str(one.error) for one in told.of(Failed)} == {"disk full"}
        assert max(one.retry_in_s for one in told.of(Failed)) == 15
        world.before = None
        await asyncio.sleep(20)
        assert world.live() == {"edge": V1}


@pytest.mark.parametrize("error", [RecordFromTheFuture("schema 9: upgrade"), RecordDamaged("not JSON")])
def test_a_record_that_cannot_be_understood_means_that_nothing_is_done_and_whoever_waits_is_told(
    error: Exception,
) -> None:
    told = Told()

    @virtual
    async def main() -> None:
        async with driving(rollout(), told) as (engine, world):
            told.events.clear()
            world.before = failing("records load", error)
            world.point_elsewhere("edge", NOTHING)
            await asyncio.sleep(30)
            with pytest.raises(type(error), match=str(error)):
                await engine.wait_for(Promoting)
            with pytest.raises(type(error)):
                await engine.apply(rollout("v2"))
            assert not told.of(Acted)
            assert not told.of(Saved)
            assert world.live() == {"edge": NOTHING}
            world.before = None
            await asyncio.sleep(20)
            assert world.live() == {"edge": V1}
            await engine.wait_for(Healthy, timeout_s=20)

    main()


@virtual
async def test_a_step_by_hand_raises_what_is_wrong_with_the_record() -> None:
    world = World(rollout())
    world.before = failing("records load", RecordDamaged("not JSON"))
    with pytest.raises(RecordDamaged):
        await engine_on(world, rollout()).step()


@virtual
async def test_records_that_are_out_of_reach_for_hours_do_not_end_the_engine() -> None:
    async with driving() as (engine, world):
        world.blind("records")
        await asyncio.sleep(36_000)
        world.see("records")
        await engine.apply(rollout("v2"))
        await engine.wait_for(Healthy, timeout_s=60)


@virtual
async def test_a_write_that_is_refused_for_hours_is_still_tried() -> None:
    told = Told()
    async with driving(rollout(progress_deadline_seconds=10**6), told) as (engine, world):
        world.before = failing("workloads ensure", BackendError("busy"))
        await engine.apply(rollout("v2", progress_deadline_seconds=10**6))
        await asyncio.sleep(18_000)
        assert {one.what for one in told.of(Failed)} == {f"ensure 2 replicas of revision {V2}"}
        assert set(waits(told)) == {0.5, 1, 2, 4, 8, 15}
        world.before = None
        await engine.wait_for(Healthy, timeout_s=60)


@virtual
async def test_a_watch_that_fails_is_left_to_the_clock() -> None:
    async def broken() -> None:
        raise OSError("the watch was closed")

    async with driving() as (engine, world):
        for port in (engine.backend.workloads, engine.backend.records, *engine.backend.routers):
            setattr(port, "changed", broken)  # noqa: B010 (a method, for these objects only)
        await asyncio.sleep(60)
        world.point_elsewhere("edge", NOTHING)
        await asyncio.sleep(16)
        assert world.live() == {"edge": V1}


@virtual
async def test_what_was_out_of_sight_is_attended_to_within_a_second_of_being_back() -> None:
    async with driving() as (_, world):
        world.blind("layer edge")
        await asyncio.sleep(40)
        world.point_elsewhere("edge", NOTHING)
        world.see("layer edge")
        await asyncio.sleep(1.1)
        assert world.live() == {"edge": V1}


@virtual
async def test_a_write_that_lost_to_somebody_elses_is_looked_at_again_at_once() -> None:
    world = World(rollout())
    met = False

    async def meddle(call: str) -> None:
        nonlocal met
        if call == "layer edge point":
            met = True
            world.point_elsewhere("edge", NOTHING)

    world.before = meddle
    engine = engine_on(world, rollout())
    step = await engine.step()
    while not met:
        step = await engine.step()
    assert step.again_s == 0
