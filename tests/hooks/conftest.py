"""Nothing that a test of hooks began outlives it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from bluegreen import hooks
from bluegreen.hooks.command.process import Process, stop
from tests.local.conftest import make_rollout, state_dir

__all__ = ["make_rollout", "state_dir"]


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[Path]:
    """A rollout's folder of hooks; what still runs is stopped afterwards."""
    where = tmp_path / "hooks"
    yield where
    await stop_all(where)


@pytest.fixture
async def steps(folder: Path) -> AsyncIterator[hooks.LocalHooks]:
    """The hooks of one rollout."""
    async with hooks.connect(folder) as made:
        yield made


async def stop_all(where: Path) -> None:
    """Stops every program below a folder that has a mark, and takes all children off the process table."""
    await asyncio.sleep(0)
    for path in where.rglob("begun"):
        mark = json.loads(path.read_text())
        await stop(Process(mark["pid"], mark["started"]), 0)
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
