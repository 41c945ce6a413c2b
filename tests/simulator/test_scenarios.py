"""Scenarios by name: each word does what it says, the seed decides the rest, and a mistyped one is named."""

from __future__ import annotations

import pytest

from bluegreen.backends.memory import NEVER
from bluegreen.testing import invariants
from bluegreen.testing.simulator import Ask, Crash, simulate
from bluegreen.testing.simulator.scenarios import SCENARIOS, UnknownScenario, scenario, seconds_of
from tests.support.worlds import rollout

pytestmark = pytest.mark.property

DECLARED = rollout(layers=("edge", "mesh"), auto_promotion_enabled=False)
NAMES = [one.replace("TIME", "90s") for one in SCENARIOS]


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_can_be_played(name: str) -> None:
    trace = simulate(DECLARED, *scenario(name, DECLARED, 1))
    invariants.check(trace)
    assert len(trace.moments) > 10


@pytest.mark.parametrize("name", [one for one in NAMES if one != "good"])
def test_every_scenario_is_another_one(name: str) -> None:
    assert any(scenario(name, DECLARED, seed) != scenario("good", DECLARED, seed) for seed in range(5))


def test_words_are_joined() -> None:
    world, faults = scenario("never-ready+abort-after-2m+crash-after-30s", DECLARED)
    assert world.releases[0].build.ready_after_s == NEVER
    assert faults.happenings == (Ask(120, "abort"), Crash(30, back_after_s=60))


def test_a_time_is_part_of_the_name() -> None:
    build = scenario("bad-after-1h", DECLARED)[0].releases[0].build
    assert build.live_metrics is not None
    assert [build.live_metrics.at(at) for at in (3599, 3600)] == [0, 1]


def test_the_same_seed_is_the_same_and_another_one_is_not() -> None:
    assert scenario("random", DECLARED, 7) == scenario("random", DECLARED, 7)
    assert len({str(scenario("random", DECLARED, seed)) for seed in range(50)}) == 50


@pytest.mark.parametrize(
    ("wrong", "meant"), [("randm", "random"), ("bad-after", "bad-after-TIME"), ("crash-2x", "crash")]
)
def test_a_mistyped_scenario_is_named_with_what_was_meant(wrong: str, meant: str) -> None:
    with pytest.raises(UnknownScenario, match=f"no scenario '{wrong}'; did you mean {meant}"):
        scenario(wrong, DECLARED)


def test_times_have_units() -> None:
    assert [seconds_of(one) for one in ("90s", "1.5h", "2m", "1d")] == [90, 5400, 120, 86400]
    assert [seconds_of(one) for one in ("90", "s", "-1s", "2 m", "")] == [None] * 5
