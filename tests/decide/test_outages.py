"""Live traffic with nothing behind it: whatever the phase, it is said."""

from bluegreen import Healthy, Paused, Progressing, commands
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
