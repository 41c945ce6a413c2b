"""What `load` lets a query ask for, and the histogram it counts with."""

import random
import statistics
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluegreen.metrics.fields import Fields
from bluegreen.metrics.load import Histogram, Load
from bluegreen.metrics.load.plan import Plan, Shot, plan_of


def plan(query: Mapping[str, Any]) -> Plan:
    fields = Fields(query, filled=True)
    found = plan_of(fields)
    assert fields.problems == []
    return found


def test_a_query_that_says_nothing_is_a_gentle_load_on_the_preview() -> None:
    assert plan({}) == plan({"rate": None, "paths": None}) == Plan(10, 10, 50, 5, (Shot("/"),))
    assert plan({}).requests == 100


def test_what_stands_beside_paths_holds_for_each_of_them() -> None:
    made = plan(
        {
            "rate": "50",
            "duration": "1m",
            "method": "post",
            "headers": {"X-Test": "1", "X-Level": 3},
            "expect": [200, 201],
            "seed": 7,
            "paths": [
                {"path": "/a", "weight": 3, "body": {"n": 1}},
                {"path": "/b?c=d", "method": "GET", "headers": {"X-Test": "2"}, "expect": [404]},
            ],
        }
    )
    first, second = made.shots
    assert (made.rate, made.duration_s, made.requests, made.seed) == (50, 60, 3000, 7)
    assert first == Shot(
        "/a",
        "POST",
        {"X-Test": "1", "X-Level": "3", "Content-Type": "application/json"},
        b'{"n": 1}',
        frozenset({200, 201}),
        3,
    )
    assert second == Shot("/b?c=d", "GET", {"X-Test": "2", "X-Level": "3"}, None, frozenset({404}), 1)


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"path": "http://elsewhere.example/"}, "path"),
        ({"path": "//elsewhere.example/"}, "path"),
        ({"path": "/\\elsewhere.example"}, "path"),
        ({"path": "@elsewhere.example/"}, "path"),
        ({"path": "/a#b"}, "path"),
        ({"path": "/a\r\nHost: elsewhere"}, "path"),
        ({"service": "http://elsewhere.example"}, "service"),
        ({"service": "elsewhere.example:80"}, "service"),
        ({"service": "shop", "revision": "abc"}, "revision"),
        ({"rate": 10_001}, "rate"),
        ({"rate": 0}, "rate"),
        ({"rate": float("nan")}, "rate"),
        ({"rate": True}, "rate"),
        ({"duration": "11m"}, "duration"),
        ({"duration": "soon"}, "duration"),
        ({"duration": -1}, "duration"),
        ({"rate": 10_000, "duration": "2m"}, "rate"),
        ({"connections": 1001}, "connections"),
        ({"connections": 1.5}, "connections"),
        ({"timeout": "2m"}, "timeout"),
        ({"method": "CONNECT"}, "method"),
        ({"headers": {"Content-Length": "3"}}, "headers.Content-Length"),
        ({"headers": {"X-Test": "a\r\nX-Other: b"}}, "headers.X-Test"),
        ({"headers": {"X Test": "a"}}, "headers.X Test"),
        ({"headers": [{"key": "X"}]}, "headers"),
        ({"headers": {"X-Test": "a" * 70_000}}, "headers"),
        ({"expect": 200}, "expect"),
        ({"expect": []}, "expect"),
        ({"expect": [True]}, "expect"),
        ({"expect": [99]}, "expect"),
        ({"body": "x" * 70_000}, "body"),
        ({"body": {"n": float("inf")}}, "body"),
        ({"body": "\udc80"}, "body"),
        ({"paths": []}, "paths"),
        ({"paths": [{}] * 101}, "paths"),
        ({"paths": ["/a"]}, "paths.0"),
        ({"paths": [{"path": "/a", "wieght": 2}]}, "paths.0.wieght"),
        ({"paths": [{"path": "/a", "weight": 0}]}, "paths.0.weight"),
        ({"path": "/a", "paths": [{"path": "/b"}]}, "path"),
        ({"url": "http://127.0.0.1/"}, "url"),
    ],
)
def test_what_cannot_be_sent_is_refused_and_the_place_is_named(query: Mapping[str, Any], place: str) -> None:
    places = [".".join(map(str, one.path)) for one in Load.check(query)]
    assert places == [place]


def test_no_complaint_shows_a_value() -> None:
    for key in ("rate", "duration", "service", "path", "method", "expect", "timeout", "connections", "headers"):
        problems = Load.check({key: "\x07s3cret"})
        assert problems
        assert "s3cret" not in " ".join(map(str, problems))


def test_a_placeholder_is_trusted_when_a_manifest_is_loaded_and_no_longer_when_it_is_measured() -> None:
    query = {"rate": "{{args.rate}}", "path": "{{args.path}}", "duration": "{{args.for}}", "revision": "{{revision}}"}
    assert Load.check(query) == []
    fields = Fields(query, filled=True)
    plan_of(fields)
    assert {one.path for one in fields.problems} >= {("rate",), ("path",), ("duration",), ("revision",)}


@pytest.mark.parametrize(
    ("query", "takes_s"),
    [({}, 20), ({"duration": "4m", "timeout": 2}, 244), ({"duration": "{{args.for}}", "timeout": "{{args.t}}"}, 720)],
)
def test_it_says_how_long_it_may_take(query: Mapping[str, Any], takes_s: float) -> None:
    assert Load.takes_s(query) == takes_s


def test_a_quantile_of_few_values_is_one_of_them() -> None:
    histogram = Histogram()
    assert (histogram.quantile_ms(0.5), histogram.max_ms) == (None, None)
    for value_us in (1000, 2000, 3000, 1_000_000):
        histogram.add(value_us)
    assert histogram.quantile_ms(0.5) == 2
    assert histogram.quantile_ms(0.75) == pytest.approx(3, rel=0.001)
    assert histogram.quantile_ms(0.99) == histogram.max_ms == 1000
    assert histogram.quantile_ms(0) == 1


@given(st.lists(st.integers(0, 10**10), min_size=1), st.floats(0, 1))
def test_a_quantile_is_right_to_a_thousandth(values: list[int], share: float) -> None:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    rank = max(-int(-round(share * len(values), 6) // 1), 1)
    exact = sorted(values)[rank - 1]
    found = histogram.quantile_ms(share)
    assert found is not None
    assert exact <= round(found * 1000) <= exact * (1 + 1 / 1024) + 1


def test_a_million_latencies_are_kept_in_a_few_thousand_numbers() -> None:
    draw = random.Random(1)
    values = [draw.lognormvariate(8, 1) for _ in range(200_000)]
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    assert len(histogram._counts) < 12_000
    assert histogram.quantile_ms(0.99) == pytest.approx(statistics.quantiles(values, n=100)[98] / 1000, rel=0.003)
