"""An abort takes traffic back: when it may go at once, when it waits, and when it must hold still."""

from typing import Any

import pytest
from attrs import evolve

from bluegreen import Degraded, Healthy, Paused, Progressing, commands
from bluegreen.actions import Ensure, Retire
from bluegreen.gates import Answer, No, Stage, Yes
from bluegreen.record import Reason, Write
from bluegreen.spec import OnFailure
from tests.support.worlds import NOT_YET, V1, V2, V3, Play, Says, changed, healthy, released

AFTER = Stage.POST_PROMOTION


def verified(says: Answer = NOT_YET, **fields: Any) -> Play:
    """v2 has the live traffic, and its post-promotion gate has yet to answer."""
    play = healthy(gates=(Says("verify", says, AFTER),), **fields)
    play.apply("v2")
    play.go(3)
    assert play.live() == {"edge": V2}
    return play


def test_before_promotion_live_traffic_stays_and_the_revision_goes_after_its_delay() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.go(3)
    play.command(commands.abort)
    play.go(29)
    assert play.live() == {"edge": V1}
    assert play.wanted() == {V1: 2, V2: 2}
    play.go(10)
    assert play.wanted() == {V1: 2}
    assert play.reason is Reason.ABORTED


def test_in_mid_promotion_traffic_goes_back_at_once() -> None:
    play = verified()
    play.command(commands.abort)
    play.step()
    assert play.live() == {"edge": V1}


def test_after_promotion_while_the_previous_revision_is_retained_it_goes_back_to_that_one() -> None:
    play = released()
    play.phase(Healthy)
    play.command(commands.abort)
    play.go(100)
    assert play.live() == {"edge": V1}
    assert play.wanted() == {V1: 2}
    assert play.memory.stable == V1


def test_an_abort_needs_nothing_of_the_revision_it_takes_away() -> None:
    play = verified()
    play.world.fail(V2, 1)
    play.command(commands.abort)
    play.go()
    assert play.live() == {"edge": V1}


def test_three_quarters_of_the_stable_one_are_enough_to_go_back_at_once() -> None:
    play = verified(replicas=4)
    play.world.fail(V1, 1)
    play.command(commands.abort)
    play.go()
    assert play.live() == {"edge": V1}


def test_with_less_the_stable_one_gets_half_a_minute_to_recover() -> None:
    play = verified(replicas=4)
    play.world.fail(V1, 2)
    play.command(commands.abort)
    play.go(29)
    assert play.live() == {"edge": V2}
    play.go(1)
    assert play.live() == {"edge": V1}


def test_a_layer_that_was_slow_before_the_abort_takes_nothing_of_that_half_minute() -> None:
    play = healthy(replicas=4, layers=("outer", "inner"))
    play.world.layers["outer"].converge_after_s = 100
    play.apply("v2")
    play.go(60)
    assert play.live() == {"outer": V2, "inner": V1}
    play.world.fail(V1, 2)
    play.command(commands.abort)
    play.go(29)
    assert play.live() == {"outer": V2, "inner": V1}
    play.go(1)
    assert play.live() == {"outer": V1, "inner": V1}


def test_as_soon_as_the_stable_one_has_recovered_the_wait_is_over() -> None:
    play = verified(replicas=4)
    play.world.fail(V1, 3, for_s=12)
    play.command(commands.abort)
    play.go(11)
    assert play.live() == {"edge": V2}
    play.go(1)
    assert play.live() == {"edge": V1}


def test_when_the_new_one_has_nothing_any_single_replica_will_do() -> None:
    play = verified(replicas=4)
    play.world.fail(V1, 3)
    play.command(commands.abort)
    play.go()
    assert play.live() == {"edge": V2}
    play.world.fail(V2)
    play.go()
    assert play.live() == {"edge": V1}


def test_with_nothing_to_go_back_to_it_holds_still_and_names_the_way_out() -> None:
    play = verified()
    play.world.fail(V1)
    play.command(commands.abort)
    play.go(3600)
    assert play.live() == {"edge": V2}
    assert play.wanted() == {V1: 2, V2: 2}, "both are kept whole"
    assert "promote --full" in play.phase(Degraded).message
    play.command(commands.promote_full)
    play.go(10)
    play.phase(Healthy)
    assert play.memory.stable == V2


def test_with_nothing_available_on_either_side_it_holds_still_and_says_so() -> None:
    play = verified()
    play.world.fail(V1)
    play.world.fail(V2)
    play.go()
    play.go(3600)
    assert play.live() == {"edge": V2}
    assert play.wanted() == {V1: 2, V2: 2}
    assert "holding still" in play.phase(Degraded).message
    play.world.recover(V1)
    play.go()
    assert play.live() == {"edge": V1}


