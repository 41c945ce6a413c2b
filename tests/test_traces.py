"""Every trace script does what is written in it; the table of them is whole; and they bite."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bluegreen.testing import scripts
from tests.support.ablations import no_fence
from tests.support.plants import plant

pytestmark = pytest.mark.property

ROOT = Path(__file__).parent.parent
TRACES = ROOT / "tests" / "traces"
SCRIPTS = sorted(TRACES.glob("*.txt"))
LATE = TRACES / "a_write_that_lands_minutes_late_moves_nothing.txt"
TABLE = (TRACES / "README.md").read_text()


def section(title: str) -> list[str]:
    """The rows of one of the tables, without their heads."""
    (body,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", TABLE, re.MULTILINE | re.DOTALL)
    return [line for line in body.splitlines() if line.startswith("| ")][1:]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_what_happens_is_what_is_written(path: Path) -> None:
    scripts.check(path)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_every_script_tells_its_outage_and_ends_with_the_invariants(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert lines[0].startswith("# ")
    assert lines[-1].endswith("  the eight invariants hold")
    assert "> check" in lines


def test_every_script_is_in_the_table_and_every_row_names_a_file() -> None:
    links = set(re.findall(r"\]\(([^)]+)\)", TABLE))
    missing = {path.name for path in SCRIPTS} - links
    assert missing == set()
    assert [link for link in links if not (TRACES / link).is_file()] == []
    for line in TABLE.splitlines():
        if line.startswith("| ") and "script |" not in line:
            assert "](" in line, line


@pytest.mark.parametrize(
    ("title", "rows"),
    [
        ("Events, and what Argo does at them", 16),
        ("Situations in which Argo was seen to break", 19),
        ("Failure modes of blue-green deployments in production", 10),
        ("Rules that are easy to get wrong", 16),
        ("What must always be true", 5),
    ],
)
def test_no_row_of_the_table_is_lost(title: str, rows: int) -> None:
    assert len(section(title)) == rows


def test_there_are_enough_of_them() -> None:
    assert len(SCRIPTS) >= 50


def test_a_script_sees_the_outage_that_a_stalled_twin_makes_without_the_fence() -> None:
    with no_fence():
        played, differs = scripts.difference(LATE)
    assert "+  5:07  A does point edge at v2, late" in differs
    assert "+  5:07  live traffic of edge: v1 -> v2" in differs
    assert "Invariant 3" in played
    assert "the eight invariants hold" not in played


def test_a_script_sees_that_an_abort_leaves_traffic_where_it_is() -> None:
    def nothing(*_: Any, **__: Any) -> None:
        pass

    with (
        plant("traffic.bring_back", nothing),
        pytest.raises(scripts.Differs, match="-  0:10  live traffic of edge: v2"),
    ):
        scripts.check(TRACES / "an_abort_while_traffic_moves_takes_all_of_it_back.txt")


def test_a_script_has_the_same_output_in_every_process() -> None:
    names = ("two_engines_at_once_do_no_harm", "two_stepped_engines_and_a_half_old_look", LATE.stem)
    program = [sys.executable, "-m", "bluegreen.testing.scripts", *(str(TRACES / f"{name}.txt") for name in names)]
    for seed in ("1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        played = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert (played.returncode, played.stdout, played.stderr) == (0, "", "")


def test_a_script_has_the_same_output_whatever_was_played_before() -> None:
    """Two engines that wake at once go on in the same order, wherever in memory they are."""
    path = TRACES / "a_partition_from_one_layer_is_taken_over_by_the_twin.txt"
    kept: list[str] = []  # what is kept moves what comes after it to other addresses
    for number in range(3):
        kept += [str(one) for one in range(997 * number)]
        scripts.check(path)
    assert kept
