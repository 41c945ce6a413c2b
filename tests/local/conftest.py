"""What the tests of the local backend share: rollouts of the test program, and that nothing is left behind."""

import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, TCPConnector

from bluegreen.backends.local import list_rollouts
from bluegreen.backends.local.caddy import Caddy
from bluegreen.backends.local.process import Process, adopt, kill
from bluegreen.spec import BlueGreen, LocalSpec, Rollout, RolloutPolicy
from tests.local.support import APP, MakeRollout, free_port


@pytest.fixture
def state_dir(tmp_path: Path) -> Iterator[Path]:
    """A state directory; whatever its databases and sockets name is killed afterwards."""
    where = tmp_path / "state"
    yield where
    for place in list_rollouts(where):
        for folder in ("front", "a", "b"):
            if (place.folder / folder).is_dir() and (running := Caddy(place.folder / folder).running()):
                kill(running)
        with sqlite3.connect(place.database) as database:
            rows = database.execute("SELECT pid, started FROM replicas WHERE pid").fetchall()
        database.close()
        for pid, started in rows:
            if adopt(pid) == Process(pid, started):
                kill(Process(pid, started))
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


@pytest.fixture
def make_rollout() -> MakeRollout:
    """Makes rollouts of the test program, all of them on the same two free ports."""
    listen = {"shop": f"127.0.0.1:{free_port()}", "shop-preview": f"127.0.0.1:{free_port()}"}

    def make(version: str = "v1", *, env: dict[str, str] | None = None, pod: Any = None, **more: Any) -> Rollout:
        variables = [{"name": name, "value": value} for name, value in {"VERSION": version, **(env or {})}.items()]
        container: dict[str, Any] = {
            "name": "shop",
            "image": f"shop:{version}",
            "env": variables,
            "ports": [{"containerPort": 8080}],
            "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1},
            **more.pop("container", {}),
        }
        strategy: dict[str, Any] = {
            "active_service": "shop",
            "preview_service": "shop-preview",
            "scale_down_delay_seconds": 1,
        }
        local = LocalSpec(command=(sys.executable, "-S", APP), listen=listen)
        return Rollout(
            name="shop",
            strategy=BlueGreen(**{**strategy, **more.pop("strategy", {})}),
            template={"spec": {"containers": [container], "terminationGracePeriodSeconds": 5, **(pod or {})}},
            policy=RolloutPolicy(drain_min_seconds=0, local=local),
            **more,
        )

    return make


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    """A client that opens a connection for each request."""
    async with ClientSession(connector=TCPConnector(force_close=True)) as session:
        yield session
