"""The scenarios that are tried: first those that need no timing, then those placed by how a good release goes."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bluegreen.backends.memory import NEVER
from bluegreen.gates import HookGate, Stage
from bluegreen.record import PauseReason
from bluegreen.spec import Rollout
from bluegreen.spec.check import POST_ANALYSIS, PRE_ANALYSIS
from bluegreen.testing.simulator import (
    Ask,
    Crash,
    Happening,
    Partition,
    PodsFail,
    PointElsewhere,
    Refuse,
    Series,
    Silence,
    steady,
    step,
)
from bluegreen.testing.verifying.assumptions import Assumptions
from bluegreen.testing.verifying.declared import load_of, measured_of, metrics_of
from bluegreen.testing.verifying.scenario import BUILD, Builds, Scenario, horizon_s, takes_s, waits_for_people
from bluegreen.testing.verifying.seen import Seen
from bluegreen.testing.verifying.words import span

SHOWS_AFTER_S = (0.0, 30.0, 120.0, 600.0)
"""A build turns bad so long after it has live traffic, beside what is assumed."""
DEAD_S = 600.0
"""A build that dies stays so for so long: nothing restarts it by then."""
SILENCES = (Silence.NO_DATA, Silence.NAN, Silence.ERROR)
_SILENT_STORY = {
    Silence.NO_DATA: "has no data in any metric",
    Silence.NAN: "has NaN in every metric",
    Silence.ERROR: "is good, and no metric provider answers",
}


def first_family(rollout: Rollout, assumptions: Assumptions) -> list[Scenario]:
    """What needs no timing: builds of every kind, measurements that are silent, people who do not come."""
    found = [Scenario("good", "is good", Builds(assumptions.ready_s).good())]
    found += _unattended(rollout, assumptions)
    found += _never_ready(rollout, assumptions)
    found += _measured(rollout, assumptions)
    found += _hooks(rollout, assumptions)
    found += [bad_live(rollout, assumptions, after_s) for after_s in _shows_after(rollout, assumptions)]
    return found


def _unattended(rollout: Rollout, assumptions: Assumptions) -> Iterator[Scenario]:
    if waits_for_people(rollout):
        story = "is good, and nobody promotes it"
        yield Scenario("nobody-comes", story, Builds(assumptions.ready_s).good(), attended=False)


def _never_ready(rollout: Rollout, assumptions: Assumptions) -> Iterator[Scenario]:
    builds, deadline_s = Builds(assumptions.ready_s), rollout.progress_deadline_seconds
    finishes = deadline_s <= assumptions.patience_s
    for_s = horizon_s(rollout, assumptions, deadlines=True) if finishes else assumptions.patience_s
    yield Scenario("never-ready", "does not become ready", builds.never(), for_s=for_s, finishes=finishes)


def _measured(rollout: Rollout, assumptions: Assumptions) -> Iterator[Scenario]:
    """What depends on what is measured."""
    builds, strategy = Builds(assumptions.ready_s), rollout.strategy
    if not metrics_of(rollout):
        return
    for silence in SILENCES:
        build = builds.like(metrics=steady(silence), live_metrics=steady(silence))
        yield Scenario(_silent_name(silence), _SILENT_STORY[silence], build)
    if strategy.pre_promotion_analysis and strategy.post_promotion_analysis:
        build = builds.like(live_metrics=steady(Silence.NO_DATA))
        yield Scenario("no-data-when-live", "is good, and has no data once it is live", build)
    bad = builds.like(metrics=steady(1.0), live_metrics=steady(1.0))
    yield Scenario("bad-from-the-start", "is bad from the start", bad)
    ask = Ask(assumptions.ready_s + 5, "promote-full")
    yield Scenario("promoted-fully", "is bad from the start, and a person says promote --full", bad, (ask,))
    if any(load_of(one) for one in metrics_of(rollout)):
        story = "is good, and its preview cannot answer the load that it is checked with"
        yield Scenario("preview-overloaded", story, builds.like(metrics=Series(steady(1.0).pieces)))


def _silent_name(silence: Silence) -> str:
    return {Silence.NO_DATA: "no-data", Silence.NAN: "nan", Silence.ERROR: "errors"}[silence]


def _good_once(rollout: Rollout, assumptions: Assumptions, good: Seen, live_s: float) -> Iterator[Scenario]:
    """Good for as long as each metric's first measurement takes, before the promotion and again after it."""
    if not any(one.one_success_is_enough for one in measured_of(rollout)):
        return
    before_s, after_s = (
        _first_measured_s(rollout, assumptions, good, where) for where in (PRE_ANALYSIS, POST_ANALYSIS)
    )
    build = Builds(assumptions.ready_s).like(
        metrics=step(max(before_s - (good.available_at_s or 0.0), 0.0)), live_metrics=step(max(after_s - live_s, 0.0))
    )
    yield Scenario("good-once", "is good when each analysis first measures it, and bad from then on", build)


