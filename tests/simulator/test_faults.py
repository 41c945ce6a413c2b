"""Faults do what they say, no less and no more; and one that could never happen is said to be a mistake."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bluegreen.testing.simulator import (
    Ask,
    Build,
    Crash,
    Faults,
    Happening,
    MisfitFaults,
    Partition,
    PodsFail,
    PointElsewhere,
    Refuse,
    Slow,
    Stall,
    World,
    simulate,
    steady,
    step,
)
from bluegreen.testing.trace import Trace
from tests.simulator.test_simulate import CHECKED
from tests.support.worlds import rollout

pytestmark = pytest.mark.property

R = rollout(layers=("edge", "edge-2"))


def played(*happenings: Happening) -> Trace:
    """A release of v2, ready after 30 s, on two layers."""
    return simulate(R, World.of(R, Build("v2", 30)), Faults(happenings))


def promoted_at(*happenings: Happening) -> timedelta:
    """When it was done."""
    (promotion,) = played(*happenings).promotions
    return promotion.at


def test_of_two_partitions_of_one_part_the_longer_one_holds() -> None:
    long = Partition(5, "workloads", 300)
    assert promoted_at(long) >= timedelta(seconds=305)
    assert promoted_at(long, Partition(6, "workloads", 10, "A")) >= timedelta(seconds=305)
    assert promoted_at(Partition(5, "workloads", 60), Partition(20, "workloads", 100)) >= timedelta(seconds=120)


def test_an_engine_that_is_started_anew_is_as_cut_off_as_the_one_before() -> None:
    cut = Partition(5, "workloads", 300, "A")
    assert promoted_at(cut, Crash(10, back_after_s=1)) >= timedelta(seconds=305)


def test_a_layer_is_cut_off_alone_whatever_the_others_are_called() -> None:
    told = [str(one.event) for one in played(Partition(5, "layer edge", 20)).moments]
    unseen = [one for one in told if "Unobserved" in one]
    assert unseen
    assert all(one.count("Unobserved") == 1 for one in unseen)


def test_so_many_calls_are_refused_and_no_more_and_each_is_told() -> None:
    told = [str(one.event) for one in played(Refuse(0, "point", 1)).moments]
    assert [one for one in told if one.startswith("is refused")] == ["is refused layer edge point"]


def test_a_provider_can_refuse_too() -> None:
    declared = rollout(pre_promotion_analysis=CHECKED)
    trace = simulate(declared, faults=Faults((Refuse(0, "metrics", 2),)))
    refused = [one for one in trace.moments if str(one.event) == "is refused metrics prometheus measure"]
    assert len(refused) == 2


def test_what_metrics_say_of_a_live_build_is_what_is_said_of_live_ones() -> None:
    declared = rollout(pre_promotion_analysis=CHECKED, post_promotion_analysis=CHECKED)
    better = Build("v2", metrics=step(100), live_metrics=steady(0.0))
    assert len(simulate(declared, World.of(declared, better)).promotions) == 1


def test_two_different_builds_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two different builds are named 'x'"):
        World.of(R, Build("x", metrics=steady(1.0)), Build("x"))


MISFITS: list[tuple[Happening, str]] = [
    (Partition(0, "layer egde"), "there is no part 'layer egde'; did you mean 'layer edge'?"),
    (Partition(0, "workloads", float("inf")), "for_s has to be a number of seconds"),
    (PodsFail(0, "v3"), "there is no build 'v3'; did you mean 'v2'?"),
    (PointElsewhere(0, "edge", "noting"), "there is no build 'noting'; did you mean 'nothing'?"),
    (PointElsewhere(0, "front", "v2"), "there is no layer 'front'"),
    (Slow(0, "mesh"), "there is no layer 'mesh'"),
    (Crash(0, on="Safed"), "there is no event 'Safed'; did you mean 'Saved'?"),
    (Crash(0, before="pont"), "there is no call 'pont'"),
    (Stall(0, "typo"), "there is no call 'typo'"),
    (Refuse(0, "typo"), "there is no call 'typo'"),
    (Ask(0, "aprove x"), "there is no wish 'aprove'; did you mean 'approve'?"),
    (Ask(0, "scale x"), "scale to how many? 'x' is no number"),
    (Ask(0, "apply v9"), "there is no build 'v9'"),
]


@pytest.mark.parametrize(("wrong", "said"), MISFITS, ids=[str(one) for one, _ in MISFITS])
def test_a_fault_that_could_never_happen_is_named(wrong: Happening, said: str) -> None:
    with pytest.raises(MisfitFaults) as refused:
        played(wrong)
    assert said in str(refused.value)
    assert str(wrong) in str(refused.value)


def test_layers_and_builds_have_names_that_fit_any_rollout() -> None:
    played(PointElsewhere(40, "last", "stable"), PodsFail(40, "next"), Slow(0, "first"), Ask(60, "apply later"))
