"""How a metric stands: what it counts, when it has a verdict, and the words for it."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from bluegreen.analysis import settled
from bluegreen.analysis.comparing import SAMPLES_MAX
from bluegreen.runs import AnalysisPhase, MetricResult
from bluegreen.spec import Analysis, Comparison, Direction, OnNoData
from tests.support.measuring import E, F, I, N, S, at, ended, metric, phase_of, result_of
from tests.support.slow_verdicts import Seen

SUCCESSFUL, FAILED = AnalysisPhase.SUCCESSFUL, AnalysisPhase.FAILED
ERROR, INCONCLUSIVE, RUNNING = AnalysisPhase.ERROR, AnalysisPhase.INCONCLUSIVE, AnalysisPhase.RUNNING


def counts(result: MetricResult) -> tuple[int, ...]:
    """Taken, count, successful, failed, inconclusive, error."""
    return (result.taken, result.count, result.successful, result.failed, result.inconclusive, result.error)


def test_every_measurement_is_counted_as_what_it_was() -> None:
    lenient = metric(count=9, failure_limit=2, inconclusive_limit=2)
    result = result_of(lenient, S, E, F, I, S)
    assert counts(result) == (5, 4, 2, 1, 1, 1)
    assert (result.samples, result.passed, result.phase) == (4, 2, RUNNING)
    assert (result.consecutive_success, result.consecutive_error) == (1, 0)


def test_what_is_skipped_counts_as_a_measurement_and_as_nothing_else() -> None:
    skipping = metric(count=3, on_no_data=OnNoData.SKIP)
    result = result_of(skipping, N, S, N)
    assert counts(result) == (3, 3, 1, 0, 0, 0)
    assert result.phase is SUCCESSFUL
    assert [one.skipped for one in result.measurements] == [True, False, True]


@pytest.mark.parametrize("min_samples", [None, 0, 1])
def test_if_all_is_skipped_there_is_no_verdict(min_samples: int | None) -> None:
    assert phase_of(metric(count=2, on_no_data=OnNoData.SKIP, min_samples=min_samples), N, N) is INCONCLUSIVE


def test_no_data_that_is_declared_to_pass_is_enough() -> None:
    passing = metric(count=2, on_no_data=OnNoData.PASS)
    assert phase_of(passing, N, N) is SUCCESSFUL
    assert phase_of(evolve(passing, min_samples=1), N, N) is INCONCLUSIVE
    assert phase_of(evolve(passing, min_samples=1), N, S) is SUCCESSFUL


def test_no_data_that_is_declared_to_fail_fails() -> None:
    failing = metric(count=2, on_no_data=OnNoData.FAIL)
    result = result_of(failing, N)
    assert result.phase is FAILED
    assert result.message == "success-rate: no data, which is declared to fail, 1st failure of 0 allowed"


GUARDED: dict[str, Any] = {"success_condition": "len(result) == 0 || result[0] >= 0.9", "failure_condition": ""}


def test_data_that_is_waited_for_counts_as_nothing() -> None:
    result = result_of(metric(count=2), N, N, S, N, S)
    assert counts(result) == (5, 2, 2, 0, 0, 0)
    assert (result.phase, result.samples, result.consecutive_no_data) == (SUCCESSFUL, 2, 0)


def test_data_is_waited_for_as_often_in_a_row_as_errors_are() -> None:
    patient = metric(count=9, consecutive_error_limit=2)
    result = result_of(patient, N, N, N)
    assert (result.phase, result.message) == (INCONCLUSIVE, "success-rate: no data, 3rd time in a row")
    assert phase_of(patient, N, N, S, N, N) is RUNNING
    assert phase_of(patient, N, N, S, N, N, N) is INCONCLUSIVE


def test_an_error_does_not_make_the_wait_for_data_any_longer() -> None:
    patient = metric(count=9, consecutive_error_limit=2)
    assert phase_of(patient, N, E, N, E) is RUNNING
    assert phase_of(patient, N, E, N, E, N) is INCONCLUSIVE


def test_waiting_for_data_does_not_interrupt_successes_in_a_row() -> None:
    assert phase_of(metric(count=9, consecutive_success_limit=2), S, N, S) is SUCCESSFUL


def test_a_verdict_needs_as_many_real_values_as_declared() -> None:
    thorough = metric(count=3, min_samples=2, **GUARDED)
    assert phase_of(thorough, N, S, S) is SUCCESSFUL
    result = result_of(thorough, N, S, N)
    assert result.phase is INCONCLUSIVE
    assert result.message.endswith("; 1 real samples, and 2 are needed for a verdict")


def test_a_failure_beside_measurements_of_nothing_is_no_success() -> None:
    result = result_of(metric(count=2, failure_limit=1, **GUARDED), F, N)
    assert result.phase is INCONCLUSIVE
    assert result.message.endswith("; only those succeeded that had no value to judge")
    assert phase_of(metric(count=2, failure_limit=1, min_samples=0, **GUARDED), F, N) is SUCCESSFUL


def test_successes_in_a_row_over_nothing_do_not_end_it_early() -> None:
    eager = metric(count=5, consecutive_success_limit=2, **GUARDED)
    assert phase_of(eager, N, N, N) is RUNNING
    result = result_of(eager, N, N, S)
    assert (result.phase, result.taken) == (SUCCESSFUL, 3)
    assert result.message.endswith("(len(result) == 0 || result[0] >= 0.9), 2nd success in a row")


def test_an_error_does_not_interrupt_successes_in_a_row_nor_does_what_is_skipped() -> None:
    eager = metric(count=9, failure_limit=3, inconclusive_limit=3, consecutive_success_limit=2)
    assert phase_of(eager, S, E, S) is SUCCESSFUL
    assert phase_of(evolve(eager, on_no_data=OnNoData.SKIP), S, N, S) is SUCCESSFUL
    assert phase_of(eager, S, F, S) is RUNNING
    assert phase_of(eager, S, I, S) is RUNNING


@pytest.mark.parametrize(
    ("came", "fields", "message"),
    [
        ([F, F], {"failure_limit": 1}, "2nd failure of 1 allowed"),
        ([I], {}, "1st inconclusive measurement of 0 allowed"),
        ([E, E, E], {"consecutive_error_limit": 2}, "HTTP 503, 3rd error in a row"),
        ([F, F, F], {"failure_limit": 3}, "none of 3 measurements succeeded"),
        ([I, I, I], {"inconclusive_limit": 3}, "none of 3 measurements succeeded"),
        ([S, S, S], {}, "success-rate: 3 of 3 measurements successful"),
        (
            [S, F, S],
            {"failure_limit": 1, "consecutive_success_limit": 2},
            "2 successes in a row were wanted, and there were 1",
        ),
    ],
)
def test_the_verdict_says_why_in_words(came: list[Seen], fields: dict[str, Any], message: str) -> None:
    result = result_of(metric(count=3, **fields), *came)
    assert result.phase.over
    assert result.message.startswith("success-rate: ")
    assert result.message.endswith(message)


@pytest.mark.parametrize(
    ("number", "word"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (13, "13th"), (21, "21st")]
)
def test_failures_are_numbered_as_people_do(number: int, word: str) -> None:
    limit = number - 1
    result = result_of(metric(count=number, failure_limit=limit), *[F] * number)
    assert f", {word} failure of {limit} allowed" in result.message


def test_errors_have_a_time_of_their_own() -> None:
    patient = metric(consecutive_error_limit=99, error_backoff_seconds=10, error_total_seconds=25)
    result = result_of(patient, *[E] * 9)
    assert (result.phase, result.taken) == (ERROR, 3)
    assert result.message == "success-rate: HTTP 503, nothing but errors for 30 s"
    assert result.error_since == at(0)


def test_a_single_error_is_tried_again_however_long_it_took() -> None:
    hasty = metric(error_total_seconds=0)
    assert phase_of(hasty, evolve(E, seconds=600), S) is SUCCESSFUL


def test_a_value_ends_the_time_of_errors() -> None:
    steady = metric(count=9, consecutive_error_limit=99, error_total_seconds=25)
    result = result_of(steady, E, E, S, E, E)
    assert (result.phase, result.consecutive_error) == (RUNNING, 2)
    assert result_of(steady, E, E, S).error_since is None


def test_the_time_of_errors_is_over_when_the_clock_says_so_and_not_when_it_was_set_back() -> None:
    result = MetricResult("one", consecutive_error=2, error_since=at(100), last_finished_at=at(0))
    assert settled(metric(error_total_seconds=50), result).phase is AnalysisPhase.PENDING


COMPARED: dict[str, Any] = {
    "comparison": Comparison(Direction.HIGHER),
    "success_condition": "",
    "failure_condition": "",
    "count": 5,
}


def both(preview: object, active: object, many: int) -> dict[str, list[Seen]]:
    """The same of both colours, so many times."""
    return {"success-rate/preview": [Seen(preview)] * many, "success-rate/active": [Seen(active)] * many}


def test_a_comparison_decides_when_all_is_measured() -> None:
    wanted = Analysis((metric(**COMPARED),))
    worse, fine = ended(wanted, both(150.0, 100.0, 5)), ended(wanted, both([110.0], [100.0], 5))
    assert (worse.phase, fine.phase) == (FAILED, SUCCESSFUL)
    assert worse.metrics[0].message == (
        "success-rate: preview 50% higher than active (median shift +50, 98% sure of at least +50; 25% allowed)"
    )
    assert ended(wanted, both(150.0, 100.0, 4)).phase is RUNNING


def test_a_comparison_is_not_decided_early_by_successes_in_a_row() -> None:
    wanted = Analysis((metric(**COMPARED, consecutive_success_limit=2),))
    assert ended(wanted, both(150.0, 100.0, 4)).phase is RUNNING
    assert ended(wanted, both(150.0, 100.0, 5)).phase is FAILED


def test_a_comparison_of_what_is_no_number_has_no_verdict() -> None:
    wanted = Analysis((metric(**COMPARED),))
    run = ended(wanted, both({"rate": 1.0}, 100.0, 5))
    assert run.phase is INCONCLUSIVE
    assert run.message == "success-rate: nothing to compare: preview and active have no values"
    assert ended(wanted, both(100.0, "up", 5)).phase is INCONCLUSIVE


def test_a_comparison_remembers_no_more_values_than_it_looks_at() -> None:
    wanted = Analysis((metric(**COMPARED),))
    result = ended(wanted, both([1.0] * 150, [2.0] * 150, 2)).metrics[0]
    assert (len(result.preview), len(result.active)) == (SAMPLES_MAX, SAMPLES_MAX)


def test_a_condition_beside_a_comparison_may_fail_it() -> None:
    wanted = Analysis((metric(**{**COMPARED, "failure_condition": "result.preview > 120.0"}),))
    assert ended(wanted, both(150.0, 100.0, 5)).phase is FAILED
    assert ended(wanted, both(110.0, 100.0, 5)).phase is SUCCESSFUL