def _first_measured_s(rollout: Rollout, assumptions: Assumptions, good: Seen, where: str) -> float:
    """When each metric of an analysis of a good release has been measured once; 0 where there is no such analysis."""
    metrics = [one.metric for one in measured_of(rollout) if one.where == where]
    began = [one.at_s for one in good.stands if one.gate == where and one.reason == PauseReason.GATE]
    if not metrics or not began:
        return 0.0
    return began[0] + max(one.initial_delay_seconds + takes_s(one, assumptions) for one in metrics) + 1.0


def _hooks(rollout: Rollout, assumptions: Assumptions) -> Iterator[Scenario]:
    if any(HookGate(one).stage is not Stage.ON_ABORT for one in rollout.policy.hooks):
        builds = Builds(assumptions.ready_s)
        yield Scenario("hooks-fail", "has hooks that fail", builds.like(hooks_fail=True))
        for_s = horizon_s(rollout, assumptions, deadlines=True)
        story = "is good, and its hooks do not end"
        yield Scenario("hooks-never-end", story, builds.like(hook_s=NEVER), for_s=for_s)


# Bad once it is live.


def _shows_after(rollout: Rollout, assumptions: Assumptions) -> list[float]:
    """Without an analysis after the promotion one is as good as all."""
    post = rollout.strategy.post_promotion_analysis
    return sorted({assumptions.detect_s, *(SHOWS_AFTER_S if post else ())})


def bad_live(
    rollout: Rollout, assumptions: Assumptions, after_s: float, *happenings: Happening, name: str = "", story: str = ""
) -> Scenario:
    """A build that shows itself to be bad so long after it has live traffic."""
    build = Builds(assumptions.ready_s).like(live_metrics=step(after_s))
    told = f"is bad from {span(after_s)} after it has live traffic on" + (f", and {story}" if story else "")
    called = f"bad-after-{span(after_s)}" + (f"-{name}" if name else "")
    for_s = horizon_s(rollout, assumptions) + after_s
    return Scenario(called, told, build, happenings, for_s=for_s)


def second_family(rollout: Rollout, assumptions: Assumptions, good: Seen) -> list[Scenario]:
    """What is placed by how a good release goes: aborts, crashes, and whatever is out of reach at the wrong moment."""
    live_s = good.live_at_s
    if live_s is None:
        return []
    found = [*_aborts(assumptions, good, live_s), *_aborts_despite(rollout, assumptions, good, live_s)]
    found += [*_undone(assumptions, good), *_good_once(rollout, assumptions, good, live_s)]
    found += [*_crashes(assumptions, good, live_s), *_out_of_reach(rollout, assumptions, live_s)]
    found += [*_worse(rollout, assumptions, live_s), *_dying(rollout, assumptions, good, live_s)]
    return found


def _aborts(assumptions: Assumptions, good: Seen, live_s: float) -> Iterator[Scenario]:
    build = Builds(assumptions.ready_s).good()
    healthy_s, retired_s = good.healthy_at_s, good.retired_at_s
    moments = [("moving", live_s + 0.5)]
    if healthy_s is not None and healthy_s > live_s + 4:
        moments.append(("checked", (live_s + healthy_s) / 2))
    if healthy_s is not None and (retired_s is None or retired_s > healthy_s + 2):
        moments.append(("promoted", healthy_s + 1))
    if healthy_s is not None and retired_s is not None and retired_s > healthy_s + 20:
        moments.append(("late", retired_s - 10))
    for name, at_s in moments:
        story = f"is aborted by a person {span(at_s - live_s)} after it went live"
        yield Scenario(f"abort-when-{name}", story, build, (Ask(at_s, "abort"),))


def _aborts_despite(rollout: Rollout, assumptions: Assumptions, good: Seen, live_s: float) -> Iterator[Scenario]:
    """The same person, when something else goes wrong just before. While it is checked, or as soon as it is live."""
    build, healthy_s, away_s = Builds(assumptions.ready_s).good(), good.healthy_at_s, assumptions.away_s
    at_s = (live_s + healthy_s) / 2 if healthy_s is not None and healthy_s > live_s + 4 else live_s + 0.5
    before_s, away = at_s - 0.1, f"out of reach for {span(away_s)} just before"
    faults: list[tuple[str, str, Happening]] = [
        (f"{one.name}-away", f"layer {one.name} is {away}", Partition(before_s, f"layer {one.name}", away_s))
        for one in rollout.policy.routers
    ]
    faults.append(("workloads-away", f"the workloads are {away}", Partition(before_s, "workloads", away_s)))
    restart = f"the engine dies for {span(assumptions.restart_s)} just before"
    faults.append(("crash", restart, Crash(before_s, back_after_s=assumptions.restart_s)))
    for name, words, fault in faults:
        story = f"is aborted by a person {span(at_s - live_s)} after it went live, and {words}"
        yield Scenario(f"abort-despite-{name}", story, build, (fault, Ask(at_s, "abort")))


