"""A release, played in virtual time: what people, builds and faults do to it, and what the trace says of it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from bluegreen import Healthy, Rollout, load
from bluegreen.backends.memory import NEVER
from bluegreen.engine.events import Acted
from bluegreen.record import Degraded, Paused, PauseReason, Reason
from bluegreen.spec import Analysis, Hook, HookPoint, Metric
from bluegreen.testing import invariants
from bluegreen.testing.simulator import (
    Ask,
    Build,
    Crash,
    DeleteElsewhere,
    Faults,
    Happening,
    LayerManners,
    Lose,
    NotHealthy,
    Partition,
    PodsFail,
    PointElsewhere,
    Refuse,
    Release,
    RepeatedOutcomes,
    ScaleElsewhere,
    Series,
    Silence,
    Slow,
    StaleLooks,
    Stall,
    Twin,
    World,
    simulate,
    steady,
    step,
)
from bluegreen.testing.trace import Trace
from tests.support.worlds import rollout

pytestmark = pytest.mark.property

ROOT = Path(__file__).parent.parent.parent
LIMIT = Metric("errors", "prometheus", {"query": "up"}, "result[0] < 0.05", count=4, interval_seconds=30)
CHECKED = Analysis((LIMIT,))


def released(*happenings: Happening, build: Build | None = None, on: Rollout | None = None, **world: object) -> Trace:
    """A release of `build` under a rollout of two layers with both analyses, checked; nobody has to promote."""
    declared = on or rollout(
        layers=("edge", "mesh"),
        pre_promotion_analysis=CHECKED,
        post_promotion_analysis=CHECKED,
        scale_down_delay_seconds=120,
    )
    trace = simulate(declared, World.of(declared, build or Build("v2"), **world), Faults(happenings))
    invariants.check(trace)
    return trace


def revision(trace: Trace, name: str) -> str:
    """The revision of this name."""
    return next(one for one, called in trace.names.items() if called == name)


def test_a_good_build_goes_live_on_every_layer_and_the_old_one_is_retired() -> None:
    trace = released()
    (promotion,) = trace.promotions
    assert (trace.names[promotion.revision], promotion.waived) == ("v2", "")
    assert promotion.gates == ("prePromotionAnalysis", "postPromotionAnalysis")
    assert timedelta(seconds=180) <= promotion.at < timedelta(seconds=200), "twice four measurements, 30 s apart"
    assert isinstance(trace.phase, Healthy)
    assert trace.rollback_time is None
    assert trace.moments[-1].truth.replicas(trace.names and revision(trace, "stable")) == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("metrics", [steady(1.0), step(1)])
def test_a_build_that_metrics_call_bad_never_has_live_traffic(metrics: Series) -> None:
    trace = released(build=Build("v2", metrics=metrics))
    assert trace.live(revision(trace, "v2")) == timedelta(0)  # type: ignore[arg-type]
    assert isinstance(trace.phase, Degraded)
    assert trace.phase.reason is Reason.GATE_FAILED
    assert trace.promotions == []


def test_a_build_that_gets_bad_once_it_is_live_is_taken_back_at_the_next_measurement() -> None:
    trace = released(build=Build("v2", live_metrics=step(40)))
    live = trace.live(revision(trace, "v2"))  # type: ignore[arg-type]
    assert timedelta(seconds=40) < live < timedelta(seconds=75)
    assert trace.rollback_time is not None
    assert trace.rollback_time < timedelta(seconds=5)
    assert isinstance(trace.phase, Degraded)


@pytest.mark.parametrize("silence", [Silence.NO_DATA, Silence.ERROR])
def test_a_build_of_which_nothing_can_be_measured_is_not_promoted(silence: Silence) -> None:
    trace = released(build=Build("v2", metrics=steady(silence)))
    assert trace.promotions == []
    assert isinstance(trace.phase, Paused | Degraded)


def test_a_build_that_never_gets_ready_never_has_live_traffic() -> None:
    trace = released(build=Build("v2", ready_after_s=NEVER))
    assert isinstance(trace.phase, Degraded)
    assert trace.phase.reason is Reason.PROGRESS_DEADLINE
    assert trace.dark == timedelta(0)


def test_a_build_that_dies_while_the_old_one_is_there_is_taken_back() -> None:
    on = rollout(scale_down_delay_seconds=600)
    trace = released(build=Build("v2", dies_after_s=60), on=on)
    assert isinstance(trace.phase, Degraded)
    assert trace.phase.reason is Reason.DIED
    assert timedelta(seconds=25) < trace.dark < timedelta(seconds=40), "30 s, then back to the one that is whole"


def test_somebody_promotes_what_has_waited_long_enough_and_nobody_leaves_it_waiting() -> None:
    on = rollout(auto_promotion_enabled=False)
    (promotion,) = released(on=on, promotes_after_s=90).promotions
    assert timedelta(seconds=90) < promotion.at < timedelta(seconds=100)
    left = released(on=on, promotes_after_s=None)
    assert left.promotions == []
    assert isinstance(left.phase, Paused)
    assert left.phase.reason is PauseReason.PERSON


def test_hooks_that_fail_fail_the_release() -> None:
    on = rollout(hooks=(Hook("migrate", HookPoint.BEFORE_PREVIEW, "command", {"argv": ["migrate"]}),))
    assert isinstance(released(on=on).phase, Healthy)
    trace = released(on=on, build=Build("v2", hooks_fail=True))
    assert isinstance(trace.phase, Degraded)
    assert "the step failed" in trace.phase.message


def test_builds_are_released_one_after_another() -> None:
    declared = rollout()
    releases = (Release(Build("v2")), Release(Build("v3"), at_s=600))
    trace = simulate(declared, World.of(declared, releases=releases))
    invariants.check(trace)
    assert [(trace.names[one.revision], one.at >= timedelta(seconds=600)) for one in trace.promotions] == [
        ("v2", False),
        ("v3", True),
    ]


EVERY_FAULT: list[Happening] = [
    Crash(3),
    Crash(0, before="edge point"),
    Crash(0, after="edge point"),
    Crash(0, on="Saved", times=2, clock_s=-3600),
    Twin(1, clock_s=0.5),
    Stall(0, "edge point", 200),
    Partition(0, "layer mesh", 60),
    Partition(0, "workloads", 60, "A"),
    Partition(0, "records", 60),
    Refuse(0, "edge point", 2),
    Lose(0, "mesh point"),
    StaleLooks(1),
    RepeatedOutcomes(1, 5),
    PodsFail(100, "v2", 1, 20),
    Slow(0, "edge", 10),
    PointElsewhere(50, "edge", "nothing"),
    ScaleElsewhere(50, "stable", 0),
    DeleteElsewhere(300, "stable"),
    Ask(1, "pause"),
    Ask(1, "scale 3"),
    Ask(1, "promote-full"),
    Ask(1, "abort"),
    Ask(50, "apply stable"),
]


def told(trace: Trace) -> list[tuple[str, str]]:
    """Who did what, in short."""
    return [(one.who, str(one.event)[:300]) for one in trace.moments]


@cache
def undisturbed() -> list[tuple[str, str]]:
    """What is told of the release when nothing happens."""
    return told(released())


@pytest.mark.parametrize("fault", EVERY_FAULT, ids=str)
def test_whatever_happens_leaves_its_mark_and_does_no_harm(fault: Happening) -> None:
    """Each fault is one that the undisturbed release does not have: the trace is another one with it."""
    assert told(released(fault)) != undisturbed()


def test_a_crash_after_a_write_that_nobody_heard_of_still_promotes() -> None:
    trace = released(Crash(0, after="edge point"))
    assert [trace.names[one.revision] for one in trace.promotions] == ["v2"]
    assert [str(one.event) for one in trace.moments if one.who == "A" and "killed" in str(one.event)] == ["is killed"]


def test_an_engine_that_cannot_reach_a_layer_undoes_what_it_had_moved() -> None:
    """The second layer is away for longer than its deadline, just as the first one has moved."""
    trace = released(Partition(100, "layer mesh", 400), layers={"edge": LayerManners(converge_after_s=20)})
    assert isinstance(trace.phase, Degraded)
    assert trace.phase.reason is Reason.LAYER_DEADLINE
    assert {layer.active for layer in trace.moments[-1].truth.layers.values()} == {revision(trace, "stable")}


def test_a_declared_template_that_never_gets_healthy_is_said_to_be_no_place_to_begin() -> None:
    declared = rollout()
    with pytest.raises(NotHealthy, match="does not become Healthy"):
        simulate(declared, World.of(declared, stable=Build("stable", ready_after_s=NEVER)))


def test_layers_behave_as_the_world_says() -> None:
    slow = {"edge": LayerManners(converge_after_s=20, drains_after_s=5)}
    quick = released().promotions[0].at
    assert released(layers=slow).promotions[0].at - quick == pytest.approx(
        timedelta(seconds=20), abs=timedelta(seconds=3)
    )


def test_the_article_is_played_as_it_is_written() -> None:
    """Five measurements 30 s apart and one failure forgiven: a build that gets bad after a minute is live for less than
    two, and one that gets bad after three is not noticed at all, for nothing looks any more."""
    article = load(str(ROOT / "examples/article/as-written"))
    early = World.of(article, Build("next", live_metrics=step(60)))
    trace = simulate(article, early)
    invariants.check(trace)
    assert timedelta(minutes=1) < trace.live(early.bad) < timedelta(minutes=2)
    late = World.of(article, Build("next", live_metrics=step(180)))
    assert isinstance(simulate(article, late).phase, Healthy)


def test_the_same_arguments_give_the_same_bytes_in_another_process_too() -> None:
    program = """
