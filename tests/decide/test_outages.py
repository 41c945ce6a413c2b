"""Live traffic with nothing behind it: whatever the phase, it is said."""

import pytest

from bluegreen import Healthy, Paused, Progressing, Promoting, commands
from bluegreen.record import Reason
from bluegreen.snapshot import NOTHING, Foreign, Shown
from bluegreen.spec import OnFailure
from tests.support.worlds import V1, V2, healthy

DARK = f"revision {V1}, which edge shows, has nothing available"


def test_a_healthy_rollout_whose_replicas_are_all_gone_says_so_until_they_are_back() -> None:
    play = healthy()
    play.world.fail(V1)
    play.go(5)
    assert play.phase(Healthy).message == DARK
    play.world.recover(V1)
    play.go(5)
    assert play.phase(Healthy).message == ""


def test_a_release_that_waits_says_that_what_is_live_has_died() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.world.set_ready_after("v2", 10)
    play.apply("v2")
    play.world.fail(V1)
    play.go(5)
    assert play.phase(Progressing).message == f"revision {V2} is becoming available; {DARK}"
    play.go(10)
    assert play.phase(Paused).message == f"waits for a person to promote it; {DARK}"
    said = play.record
    play.go(5)
    assert play.record == said, "saying it once is enough"


def test_scaled_to_zero_on_purpose_is_no_outage() -> None:
    play = healthy()
    play.apply(replicas=0)
    play.go(5)
    assert play.phase(Healthy).message == ""


def test_an_abort_before_promotion_needs_no_second_drain() -> None:
    """Traffic never moved: the aborted revision's delay counts from the abort."""
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.go(10)
    play.command(commands.abort)
    play.go(29)
    assert play.wanted()[V2] == 2
    play.go(2)
    assert play.wanted().get(V2, 0) == 0


@pytest.mark.parametrize("shown", [NOTHING, Foreign("a stranger")], ids=["nothing", "a stranger"])
def test_a_layer_whose_turn_has_not_come_is_not_left_pointing_at_nothing(shown: Shown) -> None:
    """The layers ahead may take minutes to follow; live traffic does not wait for them."""
    play = healthy(layers=("outer", "inner"))
    play.world.layers["outer"].converge_after_s = 60
    play.apply("v2")
    play.go(5)
    play.world.point_elsewhere("inner", shown)
    play.go(1)
    assert play.live() == {"outer": V2, "inner": V1}
    play.phase(Promoting)
    play.go(120)
    assert play.live() == {"outer": V2, "inner": V2}
    play.phase(Healthy)


def test_what_is_frozen_is_not_left_pointing_at_nothing() -> None:
    """Frozen means that nothing moves; that an outsider's edit stays an outage was nobody's wish."""
    play = healthy(layers=("outer", "inner"), on_failure=OnFailure.FREEZE)
    play.apply("v2")
    play.go(10)
    play.world.fail(V2)
    play.go(31)
    assert play.reason is Reason.FROZEN
    play.world.recover(V2)
    play.world.point_elsewhere("outer", V1)
    play.world.point_elsewhere("inner", NOTHING)
    play.go(2)
    assert play.live() == {"outer": V1, "inner": V2}
    assert play.reason is Reason.FROZEN
