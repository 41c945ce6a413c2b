"""What a Prometheus query may say, read without any server."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from bluegreen.metrics.prometheus import Prometheus, duration, moment

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC).timestamp()
GOOD: dict[str, Any] = {"address": "http://prometheus:9090", "query": "up"}


@pytest.mark.parametrize(
    ("said", "ago_s"),
    [
        ("now()", 0),
        ("now", 0),
        (" now ( ) ", 0),
        ('now() - duration("1h")', 3600),
        ("now()-duration('1h30m')", 5400),
        ("now() - 5m", 300),
        ("now-90s", 90),
        ('now() + duration("1m")', -60),
        ("2026-01-01T11:59:00Z", 60),
        ("2026-01-01T12:59:00+01:00", 60),
        (f"{NOW - 7:.0f}", 7),
        (NOW - 7, 7),
    ],
)
def test_a_point_in_time_is_read_as_argo_and_people_write_it(said: Any, ago_s: float) -> None:
    assert NOW - moment(said, NOW) == pytest.approx(ago_s)


@pytest.mark.parametrize(
    "said",
    [
        "yesterday",
        "now() - ",
        "now() - 5",
        "now() - duration(1h)",
        "2026-01-01T12:00:00",
        "",
        True,
        None,
        "now() - -5m",
    ],
)
def test_what_is_no_point_in_time_is_found_when_the_manifest_is_loaded(said: Any) -> None:
    (problem,) = Prometheus.check({**GOOD, "rangeQuery": {"start": said, "end": "now()", "step": "1m"}})
    assert problem.path == ("rangeQuery", "start")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("30s", 30), ("1h30m", 5400), ("500ms", 0.5), ("1.5h", 5400), ("2d", 172800), ("15", 15), (15, 15), (0.5, 0.5)],
)
def test_a_duration_is_read_in_its_units(said: Any, seconds: float) -> None:
    assert duration(said) == seconds


@pytest.mark.parametrize("said", ["", "soon", "1x", "-5m", "0s", 0, "5m5", "nan", "inf", "1e300", True])
def test_what_is_no_duration_is_found_when_the_manifest_is_loaded(said: Any) -> None:
    (problem,) = Prometheus.check({**GOOD, "rangeQuery": {"start": "now()-1h", "end": "now()", "step": said}})
    assert problem.path == ("rangeQuery", "step")


@pytest.mark.parametrize("said", ["9" * 20_000, "1m" * 20_000, "now" + " " * 20_000 + "x"])
def test_a_time_that_is_far_too_long_is_refused_at_once(said: str) -> None:
    began = time.monotonic()
    problems = Prometheus.check({**GOOD, "rangeQuery": {"start": said, "end": said, "step": said}})
    assert [one.path[-1] for one in problems] == ["start", "end", "step"]
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"query": "up"}, "address: it is missing"),
        ({**GOOD, "query": " "}, "query: a text is needed"),
        ({**GOOD, "query": "up \ud800"}, "query: a text is needed, and this has half a character"),
        ({**GOOD, "adress": "x"}, "adress: unknown field (did you mean address?)"),
        ({**GOOD, "address": "prometheus:9090"}, "address: that is no URL"),
        ({**GOOD, "timeout": -1}, "timeout: a number of seconds above 0"),
        ({**GOOD, "timeout": True}, "timeout: a number of seconds above 0"),
        ({**GOOD, "rangeQuery": "1h"}, "rangeQuery: a mapping is needed"),
        ({**GOOD, "rangeQuery": {"start": "now()"}}, "rangeQuery.end: it is missing"),
        ({**GOOD, "authentication": {"sigv4": {}}}, "authentication.sigv4: AWS's signature (sigv4) is not supported"),
        (
            {
                **GOOD,
                "authentication": {
                    "basic": {"username": "a", "password": "b"},
                    "oauth2": {"tokenUrl": "http://token", "clientId": "a", "clientSecret": "b"},
                },
            },
            "authentication: one way to authenticate is enough",
        ),
    ],
)
def test_what_is_wrong_with_a_query_is_found_when_the_manifest_is_loaded(query: dict[str, Any], said: str) -> None:
    found = [str(one) for one in Prometheus.check(query)]
    assert any(one.startswith(said) for one in found), found


def test_what_argo_takes_is_taken() -> None:
    assert not Prometheus.check(
        {
            "address": "http://{{args.host}}:9090",
            "query": 'sum(rate(requests_total{service="{{args.service}}"}[2m]))',
            "timeout": 40,
            "insecure": False,
            "headers": [{"key": "X-Scope-OrgID", "value": "shop"}],
            "rangeQuery": {"start": 'now() - duration("{{args.length}}")', "end": "now()", "step": "1m"},
            "authentication": {
                "oauth2": {
                    "tokenUrl": "https://token.example.com",
                    "clientId": "shop",
                    "clientSecret": "{{args.secret}}",
                    "scopes": ["read"],
                }
            },
        }
    )
