"""Analyses: metrics with every field, asked of providers that are there, with conditions that say something."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from attrs import frozen
from hypothesis import strategies as st

from bluegreen.spec import JSON, Analysis, Arg, Comparison, Direction, Metric, OnNoData, PodTemplateHash, SecretKeyRef
from bluegreen.testing.strategies.choosing import Pins, as_strategy, first, pinned

_PROMETHEUS = "http://prometheus.monitoring:9090"


@frozen
class _Question:
    """What a provider is asked, and the conditions (success, failure) that fit its answers."""

    provider: str
    query: Mapping[str, JSON]
    conditions: tuple[tuple[str, str], ...]
    args: tuple[Arg, ...] = ()


_ARGS: Final = {
    "hash": Arg("hash", pod_template_hash=PodTemplateHash.LATEST),
    "stable": Arg("stable", pod_template_hash=PodTemplateHash.STABLE),
    "app": Arg("app", field="spec.template.metadata.labels['app']"),
    "token": Arg("token", secret=SecretKeyRef("shop-metrics", "token")),
}
_NUMBER = (
    ("result[0] >= 0.95", ""),
    ("", "result[0] < 0.95"),
    ("result[0] >= 0.95", "result[0] < 0.5"),
    ("len(result) == 0 || result[0] <= 200", ""),
    ("!isNaN(result[0]) && result[0] <= 200.0", ""),
)
_DOCUMENT = (
    ("result.ok == true", ""),
    ("result.errors <= 5", "result.errors > 50"),
    ("default(result.errors, 0) < 5", ""),
)
_BOTH = (
    ("result.preview[0] <= result.active[0] * 1.2", ""),
    ("", "result.preview[0] > result.active[0] * 2.0"),
)
QUESTIONS: Final = (
    _Question("prometheus", {"address": _PROMETHEUS, "query": "up"}, _NUMBER),
    _Question("web", {"url": "http://shop.test/health", "jsonPath": "{$}"}, _DOCUMENT),
    _Question(
        "prometheus",
        {"address": _PROMETHEUS, "query": 'up{hash="{{args.hash}}",app="{{args.app}}"} / up{hash="{{args.stable}}"}'},
        _NUMBER,
        (_ARGS["hash"], _ARGS["app"], _ARGS["stable"]),
    ),
    _Question(
        "web",
        {"url": "http://shop.test/health", "headers": [{"key": "Authorization", "value": "Bearer {{args.token}}"}]},
        _DOCUMENT,
        (_ARGS["token"],),
    ),
)
COLOURS: Final = _Question("prometheus", {"address": _PROMETHEUS, "query": 'errors{hash="{{revision}}"}'}, _BOTH)
"""The question that is asked of both revisions."""
_ASKED = first(*QUESTIONS, COLOURS)
_NAMES = ("errors", "latency", "saturation")


def comparisons() -> st.SearchStrategy[Comparison]:
    """How two revisions are held against each other."""
    return st.builds(Comparison, first(*Direction), first(0.25, 0.0, 1.0), first(0.98, 0.5, 0.999))


def metrics(**pins: Any) -> st.SearchStrategy[Metric]:
    """A metric; every field of it, or what the caller has pinned.

    @given(metrics(count=5))
    def test_a_metric_that_is_measured_five_times_needs_time_between(metric: Metric) -> None:
        assert metric.interval_seconds > 0
    """
    mine = {name: pins.pop(name) for name in _FIRST if name in pins}
    before = pinned(
        mine,
        comparison=st.none() | comparisons(),
        count=first(None, 1, 2, 3, 5, 10),
        consecutive_success_limit=first(0, 1, 3),
    )
    return _whole(st.fixed_dictionaries(before), "consecutive_success_limit" in mine, pins)


_FIRST = ("comparison", "count", "consecutive_success_limit")
"""What other fields depend on."""


@st.composite
def _whole(draw: st.DrawFn, before: st.SearchStrategy[dict[str, Any]], streaks: bool, pins: Pins) -> Metric:
    """`streaks`: the caller says what the consecutiveSuccessLimit is."""
    known = draw(before)
    most = known["count"] or 1
    if not streaks:
        known["consecutive_success_limit"] = min(known["consecutive_success_limit"], most)
    asked = COLOURS if known["comparison"] else draw(_ASKED)
    success, failure = draw(_one_of((*asked.conditions, ("", "")) if known["comparison"] else asked.conditions))
    fields: dict[str, Any] = {
        "provider": asked.provider,
        "query": asked.query,
        "success_condition": success,
        "failure_condition": failure,
        **{name: draw(one) for name, one in _others(most, known["consecutive_success_limit"]).items()},
    }
    if unknown := sorted(set(pins) - set(fields)):
        raise TypeError(f"no such field of a metric: {', '.join(unknown)}")
    fields |= {name: draw(as_strategy(one)) for name, one in pins.items()}
    return Metric(**known, **fields)


@lru_cache
def _one_of(conditions: tuple[tuple[str, str], ...]) -> st.SearchStrategy[tuple[str, str]]:
    return st.sampled_from(conditions)


@lru_cache
def _others(most: int, streak: int) -> Mapping[str, st.SearchStrategy[Any]]:
    """The fields that are the same whatever is asked, for so many measurements, so many of which have to be good."""
    least = -1 if streak else 0
    return {
        "name": st.sampled_from(_NAMES),
        "interval_seconds": first(5.0, 1.0, 10.0, 30.0) if most > 1 else st.just(0.0),
        "initial_delay_seconds": first(0.0, 5.0, 60.0),
        "failure_limit": first(*sorted(range(least, min(most - streak, 3) + 1), key=abs)),
        "inconclusive_limit": st.integers(0, min(most, 2)),
        "consecutive_error_limit": first(4, 0, 1),
        "dry_run": st.booleans(),
        "retention": first(10, 1, 2),
        "on_no_data": first(None, *OnNoData),
        "min_samples": first(None, *range(min(most, 3) + 1)),
        "timeout_seconds": first(30.0, 1.0, 5.0),
        "error_backoff_seconds": first(10.0, 1.0),
        "error_total_seconds": first(300.0, 0.0, 20.0),
    }


def analyses(
    *, measured: st.SearchStrategy[Metric] | None = None, template: str = "checks"
) -> st.SearchStrategy[Analysis]:
    """Up to three metrics that are `measured` together, and what their queries need to know.

        @given(analyses())
        def test_no_two_metrics_have_one_name(analysis: Analysis) -> None:
            names = [metric.name for metric in analysis.metrics]
            assert len(set(names)) == len(names)

    `template` is the name of the AnalysisTemplate that it comes from, when it comes from one.
    """
    several = st.lists(metrics() if measured is None else measured, min_size=1, max_size=3, unique_by=_name)
    return st.builds(_analysis, several, first((), (template,)))


def _name(metric: Metric) -> str:
    return metric.name


def _analysis(measured: list[Metric], templates: tuple[str, ...]) -> Analysis:
    asked = [name for name in _ARGS if any(f"{{{{args.{name}}}}}" in str(one.query) for one in measured)]
    return Analysis(tuple(measured), tuple(_ARGS[name] for name in asked), templates)
