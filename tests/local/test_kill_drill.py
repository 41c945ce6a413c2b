"""The kill drill: SIGKILL at every point between look, decide, save and act, and the next driver goes on."""

import asyncio
import signal
import sys
from asyncio.subprocess import Process
from pathlib import Path

import pytest

from bluegreen import Degraded, Healthy, RevisionId, Rollout
from bluegreen.backends import local
from bluegreen.codec import dump_rollout
from bluegreen.ports import Stored
from bluegreen.snapshot import RouterState
from tests.local.support import MakeRollout, active_url, eventually
from tests.support.load import load

POINTS = ("look", "decide", "save", "act", "acted")
REPOSITORY = Path(__file__).parents[2]

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]


async def begin(state_dir: Path, rollout: Rollout, *options: str) -> Process:
    """Starts a driver in a process of its own."""
    file = state_dir.parent / "rollout.json"
    file.write_text(dump_rollout(rollout))
    command = (sys.executable, "-m", "tests.local.driver", str(state_dir), str(file), *options)
    return await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY, stderr=asyncio.subprocess.DEVNULL)


async def drive(state_dir: Path, rollout: Rollout, *options: str) -> int:
    """Runs a driver in a process of its own, to its end or its death; returns what it exited with."""
    driver = await begin(state_dir, rollout, *options)
    try:
        return await asyncio.wait_for(driver.wait(), timeout=60)
    finally:
        if driver.returncode is None:
            driver.kill()
            await driver.wait()


async def look(state_dir: Path, rollout: Rollout) -> tuple[Stored, RouterState, dict[RevisionId, int]]:
    """The record, the layer, and the replicas of each revision, as somebody sees them who does not drive."""
    async with local.connect(rollout, state_dir=state_dir, drive=False) as backend:
        stored = await backend.records.load()
        workloads = await backend.workloads.observe(rollout)
        return stored, await backend.routers[0].observe(), {one.id: one.replicas for one in workloads.revisions}


async def test_a_driver_killed_in_a_promotion_is_continued_by_the_next(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    assert await drive(state_dir, make_rollout("v0"), "--apply") == 0
    async with load(active_url(make_rollout()), per_s=100) as seen:
        for number, point in enumerate(POINTS, 1):
            rollout = make_rollout(f"v{number}")
            assert await drive(state_dir, rollout, "--apply", "--kill", point, "Point") == -signal.SIGKILL
            assert await drive(state_dir, rollout) == 0
            stored, router, replicas = await look(state_dir, rollout)
            assert stored.record is not None
            assert isinstance(stored.record.phase, Healthy)
            assert router.active == local.revision_of(rollout.template)
            assert sum(map(bool, replicas.values())) == 1, "the last one is retired"
            assert seen.answers[-1].body == f"v{number}"
    assert seen.failed == []
    assert len(seen.answers) > 100


async def test_a_driver_killed_in_a_rollback_is_continued_by_the_next(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    patient = {"scale_down_delay_seconds": 600, "abort_scale_down_delay_seconds": 1}
    stable = make_rollout("v0", strategy=patient)
    assert await drive(state_dir, stable, "--apply", "--until", "healthy") == 0
    async with load(active_url(stable), per_s=100) as seen:
        for number, point in enumerate(POINTS, 1):
            rollout = make_rollout(f"v{number}", strategy=patient)
            assert await drive(state_dir, rollout, "--apply", "--until", "healthy") == 0
            assert await drive(state_dir, rollout, "--abort", "--kill", point, "Point") == -signal.SIGKILL
            assert await drive(state_dir, rollout, "--until", "back") == 0
            stored, router, _ = await look(state_dir, rollout)
            assert stored.record is not None
            assert isinstance(stored.record.phase, Degraded)
            assert router.active == local.revision_of(stable.template)
            assert seen.answers[-1].body == "v0"
    assert seen.failed == []


async def test_a_driver_killed_while_the_old_revision_goes_is_continued_by_the_next(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    assert await drive(state_dir, make_rollout("v0"), "--apply") == 0
    async with load(active_url(make_rollout(), "/slow/0.3"), per_s=50, connections=20) as seen:
        for number, point in enumerate(POINTS, 1):
            rollout = make_rollout(f"v{number}")
            assert await drive(state_dir, rollout, "--apply", "--kill", point, "Retire") == -signal.SIGKILL
            assert await drive(state_dir, rollout) == 0
            _, router, replicas = await look(state_dir, rollout)
            assert replicas[local.revision_of(rollout.template)] == 1
            assert sum(replicas.values()) == 1
            assert router.active == local.revision_of(rollout.template)
    assert seen.failed == []


async def test_a_driver_that_stalls_in_mid_act_and_wakes_late_does_no_harm(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    """While it sleeps it still is the one driver: another one is refused, and finds everything as it was."""
    assert await drive(state_dir, make_rollout("v0"), "--apply") == 0
    rollout = make_rollout("v1")
    async with load(active_url(rollout), per_s=100) as seen:
        driver = await begin(state_dir, rollout, "--apply", "--stop", "act", "Point")
        try:
            await eventually(lambda: _is_stopped(driver.pid), within_s=30)
            await asyncio.sleep(6)
            assert await drive(state_dir, rollout) not in (0, -signal.SIGKILL), "the directory has its driver"
            assert {one.body for one in seen.answers} == {"v0"}
            driver.send_signal(signal.SIGCONT)
            assert await asyncio.wait_for(driver.wait(), timeout=60) == 0
        finally:
            if driver.returncode is None:
                driver.kill()
                await driver.wait()
        _, router, replicas = await look(state_dir, rollout)
    assert router.active == local.revision_of(rollout.template)
    assert sum(replicas.values()) == 1
    assert seen.failed == []
    assert seen.answers[-1].body == "v1"


async def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
