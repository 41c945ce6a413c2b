"""Rollouts and manifests with one thing wrong: for those who show errors to people, and for our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, Generic, TypeVar

import yaml
from attrs import evolve, frozen
from hypothesis import strategies as st

from bluegreen.errors import Problem
from bluegreen.gates import ManualGate
from bluegreen.spec import JSON, Analysis, BlueGreen, Hook, HookPoint, Metric, OnDeadline, Rollout, RouterSpec
from bluegreen.testing.strategies.analyses import analyses
from bluegreen.testing.strategies.manifests import documents
from bluegreen.testing.strategies.rollouts import rollouts

T = TypeVar("T")
Place = tuple[str | int, ...]


@frozen
class NearValid(Generic[T]):
    """A thing that would be valid but for what is wrong at `place`, in the manifest's words; `what` says what it is."""

    place: Place
    what: str
    thing: T

    def named_in(self, problem: Problem) -> bool:
        """Whether this problem is about the place."""
        return problem.path[-len(self.place) :] == self.place


_Broken = tuple[Place, str, Callable[[Rollout], Rollout]]
_BLUE_GREEN: Final = ("spec", "strategy", "blueGreen")


def _own(**fields: Any) -> Callable[[Rollout], Rollout]:
    return lambda rollout: evolve(rollout, **fields)


def _strategy(change: Callable[[BlueGreen], BlueGreen]) -> Callable[[Rollout], Rollout]:
    return lambda rollout: evolve(rollout, strategy=change(rollout.strategy))


def _set(**fields: Any) -> Callable[[Rollout], Rollout]:
    return _strategy(lambda strategy: evolve(strategy, **fields))


def _policy(**fields: Any) -> Callable[[Rollout], Rollout]:
    return lambda rollout: evolve(rollout, policy=evolve(rollout.policy, **fields))


def _metric(change: Callable[[Metric], Metric]) -> Callable[[Rollout], Rollout]:
    def changed(strategy: BlueGreen) -> BlueGreen:
        analysis = strategy.pre_promotion_analysis
        assert analysis is not None, "it is pinned"
        first, *others = analysis.metrics
        return evolve(strategy, pre_promotion_analysis=evolve(analysis, metrics=(change(first), *others)))

    return _strategy(changed)


def _with(**fields: Any) -> Callable[[Rollout], Rollout]:
    return _metric(lambda metric: evolve(metric, **fields))


def _hook(name: str = "step", point: HookPoint = HookPoint.BEFORE_PREVIEW, **more: Any) -> Callable[[Rollout], Rollout]:
    return _policy(hooks=(Hook(name, point, "command", {"argv": ["go"]}, **more),))


_PRE: Final = (*_BLUE_GREEN, "prePromotionAnalysis")
_FIRST: Final = (*_PRE, "metrics", 0)
_ROLLOUTS: Final[tuple[_Broken, ...]] = (
    (("spec", "replicas"), "a negative number", _own(replicas=-1)),
    (("spec", "minReadySeconds"), "a negative number", _own(min_ready_seconds=-1)),
    (("spec", "minReadySeconds"), "not below the deadline", _own(min_ready_seconds=60, progress_deadline_seconds=60)),
    (("spec", "progressDeadlineSeconds"), "no time at all", _own(progress_deadline_seconds=0)),
    (("spec", "rollbackWindow", "revisions"), "a negative number", _own(rollback_window_revisions=-1)),
    (("spec", "revisionHistoryLimit"), "a negative number", _own(revision_history_limit=-1)),
    (("spec", "analysis", "successfulRunHistoryLimit"), "a negative number", _own(successful_run_history_limit=-1)),
    (("spec", "analysis", "unsuccessfulRunHistoryLimit"), "a negative number", _own(unsuccessful_run_history_limit=-1)),
    (("metadata", "name"), "no name", _own(name="")),
    ((*_BLUE_GREEN, "activeService"), "no Service", _set(active_service="", preview_service="")),
    (
        (*_BLUE_GREEN, "previewService"),
        "the active Service",
        _strategy(lambda s: evolve(s, preview_service=s.active_service)),
    ),
    ((*_BLUE_GREEN, "previewReplicaCount"), "no replica", _set(preview_replica_count=0)),
    ((*_BLUE_GREEN, "autoPromotionSeconds"), "a negative number", _set(auto_promotion_seconds=-1)),
    ((*_BLUE_GREEN, "scaleDownDelaySeconds"), "a negative number", _set(scale_down_delay_seconds=-1)),
    ((*_BLUE_GREEN, "scaleDownDelayRevisionLimit"), "more than are kept", _set(scale_down_delay_revision_limit=11)),
    ((*_BLUE_GREEN, "abortScaleDownDelaySeconds"), "a negative number", _set(abort_scale_down_delay_seconds=-1)),
    (("spec", "policy", "layerDeadlineSeconds"), "no time at all", _policy(layer_deadline_seconds=0)),
    (("spec", "policy", "settleSeconds"), "a negative number", _policy(settle_seconds=-0.5)),
    (("spec", "policy", "drain", "minSeconds"), "a negative number", _policy(drain_min_seconds=-1)),
    (("spec", "policy", "routers"), "no layer", _policy(routers=())),
    (("spec", "policy", "routers", 1, "name"), "two layers of one name", _policy(routers=(RouterSpec(), RouterSpec()))),
    (("spec", "policy", "hooks", "beforePreview", 0, "name"), "no name for a hook", _hook("Not A Name")),
    (("spec", "policy", "hooks", "beforePreview", 0, "deadlineSeconds"), "no time at all", _hook(deadline_seconds=0)),
    (
        ("spec", "policy", "hooks", "onAbort", 0, "onDeadline"),
        "nothing to hold",
        _hook(point=HookPoint.ON_ABORT, on_deadline=OnDeadline.HOLD),
    ),
    (("gates",), "a gate that is named like a second run", _own(gates=(ManualGate("mine.2"),))),
    (("gates",), "two gates of one name", _own(gates=(ManualGate("mine"), ManualGate("mine")))),
    ((*_PRE, "metrics"), "nothing is measured", _set(pre_promotion_analysis=Analysis(()))),
    ((*_FIRST, "name"), "no name", _with(name="")),
    ((*_FIRST, "provider"), "no provider", _with(provider="")),
    ((*_FIRST, "count"), "measured for ever", _with(count=None, interval_seconds=5.0)),
    ((*_FIRST, "interval"), "no time between", _with(count=10_000, interval_seconds=0.0)),
    ((*_FIRST, "failureLimit"), "nothing could fail", _with(failure_limit=-1, consecutive_success_limit=0)),
    (
        (*_FIRST, "inconclusiveLimit"),
        "could not be exceeded",
        _metric(lambda m: evolve(m, inconclusive_limit=m.wanted + 1)),
    ),
    ((*_FIRST, "consecutiveErrorLimit"), "a negative number", _with(consecutive_error_limit=-1)),
    ((*_FIRST, "retention"), "nothing is kept", _with(retention=0)),
    ((*_FIRST, "timeoutSeconds"), "no time at all", _with(timeout_seconds=0.0)),
    ((*_FIRST, "errorBackoffSeconds"), "no time at all", _with(error_backoff_seconds=0.0)),
)


