"""The table of verdicts, row by row: ours is as it says, and each difference from Argo's is explained in the docs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from attrs import evolve

from bluegreen.runs import AnalysisPhase
from bluegreen.spec import Analysis
from bluegreen.spec.check_analysis import metric_problems
from tests.support.measuring import S, at, begun, ended, measured, metric
from tests.support.slow_verdicts import Seen
from tests.support.verdict_rows import LETTERS, LOADED, TIMED, TOGETHER, VERDICTS, Loaded, Row, Timed, Together

DOCS = (Path(__file__).parents[2] / "docs" / "differences.md").read_text()


def spelled(letters: str, seconds: float = 0) -> list[Seen]:
    """What these letters stand for."""
    return [evolve(LETTERS[letter], seconds=seconds) for letter in letters]


@pytest.mark.parametrize("row", VERDICTS, ids=lambda row: row.situation)
def test_the_verdict_on_a_metric_is_as_the_table_says(row: Row) -> None:
    """It takes every measurement of the row to come to it, and not one more."""
    wanted = Analysis((metric("one", **row.knobs),))
    assert metric_problems(wanted.metrics[0]) in ([], metric_problems(metric("one", count=None)))
    steps = list(measured(wanted, {"one": [*spelled(row.came), S, S]}))
    assert steps[-1].run.phase == row.ours
    assert len(steps) == len(row.came)


@pytest.mark.parametrize("row", TOGETHER, ids=lambda row: row.situation)
def test_the_verdict_on_two_metrics_is_as_the_table_says(row: Together) -> None:
    wanted = Analysis((metric("first", count=3), metric("second", count=3)))
    run = ended(wanted, {"first": spelled(row.first), "second": spelled(row.second)})
    assert (run.phase, run.metric("second").phase) == row.ours


@pytest.mark.parametrize("row", LOADED, ids=lambda row: row.situation)
def test_what_is_taken_or_refused_is_as_the_table_says(row: Loaded) -> None:
    problems = metric_problems(metric(**row.knobs))
    assert (not problems) is row.ours
    assert all(one.message for one in problems)


@pytest.mark.parametrize("row", TIMED, ids=lambda row: row.situation)
def test_measurements_begin_when_the_table_says(row: Timed) -> None:
    run = ended(Analysis((metric("one", **row.knobs),)), {"one": spelled(row.came, seconds=3)})
    assert [one.started_at for one in run.metric("one").measurements] == [at(second) for second in row.ours]
    assert run.phase is AnalysisPhase.SUCCESSFUL


def test_a_run_that_is_ended_before_it_measured_is_no_success() -> None:
    """Argo says Successful. Docs: what was not finished is no success."""
    assert begun(Analysis((metric(),))).ended(at(1), "somebody ended it").phase is AnalysisPhase.INCONCLUSIVE


def test_so_many_measurements_are_kept_as_the_retention_says() -> None:
    """Ten, as in Argo, where nothing is declared; all of them count."""
    for declared, kept in ((10, 10), (2, 2)):
        wanted = metric("one", count=12, **({} if declared == 10 else {"retention": declared}))
        result = ended(Analysis((wanted,)), {"one": [S] * 12}).metric("one")
        assert [one.number for one in result.measurements] == list(range(12 - kept, 12))
        assert result.successful == 12


def headings() -> set[str]:
    """What the docs explain of analysis."""
    return set(re.findall(r"^### (.+)$", DOCS.partition("\n## Analysis\n")[2].partition("\n## ")[0], re.MULTILINE))


ROWS = (*VERDICTS, *TOGETHER, *LOADED, *TIMED)


def test_every_difference_is_explained_and_every_explanation_is_of_a_difference() -> None:
    assert {row.heading for row in ROWS if row.heading} == headings()
    assert "What was not finished is no success" in headings()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.situation)
def test_a_row_names_a_heading_where_it_differs_and_only_there(row: Row | Together | Loaded | Timed) -> None:
    assert bool(row.heading) is (row.argo != row.ours)
