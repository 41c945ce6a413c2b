"""When a command may end, seen on a world in memory, in virtual time."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from attrs import define, evolve

from bluegreen import Backend, Degraded, Engine, Healthy, Paused, Promoting, Rollout
from bluegreen.backends import memory
from bluegreen.cli import place
from bluegreen.cli.commands import in_progress
from bluegreen.cli.driving import Watch, see_through
from bluegreen.cli.ending import Until
from bluegreen.cli.exits import Exit
from bluegreen.cli.screen import Screen
from bluegreen.cli.stop import Stop
from bluegreen.errors import IllegalCommand
from bluegreen.gates import Answer, CannotSay, Gate, No, Release, Stage, WaitUntil, Yes
from bluegreen.ports import Hooks, Stored
from bluegreen.record import PauseReason
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import BlueGreen, Hook, HookPoint, RolloutPolicy
from bluegreen.testing.virtual_time import run
from tests.support.worlds import Does, Says, hooking
from tests.test_engine_tasks import Steps

AUTOMATIC = BlueGreen("shop", "shop-preview", scale_down_delay_seconds=60, abort_scale_down_delay_seconds=20)
MANUAL = evolve(AUTOMATIC, auto_promotion_enabled=False)
"""A person promotes."""


def rollout(strategy: BlueGreen, image: str = "shop:v1") -> Rollout:
    """A rollout of one replica."""
    template = {"spec": {"containers": [{"name": "shop", "image": image}]}}
    return Rollout("shop", strategy, template, replicas=1)


async def driven(
    world: memory.World, wanted: Rollout, until: Until, hooks: Hooks | None = None
) -> tuple[Exit | None, float]:
    """Drives until the watch ends it: with what code, and how many seconds it took."""
    watch = Watch(Screen(), until, wanted)
    engine = Engine(wanted, memory.over(world, hooks=hooks), observers=[watch])
    await engine.apply(wanted)
    began = world.time()
    async with engine:
        return await watch.ended, world.time() - began


def ends(strategy: BlueGreen, until: Until) -> tuple[Exit | None, float, memory.World]:
    """How driving a second release ends that is ready after 5 s."""

    async def main() -> tuple[Exit | None, float, memory.World]:
        world = memory.World(rollout(strategy), ready_after_s=5)
        await driven(world, rollout(strategy), Until.RETIRED)
        return (*await driven(world, rollout(strategy, "shop:v2"), until), world)

    return run(main())


@pytest.mark.parametrize("until", Until)
def test_a_release_that_waits_for_a_person_ends_at_once(until: Until) -> None:
    code, took_s, world = ends(MANUAL, until)
    assert code is (Exit.OK if until is Until.PAUSED else Exit.PAUSED)
    assert world.record is not None
    assert isinstance(world.record.phase, Paused)
    assert 5 <= took_s < 10


@pytest.mark.parametrize(
    ("until", "within_s", "phase"),
    [
        (Until.PROMOTED, (5, 20), (Promoting, Healthy)),
        (Until.HEALTHY, (5, 30), (Healthy,)),
        (Until.RETIRED, (65, 90), (Healthy,)),
    ],
)
def test_a_release_is_driven_as_far_as_asked(
    until: Until, within_s: tuple[float, float], phase: tuple[type, ...]
) -> None:
    code, took_s, world = ends(AUTOMATIC, until)
    assert code is Exit.OK
    assert world.record is not None
    assert isinstance(world.record.phase, phase)
    assert within_s[0] <= took_s < within_s[1]
    running = [one for one in world.revisions.values() if one.wanted]
    assert len(running) == (1 if until is Until.RETIRED else 2)


def verified(gate: Gate, until: Until) -> tuple[Exit | None, float]:
    """How a second release ends that this gate checks once it has the traffic; its steps take 30 s."""

    async def main() -> tuple[Exit | None, float]:
        first = evolve(rollout(AUTOMATIC), gates=(gate,))
        world = memory.World(first)
        await driven(world, first, Until.RETIRED)
        return await driven(world, first.with_image("shop:v2"), until, Steps(takes_s=30))

    return run(main())


@pytest.mark.parametrize("pause", [PauseReason.PERSON, PauseReason.INCONCLUSIVE, PauseReason.GATE])
@pytest.mark.parametrize("until", Until)
def test_a_promotion_that_only_a_person_can_complete_ends_at_once(until: Until, pause: PauseReason) -> None:
    held = Says("verify", CannotSay("no verdict", pause=pause), Stage.POST_PROMOTION)
    code, took_s = verified(held, until)
    assert code is (Exit.OK if until in (Until.PAUSED, Until.PROMOTED) else Exit.PAUSED)
    assert took_s < 20


def test_a_promotion_that_is_still_checked_is_waited_for() -> None:
    code, took_s = verified(Does("verify", hooking, Stage.POST_PROMOTION), Until.HEALTHY)
    assert (code, took_s >= 30) == (Exit.OK, True)


class Flaky(Steps):
    """Hooks that do not begin at first."""

    async def poll(self, key: Key) -> Outcome | None:
        """It did not happen, but for the third time."""
        ended = await super().poll(key)
        if ended is None or key.number == 2:
            return ended
        now = datetime.now(UTC) + timedelta(seconds=asyncio.get_running_loop().time())
        return evolve(ended, finished_at=now, value=None, error="busy")


def test_what_follows_an_abort_is_tried_until_it_is_done() -> None:
    async def main() -> tuple[Exit | None, Flaky]:
        tell = Hook("tell", HookPoint.ON_ABORT, "webhook")
        refusing = Says("verify", No("it is bad"))
        first = evolve(rollout(AUTOMATIC), gates=(refusing,), policy=RolloutPolicy(hooks=(tell,)))
        world, steps = memory.World(first), Flaky(takes_s=1)
        await driven(world, first, Until.RETIRED)
        code, _ = await driven(world, first.with_image("shop:v2"), Until.HEALTHY, steps)
        return code, steps

    code, steps = run(main())
    assert code is Exit.DEGRADED
    assert [one.number for one in steps.started] == [0, 1, 2]


def test_a_promotion_that_a_clock_completes_is_waited_for() -> None:
    def later(release: Release, now: datetime) -> Answer:
        due = release.asked_at + timedelta(seconds=40)
        return Yes("it is time") if now >= due else WaitUntil(due, "a while")

    code, took_s = verified(Says("verify", later, Stage.POST_PROMOTION), Until.HEALTHY)
    assert (code, took_s >= 40) == (Exit.OK, True)


def test_a_clock_is_waited_for_and_a_person_is_not() -> None:
    code, took_s, _ = ends(evolve(AUTOMATIC, auto_promotion_seconds=100), Until.HEALTHY)
    assert code is Exit.OK
    assert took_s > 100


def test_after_an_abort_it_goes_on_until_traffic_is_back_and_the_bad_revision_gone() -> None:
    async def main() -> tuple[Exit | None, float, memory.World]:
        world = memory.World(rollout(AUTOMATIC))
        await driven(world, rollout(AUTOMATIC), Until.RETIRED)
        bad = rollout(AUTOMATIC, "shop:v2")
        await driven(world, bad, Until.PROMOTED)
        await Engine(bad, memory.over(world)).abort(memory.revision_of(bad.template), by="ann")
        return (*await driven(world, bad, Until.RETIRED), world)

    code, took_s, world = run(main())
    assert code is Exit.DEGRADED
    assert world.record is not None
    assert isinstance(world.record.phase, Degraded)
    assert world.live() == {"service": memory.revision_of(rollout(AUTOMATIC).template)}
    assert [one.wanted for one in world.revisions.values()] == [1, 0]
    assert took_s >= 20


def test_a_build_that_is_late_is_degraded_although_it_may_yet_recover() -> None:
    async def main() -> Exit | None:
        late = evolve(rollout(AUTOMATIC), progress_deadline_seconds=30)
        world = memory.World(late, ready_after_s=memory.NEVER)
        return (await driven(world, late, Until.RETIRED))[0]

    assert run(main()) is Exit.DEGRADED


@define
class Kept:
    """Stands for a rollout in a state directory. `parting` is asked once, when the first driver lets go of the lock."""

    world: memory.World
    parting: Callable[[], Awaitable[object]] | None = None
    held_by: int | None = None
    name: str = "shop"

    def driver(self) -> int | None:
        """Who holds the lock."""
        return self.held_by

    @asynccontextmanager
    async def driving(self, wanted: Rollout) -> AsyncGenerator[Backend]:
        """The backend; the lock is held for as long as the block lasts."""
        yield memory.over(self.world)
        parting, self.parting = self.parting, None
        if parting is not None:
            await parting()

    async def stored(self) -> Stored:
        """What is declared and recorded."""
        return self.world.stored


def test_what_is_asked_while_a_driver_leaves_is_not_lost() -> None:
    """Whoever asks sees the lock held, and so leaves it to a driver that has looked for the last time."""

    async def main() -> memory.World:
        first, second = rollout(AUTOMATIC), rollout(AUTOMATIC, "shop:v2")
        world = memory.World(first)
        kept = Kept(world, lambda: Engine(first, memory.over(world)).apply(second))
        await see_through(cast(place.Kept, kept), first, Screen(), Stop(), Until.RETIRED, apply=True)
        return world

    world = run(main())
    assert world.live() == {"service": memory.revision_of(rollout(AUTOMATIC, "shop:v2").template)}


async def asked_before_it_begins(held_by: int | None) -> bool:
    """Whether a command that comes a second before the driver's look is for the revision just declared."""
    first, second = rollout(AUTOMATIC), rollout(AUTOMATIC, "shop:v2")
    world = memory.World(first)
    await driven(world, first, Until.RETIRED)
    engine = Engine(second, memory.over(world))
    declared = await engine.apply(second)
    asking = asyncio.create_task(in_progress(cast(place.Kept, Kept(world, held_by=held_by)), engine))
    await asyncio.sleep(1)
    async with Engine(second, memory.over(world)):
        return await asking == declared


def test_a_command_is_for_the_revision_that_was_declared_a_moment_ago() -> None:
    assert run(asked_before_it_begins(held_by=42))


def test_a_command_for_what_nobody_begins_is_refused() -> None:
    with pytest.raises(IllegalCommand, match="bluegreen serve shop begins it"):
        run(asked_before_it_begins(held_by=None))


def test_a_moved_service_asks_for_another_connection() -> None:
    async def main() -> Exit | None:
        first = rollout(AUTOMATIC)
        world = memory.World(first)
        watch = Watch(Screen(), None, evolve(first, strategy=evolve(AUTOMATIC, preview_service="elsewhere")))
        async with Engine(first, memory.over(world), observers=[watch]):
            return await watch.ended

    assert run(main()) is None