def test_a_stable_revision_that_was_scaled_down_is_restored_first() -> None:
    play = verified()
    play.world.ready_after_s = 10
    play.world.revisions[V1].ready_after_s = 10
    play.world.scale_elsewhere(V1, 0)
    play.command(commands.abort)
    play.go(9)
    assert play.live() == {"edge": V2}
    assert play.wanted()[V1] == 2
    assert "nothing available" in play.phase(Degraded).message
    play.go(1)
    assert play.live() == {"edge": V1}


def test_while_traffic_is_going_back_the_message_says_which_layers_are_not_there() -> None:
    play = verified(replicas=4)
    play.world.fail(V1, 2)
    play.command(commands.abort)
    play.go(1)
    assert "edge not there yet" in play.phase(Degraded).message


def test_an_abort_after_a_saved_scale_down_restores_the_replicas_first() -> None:
    """The scale-down may still land, so nothing is pointed at the revision before a new token has ended it."""
    play = released(scale_down_delay_seconds=10)
    late = play.stall(Retire, within=20)
    assert [one.revision for one in late] == [V1]
    play.command(commands.abort)
    decision = play.step(act=False)
    assert Ensure(V1, 2) in decision.actions
    assert play.live() == {"edge": V2}
    for action in decision.actions:
        play.perform(action)
    play.perform(late[0])
    assert play.conflicts == late
    play.go()
    assert play.live() == {"edge": V1}
    assert play.wanted()[V1] == 2


def test_an_abort_after_a_scale_down_that_landed_brings_the_replicas_back_before_the_traffic() -> None:
    play = released(scale_down_delay_seconds=10)
    play.world.revisions[V1].ready_after_s = 5
    late = play.stall(Retire, within=20)
    play.command(commands.abort)
    play.perform(late[0])
    play.go(4)
    assert play.live() == {"edge": V2}
    play.go(1)
    assert play.live() == {"edge": V1}


def test_the_preview_of_an_aborted_revision_may_run_for_good() -> None:
    play = healthy(auto_promotion_enabled=False, abort_scale_down_delay_seconds=0)
    play.apply("v2")
    play.go(3)
    play.command(commands.abort)
    play.go(100_000)
    assert play.wanted() == {V1: 2, V2: 2}


@pytest.mark.parametrize("stage", [Stage.PRE_PROMOTION, Stage.POST_PROMOTION])
def test_a_gate_that_says_no_aborts(stage: Stage) -> None:
    play = healthy(gates=(Says("check", No("too many errors"), stage),))
    play.apply("v2")
    play.go(3)
    assert play.live() == {"edge": V1}
    assert play.reason is Reason.GATE_FAILED
    assert "too many errors" in play.phase(Degraded).message


def test_a_retry_asks_every_gate_again() -> None:
    play = healthy(auto_promotion_enabled=False, gates=(Says("check", Yes("fine")), Says("last", No("bad"), AFTER)))
    play.apply("v2")
    play.go(3)
    play.command(commands.promote)
    play.go(3)
    assert play.reason is Reason.GATE_FAILED
    play.rollout = changed(play.rollout, gates=(Says("check"),))
    play.command(commands.retry)
    play.go(3)
    assert play.phase(Paused).gate == "check", "the yes of the last attempt is worth nothing in this one"
    play.rollout = changed(play.rollout, gates=())
    play.go(3)
    assert play.phase(Paused).gate == "promotion", "and so is the promotion of then"


def test_a_revision_that_was_aborted_while_becoming_available_can_be_tried_again() -> None:
    play = healthy()
    play.world.set_ready_after("v2", 50)
    play.apply("v2")
    play.go(10)
    play.phase(Progressing)
    play.command(commands.abort)
    play.go(10)
    play.command(commands.retry)
    play.go(60)
    assert play.live() == {"edge": V2}


def frozen() -> Play:
    """v2 has the live traffic, its gate said no, and the policy is to leave it there."""
    play = verified(No("too slow"), on_failure=OnFailure.FREEZE)
    play.go(1000)
    assert play.reason is Reason.FROZEN
    assert play.wanted() == {V1: 2, V2: 2}
    return play


def test_frozen_means_live_traffic_stays_and_both_are_kept() -> None:
    play = frozen()
    assert play.live() == {"edge": V2}
    assert play.decide().actions == ()
    assert "abort" in play.phase(Degraded).message
    assert "promote --full" in play.phase(Degraded).message


