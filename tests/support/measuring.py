"""Analyses without a world: outcomes handed to a run one after another, as an engine would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from attrs import frozen

from bluegreen.actions import Measure
from bluegreen.analysis import About, Progress, advance, definition_of
from bluegreen.runs import AnalysisPhase, AnalysisRun, MetricResult
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import JSON, Analysis, Metric
from bluegreen.values import encoded
from tests.support.slow_verdicts import Seen
from tests.support.worlds import START, V1, V2

ABOUT = About(V2, V1)
S, F, I, E = Seen([1.0]), Seen([0.0]), Seen([0.5]), Seen(error=True)  # noqa: E741 (they are read in rows)
"""A success, a failure, neither, and an error, under the conditions of `metric`. `N`: no data."""
N = Seen([], no_data=True)


def metric(name: str = "success-rate", **fields: Any) -> Metric:
    """A metric that succeeds from 0.9 up and fails from 0.1 down, every second."""
    told: dict[str, Any] = {
        "success_condition": "result[0] >= 0.9",
        "failure_condition": "result[0] <= 0.1",
        "interval_seconds": 1.0,
        "query": {"query": "up"},
    }
    return Metric(name, "told", **{**told, **fields})


def analysis(*metrics: Metric) -> Analysis:
    """These metrics; a single plain one when none is given."""
    return Analysis(metrics or (metric(),))


def begun(wanted: Analysis) -> AnalysisRun:
    """A run that has not measured anything yet."""
    return AnalysisRun("pre", V2, 1, START, definition=definition_of(wanted))


def outcome(key: Key, seen: Seen, now: datetime) -> Outcome:
    """What an engine reports for it."""
    error = "HTTP 503" if seen.error else ""
    value: JSON = None if seen.error else encoded(seen.value)
    return Outcome(key, now, now + timedelta(seconds=seen.seconds), value, no_data=seen.no_data, error=error)


@frozen
class Step:
    """A moment of a run: the second it is, and what the run has come to."""

    second: float
    run: AnalysisRun


def measured(
    wanted: Analysis, came: Mapping[str, Sequence[Seen]], about: About = ABOUT, begin: AnalysisRun | None = None
) -> Iterable[Step]:
    """The run after each of its measurements; `came` says what each metric comes to, in turn.

    A metric of which nothing more comes is not answered any more. Time goes on to whatever is due next.
    """
    run = begin or begun(wanted)
    now = max([START, *(one.last_finished_at for one in run.metrics if one.last_finished_at)])
    for _ in range(10_000):
        progress: Progress = advance(wanted, run, (), about, now)
        told = tuple(outcome(task.key, one, now) for task in progress.tasks if (one := _next(came, task)))
        run = advance(wanted, progress.run, told, about, now).run
        if told:
            yield Step((now - START).total_seconds(), run)
        due = advance(wanted, run, (), about, now).when
        if run.phase.over or due is None:
            return
        now = max([due, *(one.finished_at for one in told)])
    raise AssertionError("it measures for ever")


def _next(came: Mapping[str, Sequence[Seen]], task: Measure) -> Seen | None:
    mine = came.get(task.key.metric, ())
    return mine[task.key.number] if task.key.number < len(mine) else None


def ended(wanted: Analysis, came: Mapping[str, Sequence[Seen]]) -> AnalysisRun:
    """The run when nothing more comes of it."""
    run = begun(wanted)
    for step in measured(wanted, came):
        run = step.run
    return run


def result_of(one: Metric, *came: Seen) -> MetricResult:
    """What a single metric has come to after these."""
    return ended(Analysis((one,)), {one.name: came}).metric(one.name)


def phase_of(one: Metric, *came: Seen) -> AnalysisPhase:
    """How a run of this metric alone stands after these."""
    return ended(Analysis((one,)), {one.name: came}).phase


def at(seconds: float) -> datetime:
    """So long after the run began."""
    return START + timedelta(seconds=seconds)
