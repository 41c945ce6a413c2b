"""One measurement: what it counts as, and the words for it."""

from __future__ import annotations

import math
from typing import Any
from unittest.mock import patch

import pytest
from attrs import evolve

from bluegreen.analysis import judging
from bluegreen.analysis.judging import SERIES_MAX, Judged, joined, judge, numbers
from bluegreen.conditions import compiled
from bluegreen.conditions.engine import CelProgram
from bluegreen.runs import AnalysisPhase, Came
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import JSON, Metric, OnNoData
from bluegreen.values import encoded
from tests.support.measuring import at, metric
from tests.support.worlds import V2

SUCCESSFUL, FAILED = AnalysisPhase.SUCCESSFUL, AnalysisPhase.FAILED
ERROR, INCONCLUSIVE = AnalysisPhase.ERROR, AnalysisPhase.INCONCLUSIVE
KEY = Key(V2, 1, "pre", "one")
ONE = metric(failure_condition="")


def came(value: object = None, **fields: Any) -> Outcome:
    """An outcome with this value."""
    return Outcome(KEY, at(0), at(1), encoded(value), **fields)


def of(value: object, one: Metric = ONE, **fields: Any) -> Judged:
    """How this value is judged."""
    return judge(one, came(value, **fields))


def test_an_error_is_an_error_whatever_the_conditions_say() -> None:
    assert judge(metric(success_condition=""), came(error="HTTP 503")) == Judged(ERROR, Came.ERROR, "HTTP 503")


@pytest.mark.parametrize("side", ["success_condition", "failure_condition"])
def test_a_condition_that_cannot_be_used_is_an_error(side: str) -> None:
    """It was checked when it was loaded; a record from elsewhere may hold what was not."""
    said = of([1.0], metric(**{side: "result[0] >="}))
    assert (said.phase, said.came, said.sample) == (ERROR, Came.ERROR, False)
    assert said.why.startswith("a condition cannot be used: ")


def test_a_value_that_the_condition_cannot_be_asked_about_is_an_error_and_no_sample() -> None:
    said = of([{"rate": 1.0}])
    assert (said.phase, said.came, said.sample) == (ERROR, Came.ERROR, False)
    assert said.why.startswith('result[0] >= 0.9 cannot be evaluated on [{"rate": 1.0}]: ')


def test_its_reason_names_the_condition() -> None:
    assert of([0.5]).why.endswith("(result[0] >= 0.9)")
    assert of([1.0]).why.endswith("(result[0] >= 0.9)")
    assert of([0.0], metric()).why.endswith("(result[0] <= 0.1)")
    assert of([0.5], metric(success_condition="")).why.endswith("(result[0] <= 0.1)")
    assert of([0.5], metric()).why == "[0.5]: neither result[0] >= 0.9 nor result[0] <= 0.1"
    assert of({"ok": True}, metric(success_condition="", failure_condition="")).why == '{"ok": true}'


@pytest.mark.parametrize("nothing", [None, "", [], {}])
@pytest.mark.parametrize(
    ("declared", "phase", "skipped", "why"),
    [
        (OnNoData.PASS, SUCCESSFUL, False, "no data, which is declared to pass"),
        (OnNoData.FAIL, FAILED, False, "no data, which is declared to fail"),
        (OnNoData.SKIP, INCONCLUSIVE, True, "no data, which is declared to be skipped"),
        (OnNoData.INCONCLUSIVE, INCONCLUSIVE, False, "no data"),
    ],
)
def test_no_data_counts_as_declared(
    nothing: JSON, declared: OnNoData, phase: AnalysisPhase, skipped: bool, why: str
) -> None:
    assert of(nothing, metric(on_no_data=declared)) == Judged(phase, Came.NO_DATA, why, skipped)


@pytest.mark.parametrize("nothing", [None, "", [], {}])
@pytest.mark.parametrize("source", ["", "result[0] >= 0.9"])
def test_no_data_that_nobody_declared_anything_about_is_waited_for(nothing: JSON, source: str) -> None:
    said = of(nothing, metric(success_condition=source, failure_condition=""))
    assert said == Judged(INCONCLUSIVE, Came.NO_DATA, "no data", awaited=True)


