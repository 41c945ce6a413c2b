"""What soaks have found, each as small as it became: the seed that found it, and the run that shows it."""

from __future__ import annotations

import pytest
from attrs import evolve

from bluegreen.record import Degraded, Reason
from bluegreen.spec import BlueGreen, OnFailure, Rollout, RolloutPolicy, RouterSpec
from bluegreen.testing.simulator import (
    Ask,
    Build,
    Crash,
    Faults,
    LayerManners,
    Refuse,
    Release,
    StaleLooks,
    World,
    ramp,
)
from bluegreen.testing.soak import Scenario, judged

pytestmark = pytest.mark.property

TEMPLATE = {"spec": {"containers": [{"name": "shop", "image": "shop:stable"}]}}


def _refused_for_long() -> Scenario:
    """The clock showed a little less than when what failed may be tried again, and the wait for that was shorter than a
    timer can be: the engine looked, held the write back, and looked again, for ever."""
    rollout = Rollout(
        "shop",
        BlueGreen("shop", preview_replica_count=1, auto_promotion_enabled=False, scale_down_delay_revision_limit=1),
        TEMPLATE,
        replicas=4,
        progress_deadline_seconds=120,
        progress_deadline_abort=True,
        rollback_window_revisions=1,
        policy=RolloutPolicy((RouterSpec(name="edge"),), layer_deadline_seconds=10, drain_min_seconds=0),
    )
    stable, new = Build("stable", ready_after_s=0.0), Build("next", ready_after_s=20.0, live_metrics=ramp(40.5, 17.4))
    world = World.of(rollout, new, stable=stable, promotes_after_s=5.0, hook_s=0.0)
    refused = Refuse(85.4, "workloads ensure", times=5)
    crash = Crash(85.5, back_after_s=30.0, clock_s=3600.0)
    return Scenario(rollout, world, Faults((StaleLooks(9.3), refused, crash)), polls_s=60.0)


def _frozen_and_dead() -> Scenario:
    """Whoever declares `onFailure: freeze` has what is dead stay where it is; that is an end, and was not taken for
    one."""
    policy = RolloutPolicy((RouterSpec(name="edge"), RouterSpec(name="mesh")), on_failure=OnFailure.FREEZE)
    strategy = BlueGreen("shop", scale_down_delay_seconds=600)
    rollout = Rollout("shop", strategy, TEMPLATE, replicas=3, policy=policy)
    world = World.of(rollout, Build("next", dies_after_s=42.8), layers={"mesh": LayerManners(drains_after_s=20.0)})
    return Scenario(rollout, world, Faults())


def _large_preview_paused() -> Scenario:
    """A preview larger than what is wanted live was scaled down once its gates had said yes; a pause held the
    promotion, and the gates then lacked replicas: it was scaled up and down without end."""
    policy = RolloutPolicy((RouterSpec(name="edge"),))
    rollout = Rollout("shop", BlueGreen("shop", preview_replica_count=2), TEMPLATE, policy=policy)
    latest = Release(Build("latest", ready_after_s=0.0), 632.4)
    world = evolve(World.of(rollout, Build("next", ready_after_s=20.0)), promotes_after_s=600.0)
    world = evolve(world, releases=(*world.releases, latest))
    return Scenario(rollout, world, Faults((Ask(607.5, "pause"),)))


SEEDS = {74: _refused_for_long, 80: _frozen_and_dead, 502257: _large_preview_paused}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_soak_has_found_stays_away(seed: int) -> None:
    trace, found = judged(SEEDS[seed]())
    assert found is None
    assert trace is not None


def test_what_is_frozen_and_dead_is_said_to_be() -> None:
    trace = judged(_frozen_and_dead())[0]
    assert trace is not None
    assert isinstance(trace.phase, Degraded)
    assert trace.phase.reason is Reason.FROZEN
