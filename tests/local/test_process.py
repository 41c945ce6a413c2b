"""Processes in sessions of their own: started, known again, stopped whole."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bluegreen.backends.local import process
from bluegreen.backends.local.process import Process

PATH = {"PATH": "/usr/bin:/bin"}
Start = Callable[[str], Process]


@pytest.fixture
async def shell(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts a shell script in the test's folder; whatever is left of it is killed afterwards."""
    started: list[Process] = []

    def start(script: str) -> Process:
        started.append(process.spawn(["sh", "-c", script], PATH, folder=tmp_path, log=tmp_path / "log"))
        return started[-1]

    yield start
    for one in started:
        process.kill(one)
        await process.stop(one, 0)


async def written(path: Path) -> str:
    """A file's content, once there is any."""
    async with asyncio.timeout(5):
        while not path.exists() or not path.read_text().endswith("\n"):
            await asyncio.sleep(0.01)
    return path.read_text()


async def test_a_process_is_the_leader_of_its_session_in_its_folder_with_its_output_in_a_log(
    shell: Start, tmp_path: Path
) -> None:
    started = shell("echo out; echo err >&2; pwd > where; env > env; sleep 60")
    assert await written(tmp_path / "where") == f"{tmp_path}\n"
    assert (tmp_path / "log").read_text() == "out\nerr\n"
    assert os.getsid(started.pid) == started.pid
    assert set(os.environ) - {"PATH", "PWD"} - {line.split("=")[0] for line in (tmp_path / "env").read_text().split()}
    assert process.adopt(started.pid) == started
    assert process.alive(started)
    assert not process.alive(Process(started.pid, "another start"))


async def test_how_a_process_ended_is_told_once(shell: Start) -> None:
    failed, killed = shell("exit 7"), shell("sleep 60")
    assert await process.ended(failed) == 7
    assert process.exit_code(failed) is None
    os.kill(killed.pid, signal.SIGKILL)
    assert await process.ended(killed) == -9
    assert process.adopt(killed.pid) is None


async def test_a_program_that_is_not_there_ends_with_127_and_says_so(tmp_path: Path) -> None:
    lost = process.spawn(["no-such-program"], PATH, folder=tmp_path, log=tmp_path / "log")
    assert await process.ended(lost) == 127
    assert "not found" in (tmp_path / "log").read_text()


async def test_a_child_that_outlives_the_leader_is_killed_when_the_grace_period_is_over(
    shell: Start, tmp_path: Path
) -> None:
    started = shell("(trap '' TERM; exec sleep 60) & echo $! > child; wait")
    child = int(await written(tmp_path / "child"))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    await process.stop(started, 0.5)
    assert 0.5 <= time.monotonic() - began < 3
    assert process.adopt(child) is None


async def test_a_polite_process_is_not_waited_for_longer_than_it_needs(shell: Start, tmp_path: Path) -> None:
    started = shell("trap 'exit 0' TERM; echo up > up; while true; do sleep 0.05; done")
    await written(tmp_path / "up")
    began = time.monotonic()
    await process.stop(started, 30)
    assert time.monotonic() - began < 2
    await process.stop(started, 30)
    assert time.monotonic() - began < 3


async def test_the_orphans_of_a_dead_leader_are_found_and_a_stranger_s_session_is_not(
    shell: Start, tmp_path: Path
) -> None:
    started = shell("sleep 60 & echo $! > child; wait")
    child = int(await written(tmp_path / "child"))
    assert set(process.session(started)) == {started.pid, child}
    assert process.session(Process(started.pid, "another start")) == []
    process.kill(Process(started.pid, "another start"))
    assert process.alive(started)
    os.kill(started.pid, signal.SIGKILL)
    await process.ended(started)
    assert process.session(started) == [child]
    process.kill(started)
    await asyncio.sleep(0.1)
    assert process.adopt(child) is None