def near_valid_rollouts() -> st.SearchStrategy[NearValid[Callable[[], Rollout]]]:
    """A rollout with one thing wrong; `thing` makes it, and raises the `SpecError` that names the place.

    @given(near_valid_rollouts())
    def test_each_is_refused_for_what_is_wrong_with_it(broken: NearValid[Callable[[], Rollout]]) -> None:
        with pytest.raises(SpecError) as refused:
            broken.thing()
        assert any(broken.named_in(problem) for problem in refused.value.problems)
    """
    whole = rollouts(pre_promotion_analysis=analyses())
    return st.builds(_broken, whole, st.sampled_from(_ROLLOUTS))


def _broken(rollout: Rollout, broken: _Broken) -> NearValid[Callable[[], Rollout]]:
    place, what, change = broken
    return NearValid(place, what, lambda: change(rollout))


def near_valid_manifests() -> st.SearchStrategy[NearValid[str]]:
    """The YAML of a rollout with one thing wrong: a field is misspelt, is of the wrong kind, or is missing.

    @given(near_valid_manifests())
    def test_what_is_said_names_the_place(broken: NearValid[str]) -> None:
        with pytest.raises(ManifestError) as refused:
            load(broken.thing)
        assert any(broken.named_in(problem) for problem in refused.value.problems), broken.what
    """
    return rollouts(gates=()).flatmap(_near_valid)


def _near_valid(rollout: Rollout) -> st.SearchStrategy[NearValid[str]]:
    whole = documents(rollout)
    ways = [(number, *way) for number, document in enumerate(whole) for way in _ways(document)]
    return st.sampled_from(ways).map(lambda way: _written(whole, *way))


_REQUIRED: Final = (
    ("spec", "strategy", "blueGreen", "activeService"),
    ("spec", "strategy"),
    ("spec", "template"),
    ("spec", "selector"),
    ("spec", "rolloutRef"),
    ("metadata", "name"),
)
_OPEN: Final = (
    "template",
    "selector",
    "provider",
    "probe",
    "env",
    "headers",
    "body",
    "listen",
    "hosts",
    "antiAffinity",
)
"""Below these, and in what a layer's adapter is told, names are not ours, or another rule says what is wrong."""


def _ways(document: dict[str, JSON]) -> Iterator[tuple[str, Place]]:
    """What can be done to a document so that it is wrong, and where."""
    yield from (("missing", place) for place in _REQUIRED if _at(document, place) is not None)
    for place in _fields(document.get("spec"), ("spec",)):
        yield "misspelt", place
        yield "of the wrong kind", place


def _fields(value: JSON, place: Place) -> Iterator[Place]:
    """The places of all fields at and below this one whose names are ours."""
    if isinstance(value, dict):
        for key, below in value.items():
            if key not in _OPEN and place[-2:-1] != ("metrics",):
                yield (*place, key)
                if place[-2:-1] != ("routers",):
                    yield from _fields(below, (*place, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _fields(below, (*place, index))


def _at(value: JSON, place: Place) -> JSON:
    for part in place:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _written(whole: list[dict[str, JSON]], number: int, way: str, place: Place) -> NearValid[str]:
    changed = [_changed(one, way, place) if at == number else one for at, one in enumerate(whole)]
    where = place if way != "misspelt" else (*place[:-1], f"{place[-1]}x")
    return NearValid(where, f"{way}: {'.'.join(map(str, place))}", yaml.safe_dump_all(changed, sort_keys=False))


def _changed(value: JSON, way: str, place: Place) -> JSON:
    first, *rest = place
    if rest:
        if isinstance(value, list):
            return [_changed(one, way, tuple(rest)) if at == first else one for at, one in enumerate(value)]
        return {key: _changed(one, way, tuple(rest)) if key == first else one for key, one in value.items()}
    if way == "missing":
        return {key: one for key, one in value.items() if key != first}
    if way == "misspelt":
        return {f"{key}x" if key == first else key: one for key, one in value.items()}
    return {key: _of_another_kind(one) if key == first else one for key, one in value.items()}


def _of_another_kind(value: JSON) -> JSON:
    return "neither a list nor an object" if isinstance(value, dict | list) else {"not": ["at", "all"]}
