"""Who is scaled down, when the clock for it runs, and what stops it."""

from typing import Any

import pytest
from attrs import evolve

from bluegreen import Healthy, Snapshot, commands
from bluegreen.actions import Forget, Retire
from bluegreen.snapshot import Observed
from tests.support.worlds import V1, V2, V3, V4, Play, healthy, released, rev


def retired_after(play: Play, within: float = 2000) -> float:
    """The seconds until only one revision has replicas."""
    began = play.seconds
    while len(play.wanted()) > 1:
        play.go(1)
        assert play.seconds - began < within, "it is never scaled down"
    return play.seconds - began


def test_the_previous_revision_stays_for_its_delay_after_the_layers_have_drained() -> None:
    play = healthy(scale_down_delay_seconds=100, drain_min_seconds=7)
    play.apply("v2")
    play.go()
    play.phase(Healthy)
    assert retired_after(play) == 107


def test_the_default_delay_is_half_a_minute() -> None:
    play = healthy()
    play.apply("v2")
    play.go()
    assert retired_after(play) == 5 + 30


def test_a_delay_of_zero_retires_as_soon_as_the_layers_have_drained() -> None:
    play = healthy(scale_down_delay_seconds=0)
    play.apply("v2")
    play.go()
    assert retired_after(play) == 5


def test_requests_still_in_flight_are_waited_for_before_the_clock_begins() -> None:
    play = healthy(scale_down_delay_seconds=0)
    play.world.layers["edge"].drains_after_s = 40
    play.apply("v2")
    play.go()
    assert retired_after(play) == 40


def test_requests_that_never_end_are_waited_for_as_long_as_a_layer_may_take() -> None:
    play = healthy(scale_down_delay_seconds=0, layer_deadline_seconds=60)
    play.world.layers["edge"].drains_after_s = 10_000
    play.apply("v2")
    play.go()
    assert retired_after(play) == 60


def test_what_is_retired_leaves_nothing_behind_in_the_record() -> None:
    play = released()
    before = play.memory
    assert before.previous == V1
    assert [one.revision for one in before.retained] == [V1]
    play.go(60)
    assert play.memory.previous is None
    assert play.memory.retained == ()
    assert play.memory.outstanding == ()
    assert play.decide().actions == ()


def test_the_clock_starts_again_when_an_outsider_moved_traffic() -> None:
    play = released(scale_down_delay_seconds=60)
    play.go(50)
    play.world.point_elsewhere("edge", V1)
    play.go()
    assert play.live() == {"edge": V2}
    assert retired_after(play) == 65


def test_the_clock_starts_again_when_a_layer_could_not_be_observed() -> None:
    play = released(scale_down_delay_seconds=60)
    play.go(50)
    play.world.blind("layer edge")
    play.go(500)
    assert play.wanted() == {V1: 2, V2: 2}
    play.world.see("layer edge")
    assert retired_after(play) >= 60


def test_the_clock_starts_again_when_the_workloads_could_not_be_observed() -> None:
    play = released(scale_down_delay_seconds=60)
    play.go(50)
    play.world.blind("workloads")
    play.go(500)
    play.world.see("workloads")
    assert play.wanted() == {V1: 2, V2: 2}
    assert retired_after(play) >= 60


def test_nothing_is_retired_while_the_stable_revision_is_not_whole() -> None:
    play = released(scale_down_delay_seconds=10)
    play.go(10)
    play.world.fail(V2, 1)
    play.go(1000)
    assert play.wanted() == {V1: 2, V2: 2}
    play.world.recover(V2)
    play.go(1)
    assert play.wanted() == {V2: 2}


def test_the_clock_does_not_begin_before_the_stable_revision_is_whole() -> None:
    play = released(scale_down_delay_seconds=100)
    play.world.fail(V2, 1, for_s=50)
    play.go(148)
    assert play.wanted() == {V1: 2, V2: 2}
    play.go(5)
    assert play.wanted() == {V2: 2}


def test_a_scale_down_is_void_once_somebody_else_scaled_the_revision() -> None:
    play = released()
    late = play.stall(Retire, within=60)
    play.world.scale_elsewhere(V1, 3)
    play.perform(late[0])
    assert play.conflicts == late
    assert play.world.revisions[V1].wanted == 3
    play.go(60)
    assert play.wanted() == {V2: 2}


def test_a_new_process_retires_nothing_before_it_has_lived_for_a_while() -> None:
    play = released(scale_down_delay_seconds=300)
    play.go(299)
    play.seconds += 1000
    play.restart()
    play.go(29)
    assert play.wanted() == {V1: 2, V2: 2}
    play.go(1)
    assert play.wanted() == {V2: 2}


