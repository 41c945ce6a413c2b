"""Plans of faults, and worlds: what is drawn is what was asked for."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings

from bluegreen.backends.memory import NEVER
from bluegreen.manifests import load
from bluegreen.testing.simulator import Ask, Build, Crash, Faults, Piece, Series, World, faults, simulate
from bluegreen.testing.strategies import BADNESS, bad_builds, commands, fault_plans, worlds
from bluegreen.testing.strategies.written import written
from tests.strategies.sketch import POLICY

pytestmark = pytest.mark.property

SHOP = load(POLICY)
ALL: dict[str, Any] = dict.fromkeys(
    (
        *("crashes", "twins", "stalls", "partitions", "refusals", "losses", "stale_looks", "repeats"),
        *("pod_failures", "slow_layers", "outsiders", "deletions", "commands"),
    )
)
KINDS = set(get_args(faults.Happening))


@given(fault_plans(crashes=2, partitions=1, commands=3, within_s=60.0))
def test_there_are_at_most_so_many_of_each_kind(plan: Faults) -> None:
    number = Counter(type(one).__name__ for one in plan.happenings)
    assert number["Crash"] <= 2
    assert number["Partition"] <= 1
    assert number["Ask"] <= 3
    assert set(number) <= {"Crash", "Partition", "Ask"}
    assert plan.last_s <= 60
    assert list(plan.happenings) == plan.in_order()


def test_everything_that_can_go_wrong_does_and_few_things_at_once() -> None:
    plans: list[Faults] = []

    @settings(max_examples=300, database=None, derandomize=True)
    @given(fault_plans(SHOP, **ALL))
    def meet(plan: Faults) -> None:
        plans.append(plan)

    meet()
    assert {type(one) for plan in plans for one in plan.happenings} == KINDS
    assert sum(len(plan.happenings) for plan in plans) / len(plans) < 12


@given(fault_plans(crashes=2, back_within_s=5.0))
def test_a_dead_engine_is_followed_in_time(plan: Faults) -> None:
    assert all(isinstance(one, Crash) and one.back_after_s <= 5 for one in plan.happenings)


@given(commands(SHOP, most=3))
def test_people_ask_and_nothing_else_happens(plan: Faults) -> None:
    assert len(plan.happenings) <= 3
    assert all(isinstance(one, Ask) for one in plan.happenings)


@given(worlds(SHOP, releases=3))
def test_the_first_build_is_bad_and_all_have_their_moment(world: World) -> None:
    assert world.bad == world.revision(world.releases[0].build)
    assert [one.at_s for one in world.releases] == sorted(one.at_s for one in world.releases)
    assert not any(one.build.hooks_fail for one in world.releases), "SHOP has no hooks that would show it"


@given(worlds(SHOP, bad=False, releases=2, people=False))
def test_a_world_without_badness_has_none(world: World) -> None:
    assert world.bad is None
    assert world.promotes_after_s is None


def test_a_kind_of_badness_that_nobody_knows_is_refused_and_so_is_a_fourth_build() -> None:
    with pytest.raises(ValueError, match=f"called moody; there are {BADNESS[0]}"):
        bad_builds(kinds=["moody"])
    with pytest.raises(ValueError, match="from 1 to 3 builds are released, not 4"):
        worlds(SHOP, releases=4)


FAILING = """
from hypothesis import given, settings
from bluegreen.testing.simulator import Crash, Faults
from bluegreen.testing.strategies import fault_plans

@settings(database=None, derandomize=True)
@given(fault_plans(crashes=2, outsiders=1))
def test_no_engine_dies_late(faults: Faults) -> None:
    assert not any(isinstance(one, Crash) and one.at_s > 100 for one in faults.happenings)
"""


def test_a_failing_plan_is_printed_as_the_faults_that_are_needed(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(FAILING)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    root = str(Path(__file__).parents[2])
    done = subprocess.run(command, env={"PYTHONPATH": root}, cwd=tmp_path, capture_output=True, text=True, check=False)
    told = "".join(line.removeprefix("E").split("#")[0].strip() for line in done.stdout.splitlines())
    assert done.returncode == 1
    assert "faults=Faults(happenings=(Crash(120.0,'A'" in told.replace(" ", ""), done.stdout
    assert "lambda" not in told


@given(fault_plans(SHOP, **ALL))
def test_what_is_written_down_is_the_plan_again(plan: Faults) -> None:
    again: Faults = eval(written(plan), {**vars(faults)})
    assert again == plan


@given(worlds(SHOP, releases=2, kinds=BADNESS))
def test_what_is_written_down_is_the_world_again(world: World) -> None:
    from bluegreen.testing import simulator

    again: World = eval(written(world), {**vars(simulator), "NEVER": NEVER})
    assert again == world


def test_what_is_at_its_default_is_not_written_down() -> None:
    assert written(Build("v2", live_metrics=Series((Piece(30.0, 1.0),)))) == (
        "Build('v2', live_metrics=Series((Piece(30.0, 1.0),)))"
    )
    assert written(Faults((Crash(5.0, after="point"),))) == "Faults((Crash(5.0, after='point'),))"


def test_a_trace_is_one_line_to_a_debugger_and_a_time_line_to_a_person() -> None:
    trace = simulate(SHOP, World.of(SHOP, Build("v2", NEVER)))
    told = str(trace).splitlines()
    assert told[0] == ""
    assert told[1].split() == ["time", "phase", "live", "traffic", "available", "why"]
    assert "stable 3/3" in told[2]
    assert len(told) > 4
    assert repr(trace).startswith("<Trace: ")
    assert repr(trace).endswith(" in the end>")
    assert type(trace.phase).__name__ in repr(trace)
