"""Results that conditions take for good and for bad are found by trying, whatever the conditions look like."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from bluegreen.analysis.judging import judge
from bluegreen.runs import AnalysisPhase
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import Comparison, Direction, Metric, RevisionId
from bluegreen.testing.simulator.witness import Witness, with_numbers, witness

AT = datetime(2026, 1, 1, tzinfo=UTC)

CONDITIONS = [
    ("result[0] >= 0.99", ""),
    ("len(result) == 0 || result[0] >= 0.99", ""),
    ("result < 200", ""),
    ("result >= 0.5 && result <= 0.6", ""),
    ("result.p99 < 200 && result.failed == 0", ""),
    ("default(result.failed, 0) / result.answered < 0.05", ""),
    ("result.output.value < 2", ""),
    ("result.status == 'ok'", ""),
    ("result?.health?.ok == true", ""),
    ("all(result, {# > 0.9})", ""),
    ("isNaN(result[0]) || result[0] < 5", ""),
    ("", "result[0] > 5"),
    ("result[0] > 0.95", "result[0] < 0.9"),
    ("result.preview[0] < result.active[0] * 1.2", ""),
]


@pytest.mark.parametrize(("success", "failure"), CONDITIONS)
def test_the_good_one_succeeds_and_the_bad_one_fails(success: str, failure: str) -> None:
    colours = {"of": "{{revision}}"} if "preview" in success else {}
    metric = Metric("it", "web", colours, success, failure)
    found = witness(metric)
    for result, phase in ((found.good, AnalysisPhase.SUCCESSFUL), (found.bad, AnalysisPhase.FAILED)):
        assert judge(metric, Outcome(Key(RevisionId("r"), 1, "run"), AT, AT, result)).phase is phase


@pytest.mark.parametrize(
    ("success", "left"),
    [("result[0] >= 0 || result[0] < 0", "bad"), ("result[0] > 1 && result[0] < 1", "good")],
)
def test_what_nothing_can_fail_or_pass_is_told(success: str, left: str) -> None:
    assert getattr(witness(Metric("it", "web", {}, success)), left) is None


def test_what_lies_about_a_share_is_a_share() -> None:
    found = witness(Metric("it", "prometheus", {}, "result[0] >= 0.99"))
    assert 0.99 < found.good[0] < 1
    assert 0.9 < found.bad[0] < 0.99


@pytest.mark.parametrize("direction", Direction)
def test_of_two_colours_the_bad_one_is_worse_in_the_way_that_counts(direction: Direction) -> None:
    found = witness(Metric("it", "web", {}, comparison=Comparison(direction)))
    preview, active = found.bad["preview"], found.bad["active"]
    assert preview < active if direction is Direction.LOWER else preview > active
    assert found.good["preview"] == found.good["active"]


def test_between_good_and_bad_lies_what_is_between() -> None:
    assert Witness({"p99": [100.0], "ok": True}, {"p99": [300.0], "ok": False}).at(0.25) == {"p99": [150.0], "ok": True}


def test_where_nothing_is_bad_everything_is_good() -> None:
    assert Witness([1.0], None).at(1.0) == [1.0]


def test_every_number_becomes_nan_and_nothing_else_does() -> None:
    found = with_numbers({"p99": [1.0, 2], "ok": True, "word": "x"}, math.nan)
    assert all(math.isnan(one) for one in found["p99"])
    assert (found["ok"], found["word"]) == (True, "x")
