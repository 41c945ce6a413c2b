"""What verifying found in the engine: the shortest scenario of each, kept."""

import pytest
from attrs import evolve

from bluegreen.backends.memory import NEVER
from bluegreen.manifests import load_path
from bluegreen.record import Healthy, Paused
from bluegreen.testing.simulator import Ask, Build, Crash, Faults, World, simulate
from tests.verifying.support import POLICIES

pytestmark = pytest.mark.property

HELD = load_path(POLICIES / "gate-without-deadline.yaml")


def test_a_hook_that_is_held_beyond_its_deadline_is_not_taken_for_a_no() -> None:
    world = World.of(HELD, Build("v2", hook_s=NEVER))
    trace = simulate(HELD, world, for_s=7200)
    assert isinstance(trace.phase, Paused), trace.phase
    assert trace.phase.gate == "beforePromotion/smoke"
    assert trace.phase.message.endswith("held")


def test_a_held_hook_that_ends_late_still_opens_its_gate() -> None:
    trace = simulate(HELD, World.of(HELD, Build("v2", hook_s=3600.0)), for_s=7200)
    assert isinstance(trace.phase, Healthy), trace.phase


def test_a_person_may_say_yes_in_place_of_a_held_hook() -> None:
    world = World.of(HELD, Build("v2", hook_s=NEVER))
    trace = simulate(HELD, world, Faults((Ask(600, "approve beforePromotion/smoke"),)))
    assert isinstance(trace.phase, Healthy), trace.phase


def test_an_engine_that_dies_last_of_all_is_followed_by_another() -> None:
    rollout = load_path(POLICIES / "sound.yaml")
    trace = simulate(rollout, World.of(rollout, Build("v2")), Faults((Crash(5, back_after_s=30),)))
    assert isinstance(trace.phase, Healthy), trace.phase


def test_what_a_build_does_in_its_hooks_is_its_own() -> None:
    """The first deployment runs the same hooks, and must not hang in those of the next build."""
    hooks = tuple(evolve(one, deadline_seconds=30) for one in HELD.policy.hooks)
    rollout = evolve(HELD, policy=evolve(HELD.policy, hooks=hooks))
    trace = simulate(rollout, World.of(rollout, Build("v2", hook_s=20.0), hook_s=1.0))
    assert isinstance(trace.phase, Healthy), trace.phase
