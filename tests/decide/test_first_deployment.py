"""The first deployment: there is nothing to compare with and nobody to go back to."""

from typing import Any

import pytest

from bluegreen import Degraded, Healthy, Paused, Progressing, commands
from bluegreen.backends.memory import NEVER
from bluegreen.record import Reason
from bluegreen.snapshot import EVERYTHING, NOTHING, Foreign, Shown
from tests.support.worlds import V1, V2, Play, Says, healthy


def first(seconds_until_ready: float = 10, **fields: Any) -> Play:
    """A rollout whose first revision takes so long to be available."""
    play = Play(**fields)
    play.world.ready_after_s = seconds_until_ready
    return play


def test_nothing_has_traffic_before_it_is_wholly_available() -> None:
    play = first(10)
    play.go(9)
    assert play.live() == {"edge": NOTHING}
    play.phase(Progressing)
    play.go(1)
    assert play.live() == {"edge": V1}
    play.phase(Healthy)


def test_it_is_stable_only_once_it_is_live() -> None:
    play = first(10)
    play.go(9)
    assert play.memory.stable is None
    play.go(1)
    assert play.memory.stable == V1


def test_it_passes_no_gate_and_that_is_recorded() -> None:
    play = Play(auto_promotion_enabled=False, gates=(Says("never"),))
    play.go()
    play.phase(Healthy)
    assert [entry.why for entry in play.memory.history if entry.what == "Started"] == ["no gates: first deployment"]


def test_a_build_that_never_starts_is_degraded_and_has_no_traffic() -> None:
    play = first(NEVER)
    play.go(599)
    play.phase(Progressing)
    play.go(1)
    assert play.reason is Reason.PROGRESS_DEADLINE
    assert play.live() == {"edge": NOTHING}


def test_the_next_build_after_one_that_never_started_is_a_first_deployment_too() -> None:
    play = Play(auto_promotion_enabled=False)
    play.world.set_ready_after("v1", NEVER)
    play.go(700)
    play.apply("v2")
    play.go(100)
    play.phase(Healthy)
    assert play.live() == {"edge": V2}
    assert play.wanted() == {V2: 2}, "what never started is not kept"


def test_an_abort_has_nowhere_to_go_back_to_and_says_what_to_do() -> None:
    play = first(10)
    play.go(5)
    play.command(commands.abort)
    play.go(60)
    assert play.live() == {"edge": NOTHING}
    assert "retry" in play.phase(Degraded).message
    play.command(commands.retry)
    play.go(60)
    play.phase(Healthy)


def test_with_zero_replicas_nothing_is_released_and_nobody_is_late() -> None:
    play = Play(replicas=0)
    play.go(5000)
    assert "replicas is 0" in play.phase(Progressing).message
    assert play.live() == {"edge": NOTHING}
    play.apply(replicas=1)
    play.go()
    play.phase(Healthy)


def test_a_first_deployment_that_is_paused_waits() -> None:
    play = Play(paused=True)
    play.go(5)
    play.phase(Paused)
    assert play.live() == {"edge": NOTHING}
    play.apply(paused=False)
    play.go()
    play.phase(Healthy)


def test_where_somebody_else_has_the_traffic_the_gates_apply() -> None:
    play = Play(auto_promotion_enabled=False)
    play.world.point_elsewhere("edge", Foreign("legacy"))
    play.go(60)
    play.phase(Paused)
    assert play.live() == {"edge": Foreign("legacy")}
    play.command(commands.promote)
    play.go()
    assert play.live() == {"edge": V1}


@pytest.mark.parametrize("shown", [NOTHING, EVERYTHING])
def test_where_nobody_serves_a_selector_without_a_hash_is_no_reason_to_wait(shown: Shown) -> None:
    play = Play(auto_promotion_enabled=False)
    play.world.point_elsewhere("edge", shown)
    play.go()
    assert play.live() == {"edge": V1}


def test_a_second_template_before_the_first_has_traffic_replaces_it() -> None:
    play = first(10)
    play.go(5)
    play.apply("v2")
    play.go(100)
    assert play.live() == {"edge": V2}
    assert play.wanted() == {V2: 2}


def test_a_settled_world_gives_no_actions_and_no_change() -> None:
    play = healthy()
    decision = play.decide()
    assert decision.actions == ()
    assert decision.record is play.record
    assert decision.wake_at is None
