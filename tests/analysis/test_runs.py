"""Runs: their names, and what they remember of a metric."""

from __future__ import annotations

from attrs import evolve

from bluegreen.runs import AnalysisPhase, AnalysisRun, MetricResult
from tests.support.measuring import at
from tests.support.worlds import V2

RUN = AnalysisRun("pre", V2, 1, at(0))


def test_the_second_run_of_an_attempt_has_a_suffix() -> None:
    assert RUN.id == "pre"
    assert evolve(RUN, number=1).id == "pre.1"


def test_only_two_phases_are_not_over() -> None:
    assert {one for one in AnalysisPhase if not one.over} == {AnalysisPhase.PENDING, AnalysisPhase.RUNNING}


def test_a_metric_of_which_nothing_is_known_has_a_blank_result() -> None:
    known = MetricResult("one", taken=3)
    run = evolve(RUN, metrics=(known,))
    assert run.metric("one") is known
    assert run.metric("two") == MetricResult("two")
    assert not run.metric("two").phase.over
