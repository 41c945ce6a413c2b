"""Verdicts of any analysis on any measurements, held against a slow twin; and the bugs that such a search finds."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, TypeAlias
from unittest.mock import patch

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bluegreen import codec
from bluegreen.analysis.judging import Judged
from bluegreen.conditions import compiled
from bluegreen.record import Record
from bluegreen.runs import AnalysisPhase, Came, MetricResult
from bluegreen.snapshot import Outcome
from bluegreen.spec import Metric
from tests.support import verdict_properties as properties
from tests.support.any_analysis import BY_TEXT, metrics, plain_series, series
from tests.support.slow_verdicts import Seen

pytestmark = [pytest.mark.property, pytest.mark.timeout(600)]


@st.composite
def several(draw: st.DrawFn) -> tuple[Sequence[Metric], Sequence[list[Seen]]]:
    """A few metrics, and what each comes to."""
    names = ["one", "two", "three"][: draw(st.integers(1, 3))]
    return [draw(metrics(name)) for name in names], [draw(series()) for _ in names]


@st.composite
def lenient(draw: st.DrawFn) -> Metric:
    """A metric with a condition that is about values, and which may fail now and then."""
    count = draw(st.integers(2, 4))
    limit = draw(st.integers(1, count))
    return evolve(
        draw(metrics()),
        success_condition="result[0] >= 0.9",
        failure_condition=draw(st.sampled_from(["", "result[0] <= 0.1"])),
        count=count,
        failure_limit=limit,
        consecutive_success_limit=draw(st.integers(0, count - limit)),
        inconclusive_limit=draw(st.integers(0, 1)),
        min_samples=draw(st.sampled_from([None, None, 2])),
    )


@pytest.mark.parametrize("text", BY_TEXT)
def test_the_twin_reads_a_condition_as_it_is_meant(text: str) -> None:
    program, condition = compiled(text), BY_TEXT[text]
    assert (program.first_only, program.minds) == (condition.first, condition.minds)


@given(metrics(), series())
def test_a_verdict_is_that_of_the_slow_twin(metric: Metric, came: list[Seen]) -> None:
    properties.the_twin_agrees(metric, came)


@given(several())
def test_a_run_stands_as_its_worst_metric(some: tuple[Sequence[Metric], Sequence[list[Seen]]]) -> None:
    properties.the_twin_agrees_on_a_run(*some)


@given(lenient(), st.one_of(series(1), plain_series()), st.integers(0, 11))
def test_a_failure_never_makes_a_success(metric: Metric, came: list[Seen], index: int) -> None:
    properties.a_failure_makes_no_success(metric, came, index)


@given(several(), st.integers(0, 2))
def test_the_order_of_metrics_makes_no_difference(
    some: tuple[Sequence[Metric], Sequence[list[Seen]]], turned: int
) -> None:
    properties.order_makes_no_difference(some[0], some[1], turned)


@given(several())
@settings(max_examples=60)
def test_a_restart_makes_no_difference(some: tuple[Sequence[Metric], Sequence[list[Seen]]]) -> None:
    properties.a_restart_makes_no_difference(*some)


# The bugs that these searches find.

Settled: TypeAlias = Callable[[Metric, MetricResult], MetricResult]
MODULES = [importlib.import_module(f"bluegreen.analysis.{one}") for one in ("judging", "standing", "advancing")]


@contextmanager
def planted(name: str, broken: Callable[..., Any]) -> Generator[None]:
    """Replaces one function of the analysis ("standing.settled"), wherever it is used; `broken` gets the original."""
    module_name, function = name.split(".")
    original = getattr(next(one for one in MODULES if one.__name__.endswith(module_name)), function)

    def replacement(*args: Any, **options: Any) -> Any:
        return broken(original, *args, **options)

    with ExitStack() as stack:
        for module in MODULES:
            if getattr(module, function, None) is original:
                stack.enter_context(patch.object(module, function, replacement))
        yield


def wider(**more: int) -> Callable[..., Any]:
    """Limits that are larger than declared."""

    def broken(original: Settled, metric: Metric, result: MetricResult) -> MetricResult:
        return original(evolve(metric, **{key: getattr(metric, key) + one for key, one in more.items()}), result)

    return broken


def misread(**fields: Any) -> Callable[..., Any]:
    """A metric that is not taken as it is declared."""
    return lambda original, metric, result: original(evolve(metric, **fields), result)


def nan_is_a_value(_: Any, outcome: Outcome, __: str, success: Any, failure: Any) -> Judged:
    """What the conditions say counts, whatever came."""
    phase, why = importlib.import_module("bluegreen.analysis.judging")._by_conditions(
        success, failure, outcome.value, outcome.labels
    )
    return Judged(phase, Came.NOT_FINITE, why)


def only_the_last_matters(original: Settled, metric: Metric, result: MetricResult) -> MetricResult:
    """A failure that a success follows is forgiven."""
    return original(metric, evolve(result, failed=0) if result.consecutive_success else result)


def at_the_end(original: Settled, metric: Metric, result: MetricResult) -> MetricResult:
    """No verdict before its count is reached."""
    return original(metric, result) if result.count >= metric.wanted or result.consecutive_error else result


def by_majority(original: Settled, metric: Metric, result: MetricResult) -> MetricResult:
    """A success as soon as most of the measurements wanted have succeeded."""
    if result.passed * 2 > metric.wanted:
        return evolve(result, phase=AnalysisPhase.SUCCESSFUL)
    return original(metric, result)


def a_failure_explains(original: Settled, metric: Metric, result: MetricResult) -> MetricResult:
    """Where there are failures, no verdict is forgiven."""
    return original(metric, evolve(result, inconclusive=0) if result.failed else result)


def forever(original: Settled, metric: Metric, result: MetricResult) -> MetricResult:
    """Data is waited for without end."""
    return original(metric, evolve(result, consecutive_no_data=0))


def the_first_decides(_: Any, results: Any) -> AnalysisPhase:
    """The first metric that is over with anything but a success decides."""
    results = list(results)
    bad = [one.phase for one in results if one.phase.over and one.phase is not AnalysisPhase.SUCCESSFUL]
    done = all(one.phase.over for one in results)
    return bad[0] if bad else AnalysisPhase.SUCCESSFUL if done else AnalysisPhase.RUNNING


def forgetful(*names: str) -> Callable[[Record], str]:
    """A record that is written without some of what a metric has come to."""
    dump = codec.dump_record

    def dumped(record: Record) -> str:
        memory = record.gates[0]
        assert memory.run is not None
        blank = MetricResult("")
        less = [evolve(one, **{name: getattr(blank, name) for name in names}) for one in memory.run.metrics]
        return dump(evolve(record, gates=(evolve(memory, run=evolve(memory.run, metrics=tuple(less))),)))

    return dumped


def search(*strategies: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A search that is always the same, and long enough for the bugs below."""
    quick = settings(
        max_examples=3000,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    return lambda holds: quick(given(st.tuples(*strategies))(lambda drawn: holds(*drawn)))


TWIN = search(metrics(), series())(properties.the_twin_agrees)
RUNS = search(several())(lambda some: properties.the_twin_agrees_on_a_run(*some))
WORSE = search(lenient(), plain_series(), st.integers(0, 7))(properties.a_failure_makes_no_success)
ORDER = search(several(), st.integers(0, 2))(
    lambda some, turned: properties.order_makes_no_difference(some[0], some[1], turned)
)
RESTART = search(several())(lambda some: properties.a_restart_makes_no_difference(*some))

PLANTS: list[tuple[str, Callable[..., Any], Callable[..., None]]] = [
    ("judging._not_finite", nan_is_a_value, TWIN),
    ("judging._several", lambda *_: False, TWIN),
    ("judging._empty", lambda *_: False, TWIN),
    ("judging._nothing", lambda *_: Judged(AnalysisPhase.SUCCESSFUL, Came.NO_DATA, ""), TWIN),
    ("standing.settled", wider(failure_limit=1), TWIN),
    ("standing.settled", wider(inconclusive_limit=1), TWIN),
    ("standing.settled", wider(consecutive_error_limit=1), TWIN),
    ("standing.settled", wider(consecutive_success_limit=1), TWIN),
    ("standing.settled", misread(min_samples=0), TWIN),
    ("standing.settled", misread(error_total_seconds=1e9), TWIN),
    ("standing._proven", lambda *_: True, TWIN),
    ("standing.settled", only_the_last_matters, TWIN),
    ("standing.settled", at_the_end, TWIN),
    ("standing.settled", by_majority, TWIN),
    ("standing.settled", forever, TWIN),
    ("standing.settled", a_failure_explains, WORSE),
    ("standing.verdict", the_first_decides, RUNS),
    ("standing.verdict", the_first_decides, ORDER),
]


@pytest.mark.parametrize(("name", "broken", "search"), PLANTS)
def test_a_planted_bug_is_found(name: str, broken: Callable[..., Any], search: Callable[..., None]) -> None:
    with planted(name, broken), pytest.raises((AssertionError, ExceptionGroup)):
        search()


@pytest.mark.parametrize(
    "forgotten",
    [
        "consecutive_success",
        "consecutive_error",
        "passed",
        "consecutive_no_data",
        "error_since",
        "measurements",
        "failed",
    ],
)
def test_a_record_that_loses_something_is_found(forgotten: str) -> None:
    with patch.object(codec, "dump_record", forgetful(forgotten)), pytest.raises((AssertionError, ExceptionGroup)):
        RESTART()