def test_no_data_counts_as_declared_even_where_the_condition_could_tell() -> None:
    guarded = "len(result) == 0 || result[0] >= 0.9"
    assert of([], metric(success_condition=guarded, on_no_data=OnNoData.INCONCLUSIVE)).phase is INCONCLUSIVE


def test_no_data_counts_as_the_condition_says_if_it_can_tell_and_is_never_a_sample() -> None:
    passed = of([], metric(success_condition="len(result) == 0 || result[0] >= 0.9", failure_condition=""))
    failed = of([], metric(success_condition="len(result) > 0 && result[0] >= 0.9", failure_condition=""))
    assert (passed.phase, failed.phase) == (SUCCESSFUL, FAILED)
    assert (passed.came, passed.sample, failed.sample) == (Came.NO_DATA, False, False)
    assert passed.why.startswith("no data, and ")


def test_a_provider_says_what_is_no_data() -> None:
    assert of(0.0, no_data=True).came is Came.NO_DATA


@pytest.mark.parametrize(("number", "word"), [(math.nan, "NaN"), (math.inf, "+Inf"), (-math.inf, "-Inf")])
def test_what_is_not_finite_does_not_succeed_by_accident(number: float, word: str) -> None:
    for value in (number, [number], {"rate": [number]}):
        said = of(value, metric(success_condition="", failure_condition=""))
        assert (said.phase, said.came, said.sample) == (INCONCLUSIVE, Came.NOT_FINITE, False)
        assert said.why.startswith(f"{word} came, and that is no value: ")


def test_what_is_not_finite_may_fail() -> None:
    said = of([math.nan])
    assert (said.phase, said.came) == (FAILED, Came.NOT_FINITE)
    assert said.why.startswith("NaN: ")


def test_what_no_condition_looks_at_may_be_what_it_likes() -> None:
    assert (
        of([{"up": 1}, math.nan], metric(success_condition="result[0].up == 1", failure_condition="")).came
        is Came.VALUE
    )


def test_series_of_words_have_to_agree_too() -> None:
    up = metric(success_condition="result[0] == 'up'", failure_condition="")
    assert of(["up", "up"], up).phase is SUCCESSFUL
    assert of(["up", "down"], up).phase is INCONCLUSIVE
    assert of(["up", None], up).phase is INCONCLUSIVE


@pytest.mark.parametrize("nothing", [[None], [None, None], {"value": None}, [[]], {"x": []}, {"x": {"y": [""]}}])
def test_nothing_is_nothing_however_it_is_wrapped(nothing: JSON) -> None:
    assert of(nothing, metric(success_condition="", failure_condition="")).came is Came.NO_DATA


@pytest.mark.parametrize(("name", "minded", "other"), [("isNaN", math.nan, math.inf), ("isInf", math.inf, math.nan)])
def test_who_asks_for_one_of_nan_and_infinity_has_not_asked_for_the_other(
    name: str, minded: float, other: float
) -> None:
    asking = metric(
        success_condition=f"{name}(result[0]) || result[0] >= 0.9 || result[0] != 1.0", failure_condition=""
    )
    assert of([minded], asking).phase is SUCCESSFUL
    assert of([other], asking).phase is INCONCLUSIVE


def test_several_series_have_to_agree() -> None:
    assert of([1.0, 0.95]) == Judged(SUCCESSFUL, Came.SEVERAL, of([1.0, 0.95]).why, sample=True)
    assert of([1.0, 0.95]).why.startswith("2 series came, and for each of them ")
    assert of([0.5, 0.0]).phase is FAILED
    mixed = of([1.0, 0.95, 0.5])
    assert (mixed.phase, mixed.came, mixed.sample) == (INCONCLUSIVE, Came.SEVERAL, True)
    assert mixed.why == (
        "3 series came, and the condition looks at the first one only: 1 Failed, 2 Successful. "
        "Aggregate them, or ask about all of them"
    )


