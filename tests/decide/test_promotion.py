"""From a new template to live traffic, when all goes well and when the revision fails on the way."""

import pytest

from bluegreen import Degraded, Healthy, Paused, Progressing, Promoting, commands
from bluegreen.actions import Point
from bluegreen.backends.memory import NEVER
from bluegreen.record import PauseReason, Reason
from bluegreen.spec import OnFailure
from tests.support.worlds import V1, V2, Play, Says, healthy


def test_without_gates_it_goes_live_as_soon_as_all_of_it_is_available() -> None:
    play = healthy(replicas=4)
    play.world.set_ready_after("v2", 20)
    play.apply("v2")
    play.go(1)
    play.world.fail(V2, 1, for_s=40)
    play.go(38)
    assert len(play.world.available(V2)) == 3
    assert play.live() == {"edge": V1}
    play.go(2)
    assert play.live() == {"edge": V2}
    play.phase(Healthy)


def test_min_ready_seconds_count_before_a_replica_is_available() -> None:
    play = healthy(min_ready_seconds=30)
    play.apply("v2")
    play.go(29)
    assert play.live() == {"edge": V1}
    play.go(1)
    assert play.live() == {"edge": V2}


def test_with_auto_promotion_off_it_waits_for_a_person() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.go(100_000)
    assert play.phase(Paused).reason is PauseReason.PERSON
    assert play.live() == {"edge": V1}
    play.command(commands.promote)
    play.go()
    play.phase(Healthy)
    assert play.live() == {"edge": V2}


def test_auto_promotion_seconds_count_from_when_it_is_available() -> None:
    play = healthy(auto_promotion_seconds=60)
    play.world.set_ready_after("v2", 20)
    play.apply("v2")
    play.go(79)
    assert play.phase(Paused).reason is PauseReason.CLOCK
    assert play.live() == {"edge": V1}
    play.go(1)
    assert play.live() == {"edge": V2}


def test_auto_promotion_seconds_are_ignored_with_auto_promotion_off() -> None:
    play = healthy(auto_promotion_seconds=60, auto_promotion_enabled=False)
    play.apply("v2")
    play.go(1000)
    assert play.phase(Paused).reason is PauseReason.PERSON


def test_a_promote_that_comes_early_is_honoured_once_it_is_available() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.world.set_ready_after("v2", 20)
    play.apply("v2")
    play.go(5)
    play.command(commands.promote)
    play.go(14)
    assert play.live() == {"edge": V1}
    play.go(1)
    assert play.live() == {"edge": V2}


def test_a_promote_is_worth_nothing_to_the_next_revision() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.world.set_ready_after("v2", 20)
    play.apply("v2")
    play.go(5)
    play.command(commands.promote)
    play.apply("v3")
    play.go(100)
    play.phase(Paused)
    assert play.live() == {"edge": V1}


def test_promote_full_skips_every_gate_but_not_availability() -> None:
    play = healthy(auto_promotion_enabled=False, gates=(Says("never"),))
    play.world.set_ready_after("v2", 20)
    play.apply("v2")
    play.go(5)
    play.command(commands.promote_full)
    play.go(14)
    assert play.live() == {"edge": V1}
    play.go(1)
    play.phase(Healthy)
    assert [(e.by, e.why) for e in play.memory.history if e.what == "PromotedFully"] == [
        ("ann", "every gate of this attempt is skipped")
    ]


def test_replicas_that_go_missing_after_the_gates_said_yes_are_waited_for() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.go(5)
    play.world.fail(V2, 1, for_s=20)
    play.command(commands.promote)
    play.go(19)
    play.phase(Progressing)
    assert play.live() == {"edge": V1}
    play.go(1)
    play.phase(Healthy)


def test_live_traffic_is_not_moved_while_replicas_are_missing_in_mid_promotion() -> None:
    play = healthy(layers=("outer", "inner"))
    play.world.layers["outer"].converge_after_s = 10
    play.apply("v2")
    play.go(5)
    play.world.fail(V2, 1, for_s=20)
    play.go(19)
    assert play.live() == {"outer": V2, "inner": V1}
    play.phase(Promoting)
    play.go(1)
    assert play.live() == {"outer": V2, "inner": V2}


@pytest.mark.parametrize("moved", [True, False])
def test_a_revision_that_dies_while_it_is_promoted_is_taken_back(moved: bool) -> None:
    play = healthy(layers=("outer", "inner"))
    play.world.layers["outer"].converge_after_s = 10
    play.apply("v2")
    if moved:
        play.go(5)
    else:
        play.stall(Point)
    play.world.fail(V2)
    play.go()
    assert play.reason is Reason.NOT_AVAILABLE
    assert play.live() == {"outer": V1, "inner": V1}


def test_a_revision_that_dies_before_any_traffic_moved_is_never_frozen() -> None:
    play = healthy(on_failure=OnFailure.FREEZE)
    play.apply("v2")
    play.stall(Point)
    play.world.fail(V2)
    play.go()
    assert play.reason is Reason.NOT_AVAILABLE
    assert play.live() == {"edge": V1}


def test_a_revision_that_dies_while_it_is_promoted_may_be_left_where_it_is() -> None:
    play = healthy(layers=("outer", "inner"), on_failure=OnFailure.FREEZE)
    play.world.layers["outer"].converge_after_s = 10
    play.apply("v2")
    play.go(5)
    play.world.fail(V2)
    play.go(10)
    assert play.reason is Reason.FROZEN
    assert play.live() == {"outer": V2, "inner": V1}


def test_replicas_raised_in_mid_promotion_reach_both_revisions() -> None:
    play = healthy(layers=("outer", "inner"))
    play.world.layers["outer"].converge_after_s = 10
    play.apply("v2")
    play.go(5)
    play.apply(replicas=5)
    play.go(1)
    assert play.wanted() == {V1: 5, V2: 5}


def test_replicas_lowered_in_mid_promotion_wait_for_its_end() -> None:
    play = healthy(layers=("outer", "inner"))
    play.world.layers["outer"].converge_after_s = 10
    play.apply("v2")
    play.go(5)
    play.apply(replicas=1)
    play.go(4)
    assert play.wanted() == {V1: 2, V2: 2}
    play.go(3)
    assert play.wanted() == {V1: 1, V2: 1}
    play.go(60)
    assert play.wanted() == {V2: 1}


def test_zero_replicas_stop_a_promotion_before_traffic_moves() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.go(5)
    play.apply(replicas=0)
    play.command(commands.promote)
    play.go(50)
    assert play.live() == {"edge": V1}
    assert "replicas is 0" in play.phase(Progressing).message


def test_the_history_tells_what_happened_and_stays_short() -> None:
    play = Play(auto_promotion_enabled=False)
    play.go()
    for number in range(20):
        play.apply(f"v{number + 2}")
        play.go(1)
        play.command(commands.promote)
        play.go(1)
    assert len(play.memory.history) == 20
    assert [entry.what for entry in play.memory.history[-4:]] == [
        "Promoted",
        "Gate promotion said yes",
        "Promoting",
        "Completed",
    ]


def test_a_build_that_never_starts_leaves_live_traffic_alone() -> None:
    play = healthy()
    play.world.set_ready_after("v2", NEVER)
    play.apply("v2")
    play.go(1000)
    play.phase(Degraded)
    assert play.live() == {"edge": V1}
    assert len(play.world.available(V1)) == 2
