"""The kill drill with hooks in flight: wherever the driver dies, no hook runs twice, and the release ends as it should.

Programs write a line each; the server behind the webhooks counts what happened, which is what has a key of its own.
"""

from __future__ import annotations

import asyncio
import shlex
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from attrs import evolve

from bluegreen import Degraded, Healthy, Record, Rollout
from bluegreen.backends import local
from bluegreen.codec import dump_rollout
from bluegreen.spec import Hook, HookPoint
from tests.hooks.conftest import stop_all
from tests.hooks.server import Server, serving
from tests.local.support import MakeRollout, active_url
from tests.local.test_kill_drill import POINTS, REPOSITORY, look
from tests.support.load import load

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]
TAKES_S = 0.5
"""So long each step takes: more than a driver's look."""


class World:
    """Where the drill takes place: what programs wrote, what the server did, and the rollouts that make them do it."""

    def __init__(self, state_dir: Path, make_rollout: MakeRollout, server: Server) -> None:
        self.state_dir, self.make_rollout, self.server = state_dir, make_rollout, server
        self.file = state_dir.parent / "ran"
        self.file.touch()

    def rollout(self, version: str, *, fails: bool = False) -> Rollout:
        """A version with a hook at each point; with `fails` the one before the promotion does."""
        line = f'echo "$BLUEGREEN_HOOK $BLUEGREEN_REVISION $BLUEGREEN_ATTEMPT" >> {shlex.quote(str(self.file))}'

        def command(point: HookPoint, then: str = "") -> Hook:
            argv = ["sh", "-c", f"{line}; sleep {TAKES_S}; {then}"]
            return Hook("step", point, "command", {"argv": argv}, deadline_seconds=60)

        told = Hook("tell", HookPoint.BEFORE_PROMOTION, "webhook", {"url": self.server.url}, deadline_seconds=60)
        steps = (
            command(HookPoint.BEFORE_PREVIEW),
            told,
            command(HookPoint.BEFORE_PROMOTION, "exit 1" if fails else ""),
            command(HookPoint.AFTER_PROMOTION),
            command(HookPoint.ON_ABORT),
        )
        made = self.make_rollout(version, strategy={"abort_scale_down_delay_seconds": 1})
        return evolve(made, policy=evolve(made.policy, hooks=steps))

    async def drive(self, rollout: Rollout, *options: str) -> int:
        """Runs a driver in a process of its own, to its end or its death; returns what it exited with."""
        declared = self.state_dir.parent / "rollout.json"
        declared.write_text(dump_rollout(rollout))
        words = (sys.executable, "-m", "tests.hooks.driver", str(self.state_dir), str(declared), *options)
        driver = await asyncio.create_subprocess_exec(*words, cwd=REPOSITORY, stderr=asyncio.subprocess.DEVNULL)
        try:
            return await asyncio.wait_for(driver.wait(), timeout=60)
        finally:
            if driver.returncode is None:
                driver.kill()
                await driver.wait()

    def ran(self, rollout: Rollout) -> Counter[str]:
        """How often each hook of the revision ran, by point and attempt."""
        revision = local.revision_of(rollout.template)
        lines = [line.split() for line in self.file.read_text().splitlines()]
        return Counter(f"{words[0].partition('/')[0]} {words[2]}" for words in lines if words[1] == revision)

    def told(self, rollout: Rollout) -> int:
        """How many webhooks of the revision happened: how many keys came with it."""
        mine = [one for one in self.server.asked if one.method == "POST"]
        revision = local.revision_of(rollout.template)
        return len({one.headers["Idempotency-Key"] for one in mine if one.body["revision"] == revision})

    async def record(self, rollout: Rollout) -> tuple[Record, str]:
        """What is remembered, and which revision has the live traffic."""
        stored, router, _ = await look(self.state_dir, rollout)
        assert stored.record is not None
        return stored.record, str(router.active)


