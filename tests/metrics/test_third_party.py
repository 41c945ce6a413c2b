"""A provider from somebody else's package: one class, one entry point, installed and used in another process."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import bluegreen

pytestmark = pytest.mark.real

PLUGIN = Path(__file__).with_name("plugin")
USE = """
import asyncio, json
from bluegreen.backends import memory
from bluegreen.metrics import connect
from bluegreen.ports import NoData
from bluegreen.spec import BlueGreen, Rollout
from bluegreen.testing.conformance import metrics

async def main():
    rollout = Rollout("shop", BlueGreen("shop"), template={"spec": {"containers": [{"name": "a", "image": "a:1"}]}})
    async with memory.connect(rollout) as backend:
        async with connect(rollout, backend.workloads) as providers:
            orders = providers["orders"]
            found = {
                "listed": sorted(providers),
                "bern": await orders.measure({"town": "bern"}),
                "london": await orders.measure({"town": "london"}) == NoData(),
                "rollout": orders.rollout,
                "file": __import__("shop_orders").__file__,
            }
        found["closed"] = orders.closed
        await metrics.check_all(metrics.Case(
            make=lambda: type(orders)(__import__("bluegreen.metrics").metrics.Context("shop")),
            query={"town": "bern"},
            numbered=lambda number: {"town": f"town-{number}"},
            tells=lambda number, answer: answer == number,
            failing={"no town": {"token": "s3cret"}},
            secret="s3cret",
            empty={"town": "london"},
        ))
        print(json.dumps(found))

asyncio.run(main())
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with the plugin in it, installed from a copy of its source with nothing fetched."""
    source, target = tmp_path / "source", tmp_path / "target"
    shutil.copytree(PLUGIN, source)
    command = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--no-build-isolation"]
    command += ["--disable-pip-version-check", "--quiet", "--target", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    return target


def run(code: str, *folders: Path) -> Any:
    """What a process of its own prints, as JSON."""
    ours = Path(bluegreen.__file__).parent.parent
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ours, *folders)))}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=50, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_installed_provider_is_found_used_and_closed_and_keeps_the_rules(installed: Path) -> None:
    found = run(USE, installed)
    assert "orders" in found["listed"]
    assert "load" in found["listed"]
    assert Path(found["file"]).is_relative_to(installed)
    assert [found[key] for key in ("bern", "london", "rollout", "closed")] == [42, True, "shop", True]


def test_without_the_package_the_error_says_what_there_is() -> None:
    code = """
import json
from bluegreen.plugins import METRICS, NoSuchPlugin, find
try:
    find(METRICS, "orders")
except NoSuchPlugin as error:
    print(json.dumps(str(error)))
"""
    words = run(code)
    assert words.startswith("there is no orders; there are: ")
    assert "prometheus" in words