def test_several_series_of_one_value_are_put_in_words_once() -> None:
    assert " and so on" not in of([1.0, 1.0]).why
    assert of([1.0, 0.95]).why.endswith(" and so on")


def test_a_condition_on_the_number_of_series_sees_all_of_them() -> None:
    """Whoever asks for a single series does not get a yes for two of them."""
    single = metric(success_condition="len(result) == 1 && result[0] >= 0.9", failure_condition="")
    assert of([1.0], single).phase is SUCCESSFUL
    assert of([1.0, 1.0], single).phase is FAILED


def test_when_each_series_is_put_in_its_place_their_number_stays() -> None:
    """Also for a condition engine that takes a look at the number for a look at the first."""
    program = compiled("len(result) == 1 && result[0] >= 0.9")
    assert isinstance(program, CelProgram)
    wide = evolve(program, first_only=True)
    with patch.object(judging, "compiled", return_value=wide):
        assert of([1.0, 1.0]).phase is FAILED


def test_too_many_series_are_not_asked_about_one_by_one() -> None:
    assert of([1.0] * SERIES_MAX).phase is SUCCESSFUL
    said = of([1.0] * (SERIES_MAX + 1))
    assert (said.phase, said.came) == (INCONCLUSIVE, Came.SEVERAL)
    assert "101 series came" in said.why


def test_several_series_that_cannot_be_asked_about_are_an_error_and_no_sample() -> None:
    cannot = metric(success_condition="result[0] >= 'up'", failure_condition="")
    said = of([1.0, 2.0], cannot)
    assert (said.phase, said.came, said.sample) == (ERROR, Came.ERROR, False)


def test_a_condition_that_looks_at_all_series_decides_by_itself() -> None:
    every = metric(success_condition="result.all(one, one >= 0.9)", failure_condition="")
    assert (of([1.0, 0.5], every).phase, of([1.0, 0.5], every).came) == (FAILED, Came.VALUE)


def test_both_colours_are_joined_into_one_outcome() -> None:
    preview = Outcome(Key(V2, 1, "pre", "one/preview", 3), at(2), at(9), [1.0], labels=[{"pod": "a"}])
    active = Outcome(Key(V2, 1, "pre", "one/active", 3), at(1), at(5), [2.0])
    both = joined(preview, active)
    assert both.value == {"preview": [1.0], "active": [2.0]}
    assert both.labels == {"preview": [{"pod": "a"}], "active": None}
    assert (both.started_at, both.finished_at) == (at(1), at(9))
    assert (both.error, both.no_data, both.retry) == ("", False, True)
    assert judge(metric(success_condition="result.preview[0] < result.active[0]", failure_condition=""), both).sample


@pytest.mark.parametrize("nothing", [came([], no_data=True), came([]), came(None, no_data=True)])
def test_no_data_of_either_colour_is_no_data(nothing: Outcome) -> None:
    assert joined(came([1.0]), nothing).no_data
    assert joined(nothing, came([1.0])).no_data


def test_an_error_of_either_colour_is_an_error_that_names_it() -> None:
    broken = came(error="HTTP 401", retry=False)
    assert joined(came([1.0]), broken).error == "active: HTTP 401"
    assert joined(broken, broken).error == "preview: HTTP 401; active: HTTP 401"
    assert not joined(broken, came([1.0])).retry
    assert not joined(came([1.0]), broken).retry


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (1, (1.0,)),
        ([1, 2.5], (1.0, 2.5)),
        ([], ()),
        ("1", None),
        ([True], None),
        ([1.0, None], None),
        (encoded([math.nan]), None),
        (10**400, None),
        ([1.0, -(10**400)], None),
    ],
)
def test_a_comparison_takes_numbers_and_nothing_else(value: JSON, found: tuple[float, ...] | None) -> None:
    assert numbers(value) == found
