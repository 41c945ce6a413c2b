"""The soak: short ones in which nothing is found, and ones with a planted bug, which is found and told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve, fields

from bluegreen.backends.memory import NEVER
from bluegreen.gates import ClockGate, ManualGate, OnDeadline, Stage
from bluegreen.snapshot import Slot
from bluegreen.spec import (
    Analysis,
    BlueGreen,
    Comparison,
    Direction,
    Hook,
    HookPoint,
    Metric,
    OnFailure,
    OnNoData,
    Rollout,
    RolloutPolicy,
    RouterSpec,
)
from bluegreen.testing import simulator
from bluegreen.testing.simulator import series
from bluegreen.testing.soak import Scenario, drawn, judged, run
from bluegreen.testing.soak.__main__ import main
from bluegreen.testing.trace import words
from tests.support.plants import plant

pytestmark = [pytest.mark.property, pytest.mark.timeout(300)]

NAMES: dict[str, Any] = {
    **vars(simulator),
    **vars(series),
    **{one.__name__: one for one in (Rollout, BlueGreen, RolloutPolicy, RouterSpec, Analysis, Metric, Comparison)},
    **{one.__name__: one for one in (Hook, HookPoint, OnDeadline, OnFailure, OnNoData, Direction, Stage, Slot)},
    **{one.__name__: one for one in (ManualGate, ClockGate, Scenario)},
    "NEVER": NEVER,
}
"""What the Python that a soak prints needs to know."""


@pytest.mark.parametrize("tens", range(6))
def test_sixty_runs_of_an_hour_or_more_break_no_promise(tens: int) -> None:
    """`make soak` goes on from here."""
    for seed in range(1 + 10 * tens, 11 + 10 * tens):
        ran = run(seed)
        assert ran.found is None, f"seed {seed}: {ran.found}"
        assert ran.virtual_s >= 3600


def test_the_same_seed_plays_the_same_run() -> None:
    for seed in (3, 8, 12):
        once, again = (judged(drawn(seed))[0] for _ in range(2))
        assert once is not None
        assert again is not None
        assert [words(one) for one in once.moments] == [words(one) for one in again.moments]
    assert drawn(3) == drawn(3) != drawn(4)


def test_everything_that_can_go_wrong_does_in_some_run() -> None:
    happenings = [one for seed in range(300) for one in drawn(seed).faults.happenings]
    kinds = {type(one).__name__ for one in happenings}
    assert kinds == {one.__name__ for one in simulator.Happening.__args__}
    crashes = [one for one in happenings if isinstance(one, simulator.Crash)]
    assert any(one.before for one in crashes)
    assert any(one.after for one in crashes)
    assert any(one.on for one in crashes)
    assert {one.clock_s > 0 for one in crashes if one.clock_s} == {True, False}
    assert {one.who for one in happenings if isinstance(one, simulator.Partition)} == {"", "A", "B"}


def test_every_field_that_decides_is_other_than_its_default_in_some_run() -> None:
    plain = Rollout("shop", BlueGreen("shop"))
    rollouts = [drawn(seed).rollout for seed in range(200)]
    own = {"template", "replicas", "min_ready_seconds", "progress_deadline_seconds", "progress_deadline_abort", "gates"}
    own |= {"rollback_window_revisions", "revision_history_limit"}
    assert own <= _differing(plain, rollouts)
    strategies = _differing(plain.strategy, [one.strategy for one in rollouts])
    assert strategies == {one.name for one in fields(BlueGreen)} - {"active_service", "anti_affinity"}
    policies = _differing(plain.policy, [one.policy for one in rollouts])
    assert policies == {one.name for one in fields(RolloutPolicy)} - {"local"}
    assert {len(one.policy.routers) for one in rollouts} == {1, 2, 3}


def _differing(plain: Any, others: Sequence[Any]) -> set[str]:
    names = [one.name for one in fields(type(plain))]
    return {name for name in names if any(getattr(one, name) != getattr(plain, name) for one in others)}


def _traffic_stays(_: Any, *__: Any) -> bool:
    return True


def test_a_planted_bug_is_found_and_told_with_as_little_as_possible(capsys: pytest.CaptureFixture[str]) -> None:
    with plant("traffic.bring_back", _traffic_stays):
        assert main(["--runs", "30", "--seed", "1", "--processes", "1"]) == 1
        told = capsys.readouterr().out
        source = told.split("making it smaller...\n")[1].split("\nInvariant")[0]
        known = dict(NAMES)
        exec(source, known)  # what it prints is Python that a test can keep
        scenario: Scenario = known["scenario"]
        found = judged(scenario)[1]
        assert found is not None
        assert found.sentence in told
        assert len(scenario.faults.happenings) <= 2
        for at in range(len(scenario.faults.happenings)):
            left = scenario.faults.happenings[:at] + scenario.faults.happenings[at + 1 :]
            less = judged(evolve(scenario, faults=simulator.Faults(left)))[1]
            assert less is None or less.invariant != found.invariant
    assert judged(scenario)[1] is None


def test_what_an_engine_raises_is_found_too() -> None:
    def broken(_: Any, *__: Any) -> Any:
        raise LookupError("a bug")

    with plant("traffic.point_preview", broken):
        found = run(1).found
    assert found is not None
    assert found.invariant in (0, 7)


def test_a_run_is_told_again_by_its_seed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--replay", "3"]) == 0
    told = capsys.readouterr().out
    known = dict(NAMES)
    exec(told.rsplit("\n", 2)[0], known)
    assert known["scenario"] == drawn(3)


def test_two_processes_make_all_the_runs_and_say_how_many(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--runs", "15", "--seed", "100", "--processes", "2"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.split()[:2] == ["15", "runs,"]
    assert last.endswith("seeds from 100: no violation")
