"""Hooks in a release: real programs and a real server, driven by an engine over a world in memory."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from attrs import evolve

from bluegreen import Backend, Degraded, Engine, Healthy, Rollout, codec
from bluegreen.backends import local, memory
from bluegreen.errors import RolloutDegraded
from bluegreen.hooks import LocalHooks
from bluegreen.hooks.command.process import Process, session
from bluegreen.spec import Hook, HookPoint, SecretKeyRef
from tests.hooks.server import in_turn, serving
from tests.hooks.support import files_below, mark_of, times_run
from tests.support.worlds import rollout

pytestmark = pytest.mark.real
SECRET = "correct-horse-battery"


def with_hooks(*hooks: Hook) -> Rollout:
    """A rollout with these hooks."""
    return rollout(hooks=hooks, settle_seconds=0, drain_min_seconds=0)


def command(script: str, point: HookPoint = HookPoint.BEFORE_PROMOTION, **more: Any) -> Hook:
    """A hook that runs a line of shell."""
    return evolve(Hook("step", point, "command", {"argv": ["sh", "-c", script]}), **more)


async def first(world: memory.World, declared: Rollout, backend: Backend) -> None:
    """The first release, without which there is nothing to promote."""
    async with Engine(declared, backend) as engine:
        await engine.wait_for(Healthy, timeout_s=30)


async def test_an_abort_stops_the_program_and_what_follows_it_runs(
    steps: LocalHooks, folder: Path, tmp_path: Path
) -> None:
    began, told = tmp_path / "began", tmp_path / "told"
    declared = with_hooks(
        command(f"echo ran >> {began}; sleep 600"), command(f"echo ran >> {told}", HookPoint.ON_ABORT)
    )
    world = memory.World(declared)
    async with Engine(declared, memory.over(world, hooks=steps)) as engine:
        await engine.wait_for(Healthy, timeout_s=30)
        revision = await engine.apply(declared.with_image("v2"))
        async with asyncio.timeout(20):
            while not times_run(began):
                await asyncio.sleep(0.05)
        mark = mark_of(folder)
        await engine.abort(revision, by="ann")
        async with asyncio.timeout(20):
            while not (times_run(told) and world.record and not world.record.asked):
                await asyncio.sleep(0.05)
        assert isinstance(world.record.phase, Degraded)
    assert session(Process(mark["pid"], mark["started"])) == []
    assert (times_run(began), times_run(told)) == (1, 1)


async def test_a_program_that_is_late_is_stopped_and_the_release_aborted(
    steps: LocalHooks, folder: Path, tmp_path: Path
) -> None:
    declared = with_hooks(command(f"echo ran >> {tmp_path / 'began'}; sleep 600", deadline_seconds=1))
    async with Engine(declared, memory.over(memory.World(declared), hooks=steps)) as engine:
        await engine.wait_for(Healthy, timeout_s=30)
        await engine.apply(declared.with_image("v2"))
        with pytest.raises(RolloutDegraded, match="no answer within 1 s"):
            await engine.wait_for(Healthy, timeout_s=30)
        mark = mark_of(folder)
        async with asyncio.timeout(20):
            while session(Process(mark["pid"], mark["started"])):
                await asyncio.sleep(0.05)


async def test_a_server_that_is_busy_is_told_again_under_the_same_key(steps: LocalHooks) -> None:
    async with serving(in_turn(web.Response(status=503), web.Response(status=200))) as server:
        declared = with_hooks(Hook("tell", HookPoint.BEFORE_PROMOTION, "webhook", {"url": server.url}))
        async with Engine(declared, memory.over(memory.World(declared), hooks=steps)) as engine:
            await engine.wait_for(Healthy, timeout_s=30)
            await engine.apply(declared.with_image("v2"))
            await engine.wait_for(Healthy, timeout_s=30)
    assert list(server.happened.values()) == [2]


async def test_two_drivers_at_once_run_a_hook_once(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "ran"
    declared = with_hooks(command(f"echo ran >> {file}; sleep 0.5"))
    world = memory.World(declared)
    await first(world, declared, memory.over(world, hooks=LocalHooks(folder)))
    twins = [Engine(declared, memory.over(world, hooks=LocalHooks(folder))) for _ in range(3)]
    async with twins[0], twins[1], twins[2]:
        await twins[0].apply(declared.with_image("v2"))
        await asyncio.gather(*(one.wait_for(Healthy, timeout_s=30) for one in twins))
    assert times_run(file) == 1


async def test_a_secret_of_a_hook_is_in_no_record_and_no_file(steps: LocalHooks, folder: Path, tmp_path: Path) -> None:
    token = tmp_path / "secrets" / "db" / "token"
    token.parent.mkdir(parents=True)
    token.write_text(f"{SECRET}\n")
    token.chmod(0o600)
    said = command('echo "it has ${#TOKEN} letters"; exit 1')
    hook = evolve(
        said, options={**said.options, "env": {"TOKEN": "{{args.t}}"}}, secrets={"t": SecretKeyRef("db", "token")}
    )
    declared = with_hooks(hook)
    world = memory.World(declared)
    backend = evolve(memory.over(world, hooks=steps), secrets=local.DirectorySecrets(tmp_path / "secrets"))
    async with Engine(declared, backend) as engine:
        await engine.wait_for(Healthy, timeout_s=30)
        await engine.apply(declared.with_image("v2"))
        with pytest.raises(RolloutDegraded, match=f"it has {len(SECRET)} letters"):
            await engine.wait_for(Healthy, timeout_s=30)
    assert world.record is not None
    assert SECRET not in codec.dump_record(world.record)
    assert not [path for path, text in files_below(folder).items() if SECRET in text]
