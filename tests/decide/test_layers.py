"""Several layers are one promotion: in order, each seen to follow before the next, undone in reverse."""

from collections.abc import Callable
from typing import Any

from attrs import evolve

from bluegreen import Degraded, Healthy, Promoting, Slot, Snapshot, commands
from bluegreen.actions import Point
from bluegreen.record import Reason
from bluegreen.snapshot import LayerSeen, Observed, Trouble
from tests.support.worlds import START, V1, V2, Play, healthy

LAYERS = ("outer", "middle", "inner")


def moved(play: Play) -> list[str]:
    """The layers on which live traffic is on v2."""
    return [name for name, shown in play.live().items() if shown == V2]


def halfway(**fields: Any) -> Play:
    """A promotion whose first layer has moved and has yet to follow."""
    play = healthy(layers=LAYERS, **fields)
    for layer in play.world.layers.values():
        layer.converge_after_s = 50
    play.apply("v2")
    play.go(1)
    assert moved(play) == ["outer"]
    return play


def test_layers_move_one_after_the_other_each_seen_to_follow_before_the_next() -> None:
    play = halfway()
    play.go(48)
    assert moved(play) == ["outer"]
    play.go(2)
    assert moved(play) == ["outer", "middle"]
    play.go(50)
    assert moved(play) == ["outer", "middle", "inner"]
    play.phase(Promoting)
    play.go(50)
    play.phase(Healthy)


def test_a_layers_deadline_counts_from_its_turn() -> None:
    """Three layers of 50 s each take longer than one layer's deadline of 120 s, and none of them is late."""
    play = halfway()
    play.go(160)
    play.phase(Healthy)


def test_a_layer_that_does_not_follow_in_time_undoes_all_in_reverse() -> None:
    play = halfway(layer_deadline_seconds=60)
    play.world.layers["middle"].converge_after_s = 1000
    play.go(50)
    assert moved(play) == ["outer", "middle"]
    play.go(55)
    play.phase(Promoting)
    back = play.stall(Point, within=10)
    assert play.reason is Reason.LAYER_DEADLINE
    assert "middle" in play.phase(Degraded).why
    assert [(point.layer, point.revision) for point in back] == [("middle", V1), ("outer", V1)]
    play.go()
    assert moved(play) == []


def test_a_layer_that_cannot_be_observed_for_too_long_undoes_those_within_reach() -> None:
    play = halfway()
    play.world.blind("layer inner")
    play.go(100)
    assert moved(play) == ["outer", "middle"]
    play.go(118)
    play.phase(Promoting)
    play.go(2)
    assert play.reason is Reason.LAYER_DEADLINE
    assert moved(play) == []


def test_the_layer_out_of_reach_is_brought_back_when_it_is_seen_again() -> None:
    play = halfway()
    play.go(50)
    play.world.blind("layer middle")
    play.go(200)
    assert play.reason is Reason.LAYER_DEADLINE
    assert moved(play) == ["middle"]
    assert "middle" in play.phase(Degraded).message
    play.world.see("layer middle")
    play.go()
    assert moved(play) == []
    assert "all traffic is on" in play.phase(Degraded).message


def test_the_next_layer_waits_while_an_outsider_holds_an_earlier_one_back() -> None:
    play = halfway()
    play.go(48)
    play.world.point_elsewhere("outer", V1)
    play.go(10)
    assert moved(play) == ["outer"], "it was moved again, and has yet to follow"


def test_an_abort_in_the_middle_takes_every_layer_back() -> None:
    play = halfway()
    play.go(51)
    assert moved(play) == ["outer", "middle"]
    play.command(commands.abort)
    play.go()
    assert moved(play) == []


def test_each_write_carries_the_version_it_was_decided_on() -> None:
    play = healthy(layers=LAYERS)
    play.apply("v2")
    points = play.stall(Point)
    before = play.world.layers["outer"].version
    assert points == [Point("outer", Slot.ACTIVE, V2, before)]
    play.world.point_elsewhere("outer", V1)
    play.perform(points[0])
    assert play.conflicts == points
    assert moved(play) == []


