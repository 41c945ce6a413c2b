""" "Could not look" is never "nothing there": each phase with a layer, or the workloads, out of sight."""

from collections.abc import Callable

import pytest
from attrs import evolve

from bluegreen import Degraded, Healthy, Paused, Progressing, Promoting, Snapshot, commands
from bluegreen.actions import Measure, Point
from bluegreen.record import Reason
from bluegreen.snapshot import Observed
from tests.support.worlds import V1, V2, V3, Does, Play, healthy, measuring, released

WAITING = {"auto_promotion_enabled": False}


def test_progressing_with_a_layer_out_of_sight_goes_on_preparing_and_does_not_promote() -> None:
    play = healthy(layers=("outer", "inner"))
    play.world.blind("layer inner")
    play.apply("v2")
    play.go(1000)
    assert play.wanted() == {V1: 2, V2: 2}
    assert len(play.world.available(V2)) == 2
    assert play.live() == {"outer": V1, "inner": V1}
    assert "inner" in play.phase(Progressing).message
    play.world.see("layer inner")
    play.go()
    play.phase(Healthy)


def test_paused_with_a_layer_out_of_sight_takes_the_promotion_and_waits_for_the_layer() -> None:
    play = healthy(**WAITING)
    play.apply("v2")
    play.go(5)
    play.world.blind("layer edge")
    play.command(commands.promote)
    play.go(1000)
    assert "cannot look at edge" in play.phase(Progressing).message
    play.world.see("layer edge")
    play.go()
    play.phase(Healthy)


def test_degraded_with_a_layer_out_of_sight_starts_no_clock_and_keeps_trying() -> None:
    play = healthy(layers=("outer", "inner"), **WAITING)
    play.apply("v2")
    play.go(5)
    play.command(commands.promote)
    play.go()
    play.world.blind("layer inner")
    play.command(commands.abort)
    play.go(1000)
    assert play.live() == {"outer": V1, "inner": V2}
    assert play.wanted() == {V1: 2, V2: 2}
    assert "inner" in play.phase(Degraded).message
    play.world.see("layer inner")
    play.go()
    assert play.live() == {"outer": V1, "inner": V1}


def test_healthy_with_a_layer_out_of_sight_says_so_and_retires_nothing() -> None:
    play = released()
    play.world.blind("layer edge")
    play.go(1000)
    assert play.phase(Healthy).message == "cannot look at edge: nothing is retired before it can be"
    assert play.wanted() == {V1: 2, V2: 2}


def test_workloads_out_of_sight_are_never_a_target() -> None:
    play = healthy(**WAITING)
    play.apply("v2")
    play.go(5)
    play.world.blind("workloads")
    play.command(commands.promote_full)
    play.go(1000)
    assert play.live() == {"edge": V1}
    play.world.see("workloads")
    play.go()
    assert play.live() == {"edge": V2}


def test_traffic_is_not_brought_back_to_what_cannot_be_seen() -> None:
    play = released(scale_down_delay_seconds=1000)
    play.world.point_elsewhere("edge", V1)
    play.world.blind("workloads")
    play.go(100)
    assert play.live() == {"edge": V1}
    assert "the workloads" in play.phase(Healthy).message
    play.world.see("workloads")
    play.go()
    assert play.live() == {"edge": V2}


def test_promoting_with_the_workloads_out_of_sight_waits_and_then_gives_up() -> None:
    play = healthy(layers=("outer", "inner"))
    play.world.layers["outer"].converge_after_s = 10
    play.apply("v2")
    play.go(5)
    play.world.blind("workloads")
    play.go(100)
    play.phase(Promoting)
    assert play.live() == {"outer": V2, "inner": V1}
    play.go(100)
    assert play.reason is Reason.LAYER_DEADLINE
    play.world.see("workloads")
    play.go()
    assert play.live() == {"outer": V1, "inner": V1}


def test_a_new_template_is_not_noticed_before_the_workloads_are_seen() -> None:
    play = healthy()
    play.world.blind("workloads")
    play.apply("v2")
    play.go(100)
    assert play.memory.current == V1
    play.world.see("workloads")
    play.go()
    assert play.live() == {"edge": V2}


def test_the_current_revision_is_not_dead_because_nobody_can_see_it() -> None:
    play = released(scale_down_delay_seconds=1000)
    play.world.blind("workloads")
    play.go(500)
    play.phase(Healthy)
    play.world.see("workloads")
    play.go()
    assert play.live() == {"edge": V2}


def cached(snapshot: Snapshot) -> Snapshot:
    """The same look, its workloads from a cache."""
    assert isinstance(snapshot.workloads, Observed)
    return evolve(snapshot, workloads=evolve(snapshot.workloads, live=False))


def cached_layers(snapshot: Snapshot) -> Snapshot:
    """The same look, its layers from a cache."""
    seen = [(layer, layer.seen) for layer in snapshot.layers]
    layers = tuple(evolve(one, seen=evolve(part, live=False)) for one, part in seen if isinstance(part, Observed))
    return evolve(snapshot, layers=layers)


@pytest.mark.parametrize("from_a_cache", [cached, cached_layers])
def test_a_look_from_a_cache_moves_no_traffic_and_asks_for_a_live_one(
    from_a_cache: Callable[[Snapshot], Snapshot],
) -> None:
    play = healthy()
    play.apply("v2")
    play.stall(Point)
    play.alter = from_a_cache
    decision = play.step()
    assert decision.actions == ()
    assert decision.wake_at == play.now
    play.alter = lambda snapshot: snapshot
    play.go()
    assert play.live() == {"edge": V2}


def test_a_look_from_a_cache_may_show_that_nothing_is_to_be_done() -> None:
    play = healthy()
    play.alter = cached
    decision = play.decide()
    assert decision.actions == ()
    assert decision.record is play.record
    assert decision.wake_at is None


def test_a_look_from_a_cache_may_start_what_moves_nothing() -> None:
    play = healthy(gates=(Does("check", measuring),))
    play.apply("v2")
    play.go(5)
    play.restart()
    play.alter = cached
    decision = play.decide()
    assert {type(action) for action in decision.actions} == {Measure}
    assert decision.record is play.record


def test_nothing_remembered_and_a_look_from_a_cache_is_not_enough_to_adopt() -> None:
    play = healthy()
    play.record = None
    play.alter = cached
    decision = play.decide()
    assert decision.actions == ()
    assert not decision.record.adopted


def test_the_superseded_revision_is_kept_while_the_workloads_are_out_of_sight() -> None:
    play = healthy(**WAITING)
    play.apply("v2")
    play.go(5)
    play.apply("v3")
    play.go(5)
    play.world.blind("workloads")
    play.go(500)
    assert set(play.wanted()) == {V1, V2, V3}
    assert play.phase(Paused).revision == V3


def test_a_layer_out_of_sight_from_the_beginning_delays_the_first_deployment() -> None:
    play = Play(layers=("outer", "inner"))
    play.world.blind("layer inner")
    play.go(100)
    assert play.wanted() == {}
    play.world.see("layer inner")
    play.go()
    assert play.live() == {"outer": V1, "inner": V1}
