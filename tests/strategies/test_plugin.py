"""The pytest plugin: virtual time for tests of one's own, and the time line of a trace that broke a rule."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.property

ROOT = Path(__file__).parents[2]
USED = """
import asyncio
from hypothesis import given, settings, strategies as st

async def a_day():
    await asyncio.sleep(86_400)
    return asyncio.get_running_loop().time()

def test_a_day_takes_no_time(virtual_time):
    assert virtual_time(a_day()) == 86_400

@settings(database=None)
@given(st.integers(1, 9))
def test_each_example_has_a_clock_of_its_own(virtual_time, days):
    async def some_days():
        return [await a_day() for _ in range(days)]
    assert virtual_time(some_days())[-1] == 86_400 * days
"""
FAILING = """
from datetime import timedelta
from bluegreen.manifests import load
from bluegreen.testing.simulator import Build, World, simulate
from bluegreen.testing.trace import Trace
from tests.strategies.sketch import POLICY

SHOP = load(POLICY)

def test_a_release_that_nobody_watches():
    trace = simulate(SHOP, World.of(SHOP, Build("v2", 3600.0)), for_s=60)
    other = trace
    assert other.phase is None, trace

def test_that_speaks_of_no_trace():
    trace = simulate(SHOP, World.of(SHOP, Build("v2", 3600.0)), for_s=60)
    assert len(SHOP.name) == 1
"""
LATE = """
import sys

def test_nothing_was_imported_before_it_was_asked_for():
    assert "bluegreen.testing.pytest_plugin" in sys.modules
    early = {"hypothesis", "bluegreen.testing.simulator", "bluegreen.testing.trace", "bluegreen.engine", "yaml"}
    assert not early & set(sys.modules)
"""


def ran(folder: Path, test: str, *options: str) -> subprocess.CompletedProcess[str]:
    """What pytest says of this file where a package is installed that declares what this project declares."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    installed = folder / "declared-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: declared\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(
        "[pytest11]\n" + "".join(f"{name} = {value}\n" for name, value in declared.items())
    )
    (folder / "test_it.py").write_text(test)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:asyncio",
        *options,
        "test_it.py",
    ]
    environment = {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)


def test_virtual_time_is_a_fixture_also_with_given(tmp_path: Path) -> None:
    done = ran(tmp_path, USED, "-W", "error")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_the_time_line_is_told_of_a_trace_that_the_message_names(tmp_path: Path) -> None:
    told = ran(tmp_path, FAILING, "--tb=short").stdout
    assert "2 failed" in told, told
    assert "AssertionError: <Trace: " in told
    assert told.count("- time line of ") == 1, told
    _, _, line = told.partition("- time line of trace -")
    assert "time  phase" in line
    assert "Progressing  stable        stable 3/3, v2 0/3  revision v2 is becoming available" in line


def test_the_plugin_imports_little_before_it_is_asked_for_more(tmp_path: Path) -> None:
    # Hypothesis has a plugin of its own, which is no business of this one.
    done = ran(tmp_path, LATE, "-p", "no:hypothesispytest")
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_may_be_named_although_it_is_found_and_can_be_left_out(tmp_path: Path) -> None:
    for folder, option, failed in (("named", "bluegreen", 0), ("left out", "no:bluegreen", 1)):
        (tmp_path / folder).mkdir()
        done = ran(tmp_path / folder, USED, "-p", option)
        assert done.returncode == failed, done.stdout + done.stderr
        assert ("fixture 'virtual_time' not found" in done.stdout) == bool(failed)