from bluegreen import load
from bluegreen.testing import timeline
from bluegreen.testing.simulator import simulate
from bluegreen.testing.simulator.scenarios import scenario
from bluegreen.testing.trace import words
rollout = load("examples/article/as-written")
trace = simulate(rollout, *scenario("random", rollout, 5))
print(*timeline.lines(trace), *map(words, trace.moments), sep="\\n")
"""
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
    assert len(said.pop()) > 5000


@pytest.mark.parametrize("dies", [False, True])
def test_a_write_that_was_held_up_for_minutes_still_lands_and_does_no_harm(dies: bool) -> None:
    """Its engine gave it up after ten seconds, or died meanwhile; somebody aborted, and the next one fenced it."""
    crash = (Crash(98, back_after_s=5),) if dies else ()
    trace = released(Stall(0, "edge point", 200), Ask(100, "abort"), *crash)
    told_late = [one.event for one in trace.moments if isinstance(one.event, str) and " late" in one.event]
    assert told_late == ["comes too late with layer edge point: layer edge changed since it was read"]


def test_a_write_that_lands_late_on_what_nobody_changed_is_the_engines_own() -> None:
    """Nobody fences it, for it is still wanted: the layer moves when it lands."""
    trace = released(Stall(0, "workloads ensure", 100), build=Build("v2"))
    late = next(one for one in trace.moments if str(one.event) == "has made workloads ensure, late")
    assert isinstance(trace.moments[late.number - 1].event, Acted)
    assert [trace.names[one.revision] for one in trace.promotions] == ["v2"]