def test_a_new_process_waits_no_longer_than_the_delay_itself() -> None:
    play = released(scale_down_delay_seconds=10)
    play.go(8)
    play.seconds += 1000
    play.restart()
    play.go(9)
    assert play.wanted() == {V1: 2, V2: 2}
    play.go(1)
    assert play.wanted() == {V2: 2}


def test_nothing_is_retired_on_a_look_that_was_not_live() -> None:
    def cached(snapshot: Snapshot) -> Snapshot:
        assert isinstance(snapshot.workloads, Observed)
        return evolve(snapshot, workloads=evolve(snapshot.workloads, live=False))

    play = released()
    play.alter = cached
    play.seconds += 500
    decision = play.step()
    assert decision.actions == ()
    assert decision.record is play.record
    assert decision.wake_at == play.now, "a live look is due at once"


def test_a_scale_down_is_written_anew_when_the_first_did_not_land() -> None:
    play = released()
    play.stall(Retire, within=60)
    play.go(1)
    assert play.wanted() == {V2: 2}


def several(**fields: Any) -> Play:
    """v4 live, v1 to v3 within their delay."""
    play = healthy(scale_down_delay_seconds=1000, **fields)
    for image in ("v2", "v3", "v4"):
        play.apply(image)
        play.go(1)
    assert play.live() == {"edge": V4}
    return play


def test_every_former_revision_has_its_own_delay() -> None:
    play = several()
    assert set(play.wanted()) == {V1, V2, V3, V4}
    play.go(1010)
    assert play.wanted() == {V4: 2}


@pytest.mark.parametrize(("limit", "left"), [(0, {V4}), (1, {V3, V4}), (2, {V2, V3, V4})])
def test_beyond_the_revision_limit_the_oldest_go_at_once(limit: int, left: set[str]) -> None:
    play = several(scale_down_delay_revision_limit=limit)
    play.go(6)
    assert set(play.wanted()) == left


def test_an_aborted_revision_does_not_count_against_the_limit() -> None:
    play = healthy(scale_down_delay_revision_limit=1, auto_promotion_enabled=False, abort_scale_down_delay_seconds=100)
    play.apply("v2")
    play.go(1)
    play.command(commands.promote)
    play.go(1)
    play.apply("v3")
    play.go(1)
    play.command(commands.abort)
    play.go(20)
    assert set(play.wanted()) == {V1, V2, V3}


def test_beyond_the_history_limit_the_oldest_without_replicas_are_forgotten() -> None:
    play = healthy(revision_history_limit=2, scale_down_delay_seconds=0)
    for number in range(2, 7):
        play.apply(f"v{number}")
        play.go(20)
    assert set(play.world.revisions) == {rev("v4"), rev("v5"), rev("v6")}


def test_with_a_history_of_zero_only_the_stable_one_is_left() -> None:
    play = healthy(revision_history_limit=0, scale_down_delay_seconds=0)
    play.apply("v2")
    play.go(20)
    assert set(play.world.revisions) == {V2}


def test_history_is_kept_up_to_its_limit() -> None:
    play = healthy(scale_down_delay_seconds=0)
    for number in range(2, 15):
        play.apply(f"v{number}")
        play.go(20)
    assert len(play.world.revisions) == 11


def test_nothing_is_forgotten_in_mid_release() -> None:
    play = healthy(revision_history_limit=0, scale_down_delay_seconds=0, auto_promotion_enabled=False)
    play.world.set_ready_after("v2", 0)
    play.apply("v2")
    play.go(5)
    play.apply("v3")
    play.go(60)
    assert V2 in play.world.revisions


def test_forgetting_is_void_once_the_revision_changed() -> None:
    play = healthy(revision_history_limit=0, scale_down_delay_seconds=0)
    play.apply("v2")
    late = play.stall(Forget, within=60)
    play.world.scale_elsewhere(V1, 1)
    play.perform(late[0])
    assert play.conflicts == late
    assert V1 in play.world.revisions


def test_replicas_beyond_what_is_wanted_are_taken_away() -> None:
    play = healthy(replicas=5)
    play.apply(replicas=3)
    play.go()
    assert play.wanted() == {V1: 3}
    play.go(60)
    assert play.memory.outstanding == ()


def test_the_retained_revision_follows_the_wanted_number_too() -> None:
    play = released(replicas=3, scale_down_delay_seconds=100)
    play.apply(replicas=5)
    play.go(1)
    assert play.wanted() == {V1: 5, V2: 5}
    play.apply(replicas=2)
    play.go(1)
    assert play.wanted() == {V1: 2, V2: 2}


def test_a_rollout_scaled_to_zero_comes_back() -> None:
    play = healthy()
    play.apply(replicas=0)
    play.go(10)
    assert play.wanted() == {}
    play.phase(Healthy)
    play.apply(replicas=2)
    play.go(10)
    assert play.wanted() == {V1: 2}
    assert play.live() == {"edge": V1}
