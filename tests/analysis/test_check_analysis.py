"""What makes an analysis or a hook unusable, each with its place and its remedy."""

from __future__ import annotations

import math
from typing import Any

import pytest

from bluegreen.spec import Analysis, Comparison, Hook, HookPoint, Metric, OnDeadline
from bluegreen.spec.check_analysis import COUNT_MAX, analysis_problems, hook_problems, metric_problems
from tests.support.measuring import metric


def problems(**fields: Any) -> list[tuple[tuple[str | int, ...], str]]:
    """Where something is wrong with a metric that is otherwise fine, and what."""
    given: dict[str, Any] = {"count": 3, **fields}
    return [(one.path, one.message) for one in metric_problems(metric(**given))]


def test_nothing_is_wrong_with_what_is_usual() -> None:
    assert problems() == []
    assert problems(count=COUNT_MAX, failure_limit=COUNT_MAX) == []
    assert problems(comparison=Comparison(tolerance=0, confidence=0.5), min_samples=3, inconclusive_limit=3) == []
    assert metric_problems(Metric("one", "told")) == []


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({"count": 0}, ("count",), "0 is too small"),
        ({"inconclusive_limit": -1}, ("inconclusiveLimit",), "-1 is too small"),
        ({"consecutive_error_limit": -1}, ("consecutiveErrorLimit",), "-1 is too small"),
        ({"consecutive_success_limit": -1}, ("consecutiveSuccessLimit",), "-1 is too small"),
        ({"min_samples": -1}, ("minSamples",), "-1 is too small"),
        ({"retention": 0}, ("retention",), "0 is too small"),
        ({"interval_seconds": -1}, ("interval",), "-1 s is no time that can be waited"),
        ({"interval_seconds": math.nan}, ("interval",), "nan s is no time that can be waited"),
        ({"initial_delay_seconds": math.inf}, ("initialDelay",), "inf s is no time that can be waited"),
        ({"timeout_seconds": 0}, ("timeoutSeconds",), "0 s is no time that can be waited"),
        ({"error_backoff_seconds": 0}, ("errorBackoffSeconds",), "0 s is no time that can be waited"),
        ({"error_total_seconds": -1}, ("errorTotalSeconds",), "-1 s is no time that can be waited"),
        ({"comparison": Comparison(tolerance=-0.1)}, ("comparison", "tolerance"), "a share of the active revision's"),
        ({"comparison": Comparison(tolerance=math.nan)}, ("comparison", "tolerance"), "a share of the active"),
        ({"comparison": Comparison(confidence=1)}, ("comparison", "confidence"), "a confidence from 0.5 to below 1"),
        ({"comparison": Comparison(confidence=0.4)}, ("comparison", "confidence"), "a confidence from 0.5"),
        ({"count": COUNT_MAX + 1}, ("count",), "10001 measurements are too many"),
        ({"interval_seconds": 0}, ("interval",), "3 measurements need a time between them"),
        ({"count": None}, ("count",), "an interval without a count would measure for ever"),
        ({"failure_limit": -1}, ("failureLimit",), "without a limit of failures nothing could fail"),
        ({"failure_limit": 4}, ("count",), "count (3) is below failureLimit + consecutiveSuccessLimit (4)"),
        ({"failure_limit": 2, "consecutive_success_limit": 2}, ("count",), "count (3) is below failureLimit"),
        ({"inconclusive_limit": 4}, ("inconclusiveLimit",), "it is above count (3)"),
        ({"min_samples": 4}, ("minSamples",), "count (3) measurements cannot give 4 samples"),
        ({"name": ""}, ("name",), "a metric needs a name"),
    ],
)
def test_what_cannot_be_used_is_said_at_its_place(
    fields: dict[str, Any], path: tuple[str | int, ...], message: str
) -> None:
    found = problems(**fields)
    assert path in [where for where, _ in found]
    assert next(what for where, what in found if where == path).startswith(message)


def test_a_count_below_nothing_is_one_mistake() -> None:
    """Nothing is said of what would not fit into it."""
    for more in ({}, {"min_samples": 2}, {"failure_limit": 3, "inconclusive_limit": 2}):
        assert problems(count=-1, **more) == [(("count",), "-1 is too small")]


def test_a_metric_needs_a_provider() -> None:
    assert [one.message for one in metric_problems(Metric("one", ""))] == ["a metric needs a provider"]


def test_an_analysis_names_the_metric_at_fault() -> None:
    found = analysis_problems(
        Analysis((metric("a", count=2), metric("b", count=0), metric("a", count=2))), ("spec", "pre")
    )
    assert [(one.path, one.message) for one in found] == [
        (("spec", "pre", "metrics", 1, "count"), "0 is too small"),
        (("spec", "pre", "metrics", 2, "name"), "two metrics are named 'a'"),
    ]


def test_no_metric_is_called_as_one_colour_of_another() -> None:
    """They would take each other's measurements for their own."""
    two, one = metric("a", count=2, comparison=Comparison()), metric("a/active", count=2)
    assert [one.path for one in analysis_problems(Analysis((two, one)), ("pre",))] == [("pre", "metrics", 1, "name")]
    assert analysis_problems(Analysis((metric("a", count=2), one)), ("pre",)) == []


def test_an_analysis_measures_something() -> None:
    found = analysis_problems(Analysis(()), ("pre",))
    assert [(one.path, one.message) for one in found] == [(("pre", "metrics"), "nothing is measured")]


def test_hooks_are_checked_where_they_stand() -> None:
    def hook(name: str = "migrate", point: HookPoint = HookPoint.BEFORE_PREVIEW, **fields: Any) -> Hook:
        return Hook(name, point, "command", **fields)

    good = [hook(), hook("migrate-2"), hook(point=HookPoint.ON_ABORT), hook("x", deadline_seconds=1)]
    assert hook_problems(good, ("hooks",)) == []
    bad = [
        hook(),
        hook("Migrate!"),
        hook(),
        hook("late", HookPoint.ON_ABORT, deadline_seconds=0),
        hook("held", HookPoint.ON_ABORT, on_deadline=OnDeadline.HOLD),
    ]
    assert [(one.path, one.message) for one in hook_problems(bad, ("hooks",))] == [
        (("hooks", "beforePreview", 1, "name"), "'Migrate!' is no name for a hook"),
        (("hooks", "beforePreview", 2, "name"), "two hooks at beforePreview are named 'migrate'"),
        (("hooks", "onAbort", 0, "deadlineSeconds"), "0 is too small"),
        (
            ("hooks", "onAbort", 1, "onDeadline"),
            "nothing can be held any more when a release has failed, only the next one",
        ),
    ]