@asynccontextmanager
async def drilled(state_dir: Path, make_rollout: MakeRollout) -> AsyncGenerator[World]:
    """A first release behind a server that accepts each key, is done with it a moment later, and notes the first."""
    since: dict[str, float] = {}
    note = state_dir.parent / "asked"
    note.touch()

    async def answer(request: web.Request, _number: int) -> web.StreamResponse:
        key = request.headers["Idempotency-Key"]
        if key not in since:
            since[key] = time.monotonic()
            note.write_text(note.read_text() + f"{(await request.json())['revision']}\n")
        done = time.monotonic() - since[key] > TAKES_S
        return web.Response(status=200 if done else 202, headers={"Location": f"/{key}", "Retry-After": "0"})

    async with serving(answer) as server:
        world = World(state_dir, make_rollout, server)
        try:
            assert await world.drive(world.rollout("v0"), "--apply") == 0
            assert world.ran(world.rollout("v0")) == {"beforePreview 1": 1}
            yield world
        finally:
            await stop_all(state_dir)


async def ends_well(world: World, rollout: Rollout) -> None:
    """The next driver brings the release to its end, and each hook ran once."""
    assert await world.drive(rollout) == 0
    record, live = await world.record(rollout)
    assert isinstance(record.phase, Healthy)
    assert live == local.revision_of(rollout.template)
    attempt = record.attempt
    assert world.ran(rollout) == {
        f"{point} {attempt}": 1 for point in ("beforePreview", "beforePromotion", "afterPromotion")
    }
    assert world.told(rollout) == 1


async def test_a_driver_killed_as_it_begins_a_hook_is_continued_by_the_next(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    async with drilled(state_dir, make_rollout) as world, load(active_url(make_rollout()), per_s=50) as seen:
        for number, point in enumerate(POINTS, 1):
            rollout = world.rollout(f"v{number}")
            assert await world.drive(rollout, "--apply", "--kill", point, "RunHook") == -signal.SIGKILL
            await ends_well(world, rollout)
    assert seen.failed == []


@pytest.mark.parametrize(("flying", "points"), [("command", POINTS), ("webhook", ("look", "save", "act"))])
async def test_a_driver_killed_while_a_hook_is_in_flight_is_continued_by_the_next(
    state_dir: Path, make_rollout: MakeRollout, flying: str, points: tuple[str, ...]
) -> None:
    """At `look` and `decide` it dies while the hook runs; at the others just as it takes its end in, and acts on it."""
    async with drilled(state_dir, make_rollout) as world, load(active_url(make_rollout()), per_s=50) as seen:
        file = world.file if flying == "command" else state_dir.parent / "asked"
        for number, point in enumerate(points, 1):
            rollout = world.rollout(f"v{number}")
            word = str(local.revision_of(rollout.template))
            killed = await world.drive(rollout, "--apply", "--in-flight", point, str(file), word)
            assert killed == -signal.SIGKILL
            await ends_well(world, rollout)
    assert seen.failed == []


async def test_a_driver_killed_again_and_again_still_runs_no_hook_twice(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    async with drilled(state_dir, make_rollout) as world:
        rollout = world.rollout("v1")
        assert await world.drive(rollout, "--apply", "--kill", "save", "RunHook") == -signal.SIGKILL
        for point in POINTS:
            assert await world.drive(rollout, "--kill", point, "RunHook") in (0, -signal.SIGKILL)
        await ends_well(world, rollout)


async def test_a_hook_that_fails_and_the_one_that_follows_run_once_wherever_the_driver_is_killed(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    async with drilled(state_dir, make_rollout) as world, load(active_url(make_rollout()), per_s=50) as seen:
        for number, point in enumerate(("look", "save"), 1):
            rollout = world.rollout(f"v{number}", fails=True)
            word = f"beforePromotion/step {local.revision_of(rollout.template)}"
            killed = await world.drive(rollout, "--apply", "--in-flight", point, str(world.file), word)
            assert killed == -signal.SIGKILL
            assert await world.drive(rollout) == 0
            record, live = await world.record(rollout)
            assert isinstance(record.phase, Degraded)
            assert "exit code 1" in record.phase.message
            assert live == local.revision_of(world.rollout("v0").template)
            points = ("beforePreview", "beforePromotion", "onAbort")
            assert world.ran(rollout) == {f"{point} {record.attempt}": 1 for point in points}
    assert set(seen.bodies) == {"v0"}
    assert seen.failed == []
