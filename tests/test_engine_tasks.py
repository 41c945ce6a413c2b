"""Measurements and hooks: the work that gates ask for, through crashes, aborts and the engine's end."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from bluegreen import Engine, Healthy, Paused, Rollout
from bluegreen.actions import Cancel, Measure, RunHook
from bluegreen.backends.memory import World, over
from bluegreen.engine.events import Event, Finished, Looked
from bluegreen.errors import BackendError, PermanentBackendError, RolloutDegraded
from bluegreen.gates import Answer, CannotSay, Release, Stage
from bluegreen.ports import NoData
from bluegreen.snapshot import Key, Outcome
from tests.support.engines import Told, virtual
from tests.support.worlds import START, V1, V2, Does, Says, hooking, measuring, rollout

CHECK = Key(V2, 2, "check", "errors")
MIGRATE = Key(V2, 2, "migrate")


class Numbers:
    """A metric provider that takes its time and then returns, or raises, what it was given."""

    def __init__(self, result: Any = 0.01, takes_s: float = 3) -> None:
        self.result, self.takes_s = result, takes_s
        self.asked: list[Mapping[str, Any]] = []
        self.under_way = 0

    async def measure(self, query: Mapping[str, Any]) -> Any:
        """What it was given."""
        self.asked.append(query)
        self.under_way += 1
        try:
            await asyncio.sleep(self.takes_s)
        finally:
            self.under_way -= 1
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


class Steps:
    """Hooks that run on whoever starts or polls them, each found again by its key."""

    def __init__(self, takes_s: float = 3, error: str = "") -> None:
        self.takes_s, self.error = takes_s, error
        self.ends: dict[Key, float] = {}
        self.started: list[Key] = []
        self.cancelled: list[Key] = []

    async def start(self, key: Key, hook: Mapping[str, Any]) -> None:
        """Starts it, once for its key."""
        self.started.append(key)
        self.ends.setdefault(key, asyncio.get_running_loop().time() + self.takes_s)

    async def poll(self, key: Key) -> Outcome | None:
        """Its outcome, when its time is over."""
        if asyncio.get_running_loop().time() < self.ends[key]:
            return None
        return Outcome(key, START, START, value=None if self.error else "done", error=self.error)

    async def cancel(self, key: Key) -> None:
        """Notes it."""
        self.cancelled.append(key)


CHECKED = rollout(gates=(Does("check", measuring),))
MIGRATED = rollout(gates=(Does("migrate", hooking),))


def engine_with(
    world: World,
    declared: Rollout,
    numbers: Numbers | None = None,
    steps: Steps | None = None,
    told: Told | None = None,
) -> Engine:
    """An engine whose backend measures and runs hooks."""
    backend = over(world, metrics={"numbers": numbers} if numbers else None, hooks=steps)
    return Engine(declared, backend, observers=[told] if told else [])


async def outcome_of(result: Any, *, takes_s: float = 3) -> Outcome:
    """What a gate is told of one measurement that ends like this."""
    seen: list[Outcome] = []

    def says(release: Release, _now: object) -> Answer:
        seen.extend(release.outcomes)
        return CannotSay("looks on", tasks=measuring(release))

    declared = rollout(gates=(Says("check", says),))
    async with engine_with(World(declared), declared, Numbers(result, takes_s)) as engine:
        await engine.wait_for(Healthy)
        await engine.apply(declared.with_image("v2"))
        while not seen:
            await asyncio.sleep(1)
    return seen[0]


@virtual
async def test_a_gate_that_measures_is_answered_and_the_release_goes_on() -> None:
    world, numbers = World(CHECKED), Numbers()
    async with engine_with(world, CHECKED, numbers) as engine:
        await engine.wait_for(Healthy)
        assert numbers.asked == [], "the first deployment passes no gate"
        await engine.apply(CHECKED.with_image("v2"))
        await engine.wait_for(Paused)
        assert world.live() == {"edge": V1}
        await engine.wait_for(Healthy, timeout_s=10)
        assert numbers.asked == [{"of": "errors"}]
        assert world.record is not None
        assert world.record.asked == ()


@virtual
async def test_a_gate_that_runs_a_hook_is_answered_and_the_release_goes_on() -> None:
    world, steps = World(MIGRATED), Steps(takes_s=30)
    async with engine_with(world, MIGRATED, steps=steps) as engine:
        await engine.wait_for(Healthy)
        await engine.apply(MIGRATED.with_image("v2"))
        await asyncio.sleep(29)
        assert world.live() == {"edge": V1}
        await engine.wait_for(Healthy, timeout_s=3)
        assert steps.started == [MIGRATE]


@virtual
async def test_a_hook_that_fails_aborts() -> None:
    world = World(MIGRATED)
    async with engine_with(world, MIGRATED, steps=Steps(error="exit code 1")) as engine:
        await engine.wait_for(Healthy)
        await engine.apply(MIGRATED.with_image("v2"))
        with pytest.raises(RolloutDegraded, match="exit code 1"):
            await engine.wait_for(Healthy)


@virtual
async def test_a_number_is_an_outcome() -> None:
    outcome = await outcome_of(0.5)
    assert (outcome.key, outcome.value, outcome.no_data, outcome.error) == (CHECK, 0.5, False, "")
    assert (outcome.finished_at - outcome.started_at).total_seconds() == 3


@virtual
async def test_no_data_is_neither_zero_nor_an_error() -> None:
    outcome = await outcome_of(NoData())
    assert (outcome.value, outcome.no_data, outcome.error) == (None, True, "")


@virtual
async def test_an_error_says_whether_it_may_pass() -> None:
    passing = await outcome_of(BackendError("busy"))
    assert (passing.error, passing.retry) == ("busy", True)
    lasting = await outcome_of(PermanentBackendError("no such metric", remedy="mend the query"))
    assert (lasting.error, lasting.retry) == ("no such metric (mend the query)", False)
    nameless = await outcome_of(KeyError())
    assert (nameless.error, nameless.retry) == ("KeyError", True)


@virtual
async def test_a_measurement_that_takes_too_long_is_an_error() -> None:
    outcome = await outcome_of(1, takes_s=10**6)
    assert outcome.error == "no answer within 30 s"


@virtual
async def test_a_hook_that_takes_too_long_is_an_error() -> None:
    world, told = World(MIGRATED), Told()
    async with engine_with(world, MIGRATED, steps=Steps(takes_s=10**6), told=told) as engine:
        await engine.wait_for(Healthy)
        await engine.apply(MIGRATED.with_image("v2"))
        with pytest.raises(RolloutDegraded, match="no answer within 600 s"):
            await engine.wait_for(Healthy)


@pytest.mark.parametrize(
    ("declared", "words"),
    [(CHECKED, "no metric provider named 'numbers'; there are: none"), (MIGRATED, "this backend runs no hooks")],
)
def test_work_for_which_there_is_nobody_is_an_error_that_says_so(declared: Rollout, words: str) -> None:
    @virtual
    async def main() -> None:
        async with engine_with(World(declared), declared) as engine:
            await engine.wait_for(Healthy)
            await engine.apply(declared.with_image("v2"))
            with pytest.raises(RolloutDegraded, match=words):
                await engine.wait_for(Healthy, timeout_s=60)

    main()


@virtual
async def test_an_outcome_waits_until_a_saved_record_has_acknowledged_it() -> None:
    world, told = World(CHECKED), Told()
    async with engine_with(world, CHECKED, Numbers(), told=told) as engine:
        await engine.wait_for(Healthy)
        await engine.apply(CHECKED.with_image("v2"))
        await engine.wait_for(Paused)
        world.refuse("records save", 5)
        await asyncio.sleep(60)
        waiting = [look for look in told.of(Looked) if look.snapshot.outcomes]
        assert len(waiting) == 6, "five times it could not be saved"
        assert len(told.of(Finished)) == 1
        assert world.live() == {"edge": V2}


@virtual
async def test_after_a_crash_the_work_is_asked_for_again_by_its_key() -> None:
    world, numbers, steps = World(CHECKED), Numbers(takes_s=20), Steps(takes_s=20)
    declared = rollout(gates=(Does("check", measuring), Does("migrate", hooking)))
    async with engine_with(world, declared, numbers, steps) as engine:
        await engine.wait_for(Healthy)
        await engine.apply(declared.with_image("v2"))
        await asyncio.sleep(10)
    assert numbers.under_way == 0
    async with engine_with(world, declared, numbers, steps) as engine:
        await asyncio.sleep(30)
        assert len(numbers.asked) == 2
    assert steps.started == [MIGRATE]
    async with engine_with(world, declared, numbers, steps) as engine:
        await engine.wait_for(Healthy, timeout_s=15)
    assert set(steps.started) == {MIGRATE}
    assert len(numbers.asked) == 2, "what came back is not asked for again"


@pytest.mark.parametrize("declared", [CHECKED, MIGRATED])
def test_an_abort_cancels_the_work_and_its_end_is_acknowledged(declared: Rollout) -> None:
    @virtual
    async def main() -> None:
        world, numbers, steps, told = World(declared), Numbers(takes_s=1000), Steps(takes_s=1000), Told()
        async with engine_with(world, declared, numbers, steps, told) as engine:
            await engine.wait_for(Healthy)
            revision = await engine.apply(declared.with_image("v2"))
            await engine.wait_for(Paused)
            await asyncio.sleep(5)
            await engine.abort(revision, by="ann")
            await asyncio.sleep(5)
            assert numbers.under_way == 0
            (ended,) = told.of(Finished)
            assert (ended.outcome.error, ended.outcome.retry) == ("cancelled", False)
            assert steps.cancelled == [ended.outcome.key]
            assert world.record is not None
            assert world.record.asked == ()

    main()


@virtual
async def test_work_that_was_running_elsewhere_is_cancelled_by_whoever_comes_next() -> None:
    world, steps, told = World(MIGRATED), Steps(takes_s=1000), Told()
    async with engine_with(world, MIGRATED, steps=steps) as engine:
        await engine.wait_for(Healthy)
        await engine.apply(MIGRATED.with_image("v2"))
        await asyncio.sleep(5)
    bystander = engine_with(world, MIGRATED)
    await bystander.abort(V2, by="ann")
    async with engine_with(world, MIGRATED, steps=steps, told=told):
        await asyncio.sleep(5)
    assert steps.cancelled == [MIGRATE]
    assert [one.outcome.error for one in told.of(Finished)] == ["cancelled"]


@virtual
async def test_no_work_outlives_the_engine() -> None:
    world, numbers = World(CHECKED), Numbers(takes_s=1000)
    async with engine_with(world, CHECKED, numbers) as engine:
        await engine.wait_for(Healthy)
        await engine.apply(CHECKED.with_image("v2"))
        await asyncio.sleep(5)
        assert numbers.under_way == 1
    assert numbers.under_way == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual
async def test_a_post_promotion_gate_that_measures_badly_takes_traffic_back() -> None:
    declared = rollout(gates=(Does("verify", measuring, Stage.POST_PROMOTION),))
    world = World(declared)
    async with engine_with(world, declared, Numbers(BackendError("too many 500s"))) as engine:
        await engine.wait_for(Healthy)
        await engine.apply(declared.with_image("v2"))
        await asyncio.sleep(2)
        assert world.live() == {"edge": V2}
        with pytest.raises(RolloutDegraded, match="too many 500s"):
            await engine.wait_for(Healthy)
        assert world.live() == {"edge": V1}


# By hand.


@virtual
async def test_steps_by_hand_need_a_home_for_the_work() -> None:
    engine = engine_with(World(CHECKED), CHECKED, Numbers())
    with pytest.raises(RuntimeError, match=r"async with engine\.tasks"):
        engine.tasks.start(Measure(CHECK, "numbers"))
    async with engine.tasks:
        engine.tasks.start(Measure(CHECK, "numbers"))
        assert engine.tasks.running() == {CHECK}
        engine.tasks.start(Measure(CHECK, "numbers"))
        await asyncio.sleep(5)
        assert engine.tasks.running() == frozenset()
        (outcome,) = engine.tasks.outcomes()
        engine.tasks.start(Measure(CHECK, "numbers"))
        assert engine.tasks.running() == frozenset(), "it has just ended under this key"
        engine.tasks.acknowledge((outcome,))
        assert engine.tasks.outcomes() == ()


@virtual
async def test_cancelling_what_has_ended_keeps_its_outcome() -> None:
    steps = Steps(takes_s=1)
    events: list[Event] = []
    engine = Engine(MIGRATED, over(World(MIGRATED), hooks=steps), observers=[events.append])
    async with engine.tasks:
        engine.tasks.start(RunHook(MIGRATE))
        await asyncio.sleep(5)
        await engine.tasks.cancel(Cancel(MIGRATE))
        assert [one.value for one in engine.tasks.outcomes()] == ["done"]
    assert len(events) == 1