def _undone(assumptions: Assumptions, good: Seen) -> Iterator[Scenario]:
    """When what was before is gone, it is declared again: a deployment like any other."""
    if good.retired_at_s is None or good.healthy_at_s is None:
        return
    build, at_s = Builds(assumptions.ready_s).good(), max(good.retired_at_s, good.healthy_at_s) + 60
    told = f"is undone {span(at_s - (good.live_at_s or 0.0))} after it went live: the build before is declared again"
    again = Ask(at_s, "apply stable")
    story = f"{told}, and a person promotes it at once"
    yield Scenario("undo-through-the-gates", story, build, (again, Ask(at_s + 1, "promote")))
    yield Scenario("undo-at-once", f"{told}, with promote --full", build, (again, Ask(at_s + 1, "promote-full")))


def _crashes(assumptions: Assumptions, good: Seen, live_s: float) -> Iterator[Scenario]:
    build, back_s = Builds(assumptions.ready_s).good(), assumptions.restart_s
    before_s = max(live_s - 1.5, 0.0)
    crashes = [
        ("while-it-is-prepared", Crash(assumptions.ready_s / 2, back_after_s=back_s)),
        ("before-traffic-moves", Crash(before_s, before="point", back_after_s=back_s)),
        ("after-traffic-moved", Crash(before_s, after="point", back_after_s=back_s)),
        ("before-a-save", Crash(before_s, before="records save", back_after_s=back_s)),
    ]
    if good.healthy_at_s is not None:
        crashes.append(("when-promoted", Crash(good.healthy_at_s + 1, back_after_s=back_s)))
    for name, crash in crashes:
        words = name.replace("-", " ")
        yield Scenario(f"crash-{name}", f"is good, and the engine dies {words}", build, (crash,))


def _out_of_reach(rollout: Rollout, assumptions: Assumptions, live_s: float) -> Iterator[Scenario]:
    build, before_s, lasts_s = Builds(assumptions.ready_s).good(), max(live_s - 1.5, 0.0), assumptions.away_s
    for router in rollout.policy.routers:
        what = f"layer {router.name}"
        story = f"is good, and {what} is out of reach for {span(lasts_s)} when traffic moves"
        away = Partition(live_s + 0.1, what, lasts_s)
        yield Scenario(f"{router.name}-away", story, build, (away,))
    first = rollout.policy.routers[0].name
    refused = Refuse(before_s, f"layer {first} point", 3)
    yield Scenario("write-refused", f"is good, and layer {first} refuses three writes", build, (refused,))
    away = Partition(before_s, "workloads", lasts_s)
    story = f"is good, and the workloads are out of reach for {span(lasts_s)} when traffic moves"
    yield Scenario("workloads-away", story, build, (away,))
    outsider = PointElsewhere(live_s + 30, first, "stable")
    yield Scenario("outsider", f"is good, and an outsider points {first} at the old one", build, (outsider,))


def _worse(rollout: Rollout, assumptions: Assumptions, live_s: float) -> Iterator[Scenario]:
    """The build is bad when it is live, and something else goes wrong just when that shows."""
    if not rollout.strategy.post_promotion_analysis:
        return
    after_s = assumptions.detect_s
    at_s, lasts_s = live_s + after_s, assumptions.away_s
    first = rollout.policy.routers[0].name
    restart, away = span(assumptions.restart_s), f"out of reach for {span(lasts_s)} then"
    for name, story, happening in (
        ("crash", f"the engine dies then for {restart}", Crash(at_s, back_after_s=assumptions.restart_s)),
        ("metrics-away", f"metrics are {away}", Partition(at_s, "metrics", lasts_s)),
        ("layer-away", f"layer {first} is {away}", Partition(at_s, f"layer {first}", lasts_s)),
        ("workloads-away", f"the workloads are {away}", Partition(at_s, "workloads", lasts_s)),
        (
            "old-one-fails",
            f"the old one's replicas fail for {span(lasts_s)} then",
            PodsFail(at_s, "stable", rollout.replicas, lasts_s),
        ),
    ):
        yield bad_live(rollout, assumptions, after_s, happening, name=name, story=story)


def _dying(rollout: Rollout, assumptions: Assumptions, good: Seen, live_s: float) -> Iterator[Scenario]:
    """All replicas of the build fail: while it is checked, in the rollback window, after it."""
    build = Builds(assumptions.ready_s).good()
    moments = [("when-live", live_s + 5)]
    if good.healthy_at_s is not None:
        retired_s = good.retired_at_s
        retained_s = math.inf if retired_s is None else retired_s - good.healthy_at_s
        if retained_s > 0:
            moments.append(("when-promoted", good.healthy_at_s + min(10.0, retained_s / 2)))
        if retired_s is not None:
            moments.append(("later", max(retired_s, good.healthy_at_s) + 60))
    for name, at_s in moments:
        story = f"has all its replicas fail {span(at_s - live_s)} after it went live, for {span(DEAD_S)}"
        yield Scenario(f"dies-{name}", story, build, (PodsFail(at_s, BUILD, rollout.replicas, DEAD_S),))
