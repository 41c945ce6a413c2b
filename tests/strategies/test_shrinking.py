"""What each strategy shrinks to is the plainest thing there is that has what is looked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import Phase, find, settings
from hypothesis import strategies as st

from bluegreen.backends.memory import NEVER
from bluegreen.manifests import load
from bluegreen.spec import Analysis, BlueGreen, Comparison, Direction, Metric, Rollout
from bluegreen.testing.simulator import (
    Ask,
    Build,
    Crash,
    Faults,
    LayerManners,
    PointElsewhere,
    Release,
    ScaleElsewhere,
    Series,
    Silence,
    Twin,
    World,
    flapping,
    ramp,
    steady,
    step,
)
from bluegreen.testing.strategies import (
    LASTING,
    analyses,
    bad_builds,
    commands,
    fault_plans,
    good_builds,
    manifests,
    metrics,
    near_valid_manifests,
    near_valid_rollouts,
    rollouts,
    series,
    worlds,
)
from bluegreen.testing.strategies.choosing import ROUND_S, seconds
from tests.strategies.sketch import POLICY

pytestmark = pytest.mark.property

T = TypeVar("T")
ENOUGH = settings(max_examples=2000, database=None, phases=[Phase.generate, Phase.shrink], derandomize=True)
SHOP = load(POLICY)
BAD = Build("next", metrics=steady(1.0))
QUERY = {"address": "http://prometheus.monitoring:9090", "query": "up"}
UP = Metric("errors", "prometheus", QUERY, success_condition="result[0] >= 0.95")
PLAIN: dict[str, Any] = {
    "name": "shop",
    "template": {
        "metadata": {"labels": {"app": "shop"}},
        "spec": {"containers": [{"name": "shop", "image": "shop:v1"}]},
    },
}


def plainest(strategy: st.SearchStrategy[T], wanted: Callable[[T], object] = lambda _: True) -> T:
    """What it shrinks to, among those that have what is wanted."""
    return find(strategy, lambda one: bool(wanted(one)), settings=ENOUGH)


def shop(**strategy: Any) -> Rollout:
    """The plainest rollout, but for these fields of its strategy."""
    return Rollout(strategy=BlueGreen("shop", **strategy), **PLAIN)


def has(kind: type, **fields: Any) -> Callable[[Faults], bool]:
    """Whether something of this kind, with these fields, happens."""
    return lambda faults: any(
        isinstance(one, kind) and all(getattr(one, name) == value for name, value in fields.items())
        for one in faults.happenings
    )


def test_a_rollout_is_left_at_its_defaults() -> None:
    assert plainest(rollouts()) == shop()


@pytest.mark.property
def test_a_rollout_has_what_is_needed_and_nothing_more() -> None:
    assert plainest(rollouts(), lambda one: one.strategy.pre_promotion_analysis) == shop(
        pre_promotion_analysis=Analysis((UP,))
    )
    assert plainest(rollouts(), lambda one: not one.strategy.auto_promotion_enabled) == shop(
        auto_promotion_enabled=False
    )


def test_a_metric_is_measured_once() -> None:
    assert plainest(metrics()) == UP
    assert plainest(metrics(), lambda one: one.comparison).comparison == Comparison(Direction.HIGHER)
    assert plainest(metrics(), lambda one: one.wanted > 2).count == 3


def test_an_analysis_has_one_metric() -> None:
    assert plainest(analyses()) == Analysis((UP,))
    assert [one.name for one in plainest(analyses(), lambda one: len(one.metrics) > 1).metrics] == ["errors", "latency"]


def test_a_manifest_is_one_document_of_what_is_required() -> None:
    assert load(plainest(manifests())) == shop()
    assert "---" not in plainest(manifests())


@pytest.mark.property
def test_what_is_near_valid_is_plain_but_for_one_thing() -> None:
    assert plainest(near_valid_manifests()).what == "missing: spec.strategy.blueGreen.activeService"
    assert plainest(near_valid_rollouts()).place == ("spec", "replicas")


def test_a_world_has_one_build_that_is_bad_from_the_start() -> None:
    assert plainest(worlds(SHOP)) == World(SHOP.template, (Release(BAD),))


def test_a_world_without_badness_has_one_plain_build() -> None:
    assert plainest(worlds(SHOP, bad=False)) == World(SHOP.template)


def test_a_world_has_what_is_needed_and_nothing_more() -> None:
    assert plainest(worlds(SHOP), lambda one: one.layers) == World(
        SHOP.template, (Release(BAD),), layers={"service": LayerManners()}
    )
    assert plainest(worlds(SHOP, releases=3), lambda one: len(one.releases) > 1) == World(
        SHOP.template, (Release(BAD), Release(Build("later")))
    )
    assert plainest(worlds(SHOP), lambda one: one.promotes_after_s is None).promotes_after_s is None


@pytest.mark.parametrize(
    ("kind", "build"),
    [
        ("bad from the start", BAD),
        ("bad after a while", Build("next", metrics=step(0.0))),
        ("bad when live", Build("next", live_metrics=step(0.0))),
        ("worse and worse", Build("next", live_metrics=ramp(0.0, 10.0))),
        ("flapping", Build("next", live_metrics=flapping(20.0))),
        ("never ready", Build("next", NEVER)),
        ("crash loop", Build("next", dies_after_s=1.0)),
        ("hooks fail", Build("next", hooks_fail=True)),
    ],
)
def test_a_bad_build_is_plain_in_every_kind(kind: str, build: Build) -> None:
    assert plainest(bad_builds(kinds=[kind])) == build
    assert build.bad


def test_of_all_kinds_of_badness_the_plainest_is_being_bad_from_the_start() -> None:
    assert LASTING[0] == "bad from the start"
    assert plainest(bad_builds()) == BAD


def test_a_good_build_is_the_default() -> None:
    assert plainest(good_builds()) == Build("next")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (lambda one: True, steady()),
        (lambda one: one.at(100) == 1, steady(1.0)),
        (lambda one: one.at(5) == 0 and one.at(100) == 1, step(10.0)),
        (lambda one: one.at(30) is Silence.NAN, steady(Silence.NAN)),
        (lambda one: one.every_s, flapping(20.0)),
        (lambda one: any(piece.per_s for piece in one.pieces), ramp(0.0, 10.0)),
    ],
)
def test_a_series_is_as_steady_as_it_can_be(wanted: Callable[[Series], object], found: Series) -> None:
    assert plainest(series(), wanted) == found


def test_nothing_goes_wrong_that_need_not() -> None:
    assert plainest(fault_plans(crashes=2, outsiders=1)) == Faults()
    assert plainest(fault_plans(crashes=2, outsiders=1), has(ScaleElsewhere)) == Faults(
        (ScaleElsewhere(0.0, "stable", 0),)
    )


@pytest.mark.property
def test_of_many_that_may_go_wrong_those_are_left_that_are_needed() -> None:
    anything = fault_plans(SHOP, crashes=None, twins=1, partitions=None, outsiders=None, commands=3)
    found = plainest(anything, lambda one: has(PointElsewhere, at="foreign")(one) and has(Twin)(one))
    assert found == Faults((Twin(0.0), PointElsewhere(0.0, "service", "foreign")))


def test_moments_become_round_ones() -> None:
    late = plainest(fault_plans(crashes=2), lambda one: one.last_s > 100)
    assert late == Faults((Crash(120.0),))


@pytest.mark.parametrize("least_s", [0.5, 7.0, 25.0, 61.0, 299.0])
def test_a_time_is_round_where_a_round_one_will_do(least_s: float) -> None:
    assert plainest(seconds(600.0), lambda one: one > least_s) in ROUND_S


def test_an_odd_moment_is_found_where_only_an_odd_one_will_do() -> None:
    assert 41.0 < plainest(seconds(600.0), lambda one: 41 < one < 43) < 43


def test_people_ask_for_as_little_as_they_can() -> None:
    assert plainest(commands(SHOP)) == Faults()
    assert plainest(commands(SHOP), has(Ask, what="abort")) == Faults((Ask(0.0, "abort"),))