def test_layers_are_prepared_early_long_before_traffic_moves() -> None:
    play = healthy(layers=LAYERS, auto_promotion_enabled=False)
    play.apply("v2")
    play.go(5)
    for layer in play.world.layers.values():
        assert {target.revision for target in layer.prepared} == {V1, V2}


def test_a_layer_is_not_moved_before_it_is_prepared_for_every_replica() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.world.refuse("layer edge prepare", 10**6)
    play.apply("v2")
    play.go(2)
    play.command(commands.promote)
    play.go(10)
    assert play.live() == {"edge": V1}
    assert play.refused


def replaced(layer: LayerSeen, **state: Any) -> LayerSeen:
    """The same layer, seen in another state."""
    assert isinstance(layer.seen, Observed)
    return evolve(layer, seen=evolve(layer.seen, value=evolve(layer.seen.value, **state)))


def unprobed(snapshot: Snapshot) -> Snapshot:
    """The same look at layers that have no probe and need no preparing."""
    layers = [replaced(layer, probed=False, prepared=None) for layer in snapshot.layers]
    return evolve(snapshot, layers=tuple(layers))


def test_a_layer_without_a_probe_is_given_time_to_settle() -> None:
    play = Play(layers=("outer", "inner"), settle_seconds=7)
    play.alter = unprobed
    play.go(30)
    play.apply("v2")
    play.go(6)
    assert moved(play) == ["outer"]
    play.go(1)
    assert moved(play) == ["outer", "inner"]
    play.go(6)
    play.phase(Promoting)
    play.go(1)
    play.phase(Healthy)


def refused(what: str) -> Callable[[Snapshot], Snapshot]:
    """The same look, after which the world refused this for good."""
    trouble = Trouble(what, "forbidden (grant it)", START, permanent=True)
    return lambda snapshot: evolve(snapshot, troubles=(trouble,))


def test_a_layer_that_refuses_for_good_is_not_waited_for() -> None:
    play = halfway()
    play.alter = refused("point active of layer outer at revision 1")
    play.go()
    assert play.reason is Reason.LAYER_DEADLINE
    assert "layer outer cannot follow: forbidden (grant it)" in play.phase(Degraded).why


def test_a_layer_is_not_blamed_for_another_whose_name_begins_like_its_own() -> None:
    play = halfway()
    play.alter = refused("prepare layer outermost")
    play.go(10)
    play.phase(Promoting)


def test_a_layer_that_did_not_follow_is_reported_with_what_it_said_last() -> None:
    play = halfway(layer_deadline_seconds=20)

    def noting(snapshot: Snapshot) -> Snapshot:
        parts = [replaced(layer, note="503 from the pool") for layer in snapshot.layers]
        return evolve(snapshot, layers=tuple(parts))

    play.alter = noting
    play.go(30)
    assert "layer outer was not seen to follow within 20 s (503 from the pool)" in play.phase(Degraded).why


def test_traffic_goes_forward_only_where_every_available_replica_is_addressable() -> None:
    play = healthy()
    play.world.set_ready_after("v2", 10)
    play.apply("v2")
    play.go(9)
    play.world.fail(V2, 1, for_s=20)
    play.go(5)
    play.world.refuse("layer edge prepare", 30)
    play.go(20)
    assert len(play.world.available(V2)) == 2
    assert [len(one.addresses) for one in play.world.layers["edge"].prepared if one.revision == V2] == [1]
    assert play.live() == {"edge": V1}
    play.go(30)
    assert play.live() == {"edge": V2}


def test_traffic_goes_back_although_only_some_replicas_are_addressable() -> None:
    play = halfway()
    play.world.refuse("layer outer prepare", 1000)
    play.world.scale_elsewhere(V1, 1)
    play.go(1)
    play.command(commands.abort)
    play.go(1)
    assert play.live()["outer"] == V1


def test_traffic_goes_nowhere_where_only_replicas_that_are_gone_are_addressable() -> None:
    play = halfway()
    play.world.refuse("layer outer prepare", 1000)
    play.world.scale_elsewhere(V1, 0)
    play.go(1)
    play.command(commands.abort)
    play.go(60)
    assert len(play.world.available(V1)) == 2
    assert play.live()["outer"] == V2