def test_frozen_and_then_aborted_goes_back() -> None:
    play = frozen()
    play.command(commands.abort)
    play.go(60)
    assert play.live() == {"edge": V1}
    assert play.wanted() == {V1: 2}


def test_frozen_and_then_promoted_fully_is_accepted() -> None:
    play = frozen()
    play.command(commands.promote_full)
    play.go(60)
    play.phase(Healthy)
    assert play.wanted() == {V2: 2}


def test_frozen_and_then_superseded_never_goes_back_to_the_old_one() -> None:
    play = frozen()
    play.rollout = changed(play.rollout, gates=(), auto_promotion_enabled=False)
    play.apply("v3")
    play.go(100)
    play.phase(Paused)
    assert play.live() == {"edge": V2}
    assert play.memory.stable == V2
    play.command(commands.promote)
    play.go()
    assert play.live() == {"edge": V3}


def test_the_current_revision_that_dies_in_its_window_is_taken_back() -> None:
    play = released(scale_down_delay_seconds=300)
    play.world.fail(V2)
    play.go(29)
    assert play.live() == {"edge": V2}
    play.go(1)
    assert play.live() == {"edge": V1}
    assert play.reason is Reason.DIED
    assert play.memory.dead_since is None


def test_a_short_faint_in_the_window_is_forgiven() -> None:
    play = released(scale_down_delay_seconds=300)
    for _ in range(5):
        play.world.fail(V2, for_s=20)
        play.go(30)
    play.phase(Healthy)
    assert play.live() == {"edge": V2}
    assert play.memory.dead_since is None


def test_a_previous_revision_that_is_not_whole_takes_nothing_over() -> None:
    play = released(scale_down_delay_seconds=300)
    play.world.fail(V1, 1)
    play.world.fail(V2)
    play.go(100)
    play.phase(Healthy)
    assert play.live() == {"edge": V2}


def test_after_the_window_there_is_nobody_to_take_over() -> None:
    play = released()
    play.go(100)
    play.world.fail(V2)
    play.go(100)
    play.phase(Healthy)
    assert play.wanted() == {V2: 2}


def test_a_death_in_the_window_may_freeze_instead() -> None:
    play = released(scale_down_delay_seconds=300, on_failure=OnFailure.FREEZE)
    play.world.fail(V2)
    play.go(31)
    assert play.reason is Reason.FROZEN
    assert play.live() == {"edge": V2}
    assert play.wanted() == {V1: 2, V2: 2}
    play.command(commands.abort)
    play.go()
    assert play.live() == {"edge": V1}


def test_aborting_twice_is_aborting_once() -> None:
    play = verified()
    play.command(commands.abort)
    play.go(3)
    before = play.record
    play.command(commands.abort)
    assert play.record == before


def test_an_aborted_revision_is_not_scaled_down_before_the_stable_one_is_whole() -> None:
    play = healthy(auto_promotion_enabled=False, replicas=4)
    play.apply("v2")
    play.go(3)
    play.world.fail(V1, 1)
    play.command(commands.abort)
    play.go(500)
    assert play.wanted() == {V1: 4, V2: 4}
    play.world.recover(V1)
    play.go(29)
    assert play.wanted() == {V1: 4, V2: 4}
    play.go(1)
    assert play.wanted() == {V1: 4}


def test_an_abort_is_carried_out_by_whoever_comes_next() -> None:
    play = verified()
    play.command(commands.abort)
    play.step(act=False)
    play.restart()
    play.go()
    assert play.live() == {"edge": V1}


def test_frozen_with_a_layer_out_of_sight_holds_still_and_is_superseded_when_it_is_seen() -> None:
    play = verified(No("too slow"), on_failure=OnFailure.FREEZE, layers=("edge",))
    play.go()
    version = play.world.layers["edge"].version
    play.world.blind("layer edge")
    play.go(10)
    assert play.reason is Reason.FROZEN
    play.record = evolve(play.memory, outstanding=(Write("layer:edge", version),))
    play.rollout = changed(play.rollout, gates=()).with_image("v3")
    play.go(10)
    assert play.memory.current == V2, "a write that may land holds the next attempt back"
    assert play.decide().actions == ()
    play.world.see("layer edge")
    play.go(10)
    assert play.live() == {"edge": V3}


def test_while_frozen_no_clock_runs_for_any_revision() -> None:
    play = released(scale_down_delay_seconds=60)
    play.rollout = changed(play.rollout, on_failure=OnFailure.FREEZE, gates=(Says("verify", No("slow"), AFTER),))
    play.apply("v3")
    play.go(500)
    assert play.reason is Reason.FROZEN
    assert play.wanted() == {V1: 2, V2: 2, V3: 2}
