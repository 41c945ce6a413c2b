"""What the tests of the command line share: a rollout of the demo's service, the real program, and a clean end."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from bluegreen.backends import local
from bluegreen.backends.local import process
from tests.cli.support import PATIENCE_S, Cli, Manifest, free_ports


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    """The real program with a state directory of its own; all that it started is stopped afterwards."""
    used = Cli(tmp_path / "state")
    yield used
    for one in used.started:
        if one.poll() is None:
            one.kill()
        one.communicate(timeout=PATIENCE_S)
    for place in local.list_rollouts(used.state_dir):
        hurry(place)
        asyncio.run(local.delete(used.state_dir, place.name, place.namespace))
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def hurry(place: local.Place) -> None:
    """Kills the replicas at once: a test has no patience for their last words."""
    with closing(sqlite3.connect(place.database)) as database:
        rows = database.execute("SELECT pid, started FROM replicas WHERE pid").fetchall()
    for pid, started in rows:
        if process.adopt(pid) == process.Process(pid, started):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """A manifest on free ports of this machine."""
    return Manifest(tmp_path / "shop.yaml", *free_ports(2))
