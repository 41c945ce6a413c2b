"""Any analysis and whatever it may measure, for searches: metrics that a loader would accept, values of every kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import ge, le
from typing import Any

from hypothesis import strategies as st

from bluegreen.spec import Metric, OnNoData
from bluegreen.spec.check_analysis import metric_problems
from tests.support.slow_verdicts import Condition, Seen


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _first(value: object, compare: Callable[[Any, Any], bool], limit: float) -> bool | None:
    """`result[0] OP limit`: only a list has a first one, and only numbers are compared."""
    if not isinstance(value, list) or not value or not _number(value[0]):
        return None
    return compare(value[0], limit)


def _length(value: object) -> int | None:
    return len(value) if isinstance(value, list | dict | str) else None


def _guarded(value: object) -> bool | None:
    """`len(result) == 0 || result[0] >= 0.9`: true wins over what cannot be evaluated."""
    return True if _length(value) == 0 else _first(value, ge, 0.9)


def _single(value: object) -> bool | None:
    """`len(result) == 1 && result[0] >= 0.9`: false wins over what cannot be evaluated."""
    length = _length(value)
    if length is not None and length != 1:
        return False
    return None if length is None else _first(value, ge, 0.9)


def _every(value: object) -> bool | None:
    """`result.all(one, one >= 0.9)`: one that is false wins over those that cannot be evaluated."""
    if not isinstance(value, list | dict):
        return None
    each = [one >= 0.9 if _number(one) else None for one in value]
    return False if False in each else None if None in each else True


def _plain(value: object) -> bool | None:
    return value >= 0.9 if isinstance(value, int | float) and not isinstance(value, bool) else None


def _nan_is_fine(value: object) -> bool | None:
    if isinstance(value, list) and value and value[0] != value[0]:
        return True
    return _first(value, ge, 0.9)


SUCCESS = (
    Condition("result[0] >= 0.9", lambda value: _first(value, ge, 0.9), first=True),
    Condition("len(result) == 0 || result[0] >= 0.9", _guarded, first=True),
    Condition("len(result) == 1 && result[0] >= 0.9", _single),
    Condition("result.all(one, one >= 0.9)", _every),
    Condition("result >= 0.9", _plain),
)
MINDING = Condition("isNaN(result[0]) || result[0] >= 0.9", _nan_is_fine, first=True, minds=frozenset({"NaN"}))
FAILURE = (
    Condition("result[0] <= 0.1", lambda value: _first(value, le, 0.1), first=True),
    Condition("len(result) > 0 && result[0] <= 0.1", lambda v: False if _length(v) == 0 else _first(v, le, 0.1), True),
)
BY_TEXT = {one.text: one for one in (*SUCCESS, MINDING, *FAILURE)}

floats = st.sampled_from([1.0, 0.95, 0.5, 0.05, 0.0, -1.0, 1e308, math.nan, math.inf, -math.inf])
odd: st.SearchStrategy[object] = st.sampled_from(
    [None, "", "up", "größer ✓", "x" * 5000, {}, {"größe": 1.0}, {"a": {"b": [math.nan]}}, [[1.0]], [{}], [None], [""]]
)
values: st.SearchStrategy[object] = st.one_of(
    st.lists(floats, max_size=3),
    floats,
    odd,
    st.sampled_from([1, 0, True, [1], [1, 0.0], [True], [10**12], [-(2**62)], 2**62]),
    st.sampled_from([[1.0] * 150, [1.0] * 2 + [0.0], ["1.0"], [1.0, "up"], [1.0, math.nan]]),
)
lasting = st.sampled_from([0.0, 0.0, 0.0, 7.0])
ordinary = st.sampled_from([[1.0], [1.0], [0.0], [0.5]])
"""Most measurements are of this kind; a search among odd ones alone would seldom come to a success."""
seen = st.one_of(
    st.builds(Seen, ordinary, seconds=lasting),
    st.builds(Seen, ordinary, seconds=lasting),
    st.builds(Seen, values, seconds=lasting),
    st.builds(Seen, st.sampled_from([[math.inf], [math.nan], math.inf, [1.0, math.nan]]), seconds=lasting),
    st.builds(Seen, error=st.just(True), seconds=lasting),
    st.builds(Seen, st.sampled_from([[], None, {}]), no_data=st.just(True), seconds=lasting),
)


@st.composite
def metrics(draw: st.DrawFn, name: str = "one") -> Metric:
    """Any metric that a manifest may declare, with few measurements and tight limits."""
    count = draw(st.integers(1, 6))
    streak = draw(st.integers(0, count))
    limit = draw(st.integers(-1 if streak else 0, count - streak))
    success = draw(st.sampled_from([None, *SUCCESS, SUCCESS[0], MINDING]))
    failure = draw(st.sampled_from([None, None, *FAILURE]))
    metric = Metric(
        name,
        "told",
        {"query": "up"},
        success.text if success else "",
        failure.text if failure else "",
        count=count if count > 1 else draw(st.sampled_from([None, 1])),
        interval_seconds=1 if count > 1 else 0,
        failure_limit=limit,
        inconclusive_limit=draw(st.integers(0, count)),
        consecutive_error_limit=draw(st.integers(0, 3)),
        consecutive_success_limit=streak,
        dry_run=draw(st.sampled_from([False, False, False, True])),
        retention=draw(st.integers(1, 3)),
        on_no_data=draw(st.sampled_from([None, None, *OnNoData])),
        min_samples=draw(st.one_of(st.none(), st.integers(0, count))),
        error_backoff_seconds=draw(st.sampled_from([1.0, 10.0])),
        error_total_seconds=draw(st.sampled_from([0.0, 5.0, 15.0, 300.0])),
    )
    assert metric_problems(metric) == []
    return metric


def series(least: int = 0) -> st.SearchStrategy[list[Seen]]:
    """What a metric comes to, in turn."""
    return st.lists(seen, min_size=least, max_size=12)


def plain_series() -> st.SearchStrategy[list[Seen]]:
    """The same without anything odd."""
    return st.lists(st.one_of(st.builds(Seen, ordinary), st.builds(Seen, error=st.just(True))), min_size=1, max_size=8)
