"""What others change is put back, ever more patiently, and never as a way around a gate."""

import pytest

from bluegreen import Healthy, Paused, Progressing, Promoting
from bluegreen.actions import Point
from bluegreen.snapshot import EVERYTHING, NOTHING, Foreign, Shown
from tests.support.worlds import V1, V2, V3, Play, healthy, released


@pytest.mark.parametrize("shown", [NOTHING, EVERYTHING, Foreign("legacy"), V1])
def test_live_traffic_that_somebody_pointed_elsewhere_is_brought_back(shown: Shown) -> None:
    play = released(scale_down_delay_seconds=1000)
    play.world.point_elsewhere("edge", shown)
    play.go()
    assert play.live() == {"edge": V2}
    play.phase(Healthy)


@pytest.mark.parametrize("shown", [NOTHING, EVERYTHING, Foreign("legacy"), V2])
def test_in_mid_update_a_moved_pointer_is_no_way_around_a_gate(shown: Shown) -> None:
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.go(5)
    play.world.point_elsewhere("edge", shown)
    play.go(100)
    assert play.live() == {"edge": V1}
    play.phase(Paused)


def test_traffic_is_not_brought_back_to_a_revision_with_nothing_available() -> None:
    play = released(scale_down_delay_seconds=1000)
    play.world.fail(V2)
    play.world.point_elsewhere("edge", V1)
    play.go(20)
    assert play.live() == {"edge": V1}
    assert play.phase(Healthy).message == f"{V2} has nothing available, so edge cannot go back to it"
    play.world.recover(V2)
    play.go()
    assert play.live() == {"edge": V2}
    assert play.phase(Healthy).message == ""


def test_an_hour_into_a_release_the_stable_revision_still_has_half_a_minute_to_recover() -> None:
    play = healthy(replicas=4, auto_promotion_enabled=False)
    play.apply("v2")
    play.go(3600)
    play.world.fail(V1, 3)
    play.world.point_elsewhere("edge", V2)
    play.go(29)
    assert play.live() == {"edge": V2}
    play.go(1)
    assert play.live() == {"edge": V1}


def test_an_outsider_who_keeps_moving_traffic_is_answered_ever_more_slowly() -> None:
    play = released(scale_down_delay_seconds=10_000)
    waits: list[float] = []
    for _ in range(10):
        play.world.point_elsewhere("edge", V1)
        began = play.seconds
        play.go()
        while play.live() != {"edge": V2}:
            play.go(1)
        waits.append(play.seconds - began)
    assert waits == [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_after_a_long_calm_the_first_edit_is_answered_at_once_again() -> None:
    play = released(scale_down_delay_seconds=10_000)
    for _ in range(5):
        play.world.point_elsewhere("edge", V1)
        play.go(20)
    play.go(120)
    play.world.point_elsewhere("edge", V1)
    play.go()
    assert play.live() == {"edge": V2}


@pytest.mark.parametrize("shown", [NOTHING, EVERYTHING, Foreign("legacy")])
def test_nobody_is_patient_while_nobody_is_served(shown: Shown) -> None:
    """However often it happens: where users get errors, or both revisions, there is nothing to wait for."""
    play = released(scale_down_delay_seconds=10_000)
    for _ in range(10):
        play.world.point_elsewhere("edge", shown)
        play.go()
        assert play.live() == {"edge": V2}


def test_replicas_that_somebody_took_away_are_restored() -> None:
    play = healthy()
    play.world.scale_elsewhere(V1, 1)
    play.go()
    assert play.wanted() == {V1: 2}


def test_replicas_that_somebody_added_are_taken_away() -> None:
    play = healthy()
    play.world.scale_elsewhere(V1, 7)
    play.go()
    assert play.wanted() == {V1: 2}


def test_the_stable_revision_that_somebody_deleted_is_made_again() -> None:
    play = healthy()
    play.world.delete_elsewhere(V1)
    play.go()
    assert play.wanted() == {V1: 2}
    assert play.live() == {"edge": V1}
    play.phase(Healthy)


def test_the_current_revision_that_somebody_deleted_in_mid_update_is_made_again() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.go(5)
    play.world.delete_elsewhere(V2)
    play.go()
    assert play.wanted() == {V1: 2, V2: 2}
    assert play.live() == {"edge": V1}


def test_the_retained_revision_that_somebody_deleted_is_let_go() -> None:
    play = released(scale_down_delay_seconds=1000)
    play.world.delete_elsewhere(V1)
    play.go()
    assert play.memory.previous is None
    assert play.memory.retained == ()
    play.phase(Healthy)


def test_the_stable_revision_deleted_in_mid_update_cannot_be_made_again_and_the_new_one_waits_for_its_gates() -> None:
    """Its template is gone: no gate is skipped for that, and a person decides."""
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.go(5)
    play.world.delete_elsewhere(V1)
    play.go(100)
    play.phase(Paused)
    assert play.live() == {"edge": V1}
    assert play.wanted() == {V2: 2}


def test_a_layer_moved_back_in_mid_promotion_is_moved_again() -> None:
    play = healthy(layers=("outer", "inner"))
    play.world.layers["inner"].converge_after_s = 50
    play.apply("v2")
    play.go(10)
    play.phase(Promoting)
    play.world.point_elsewhere("outer", V1)
    play.go()
    assert play.live()["outer"] == V2


def test_while_traffic_goes_back_to_stable_nothing_new_is_prepared() -> None:
    play = released(scale_down_delay_seconds=1000)
    play.world.refuse("layer edge point", 10)
    play.world.point_elsewhere("edge", V1)
    play.apply("v3")
    play.go(5)
    assert V3 not in play.world.revisions
    assert V2 in play.phase(Progressing).message
    play.go(20)
    assert play.live() == {"edge": V3}


def test_an_outsider_and_a_drift_write_meet_and_the_version_decides() -> None:
    play = released(scale_down_delay_seconds=1000)
    play.world.point_elsewhere("edge", V1)
    late = play.stall(Point)
    play.world.point_elsewhere("edge", NOTHING)
    play.perform(late[0])
    assert play.conflicts == late
    play.go()
    assert play.live() == {"edge": V2}


def test_a_stable_revision_that_is_dead_does_not_keep_the_next_one_from_being_prepared() -> None:
    """Traffic cannot go back to it; after half a minute the new revision is prepared all the same."""
    play = released(scale_down_delay_seconds=1000, auto_promotion_enabled=True)
    play.world.fail(V2)
    play.world.point_elsewhere("edge", V1)
    play.apply("v3")
    play.go(29)
    assert V3 not in play.world.revisions
    play.go(2)
    assert play.live() == {"edge": V3}


def test_drift_is_not_healed_while_the_layer_cannot_be_observed() -> None:
    play = released(scale_down_delay_seconds=1000)
    play.world.point_elsewhere("edge", V1)
    play.world.blind("layer edge")
    play.go(100)
    assert "cannot look at edge" in play.phase(Healthy).message
    play.world.see("layer edge")
    play.go()
    assert play.live() == {"edge": V2}
    assert play.phase(Healthy).message == ""


def test_a_settled_rollout_stays_settled() -> None:
    play = Play()
    play.go(100)
    before = play.record
    play.go(100_000)
    assert play.record == before
