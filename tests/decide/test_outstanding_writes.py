"""A saved write may land late, from an engine that stalled: what it holds back, and what ends it."""

from typing import Any

from attrs import evolve

from bluegreen import Degraded, Healthy, Progressing, Promoting, Slot, Snapshot, commands
from bluegreen.actions import Ensure, Point, Retire
from bluegreen.gates import No, Stage
from bluegreen.record import Reason, Write
from bluegreen.snapshot import Observed
from bluegreen.spec import OnFailure, RouterSpec
from tests.support.worlds import V1, V2, V3, Play, Says, changed, healthy, released


def cached(snapshot: Snapshot) -> Snapshot:
    """The same look, from a cache."""
    layers = []
    for layer in snapshot.layers:
        assert isinstance(layer.seen, Observed)
        layers.append(evolve(layer, seen=evolve(layer.seen, live=False)))
    assert isinstance(snapshot.workloads, Observed)
    return evolve(snapshot, layers=tuple(layers), workloads=evolve(snapshot.workloads, live=False))


def stalled(**fields: Any) -> tuple[Play, list[Point]]:
    """The switch to v2 is saved, and has not landed."""
    play = healthy(**fields)
    play.apply("v2")
    return play, play.stall(Point)


def test_every_traffic_write_and_scale_down_is_remembered_in_the_record_that_decides_it() -> None:
    play, points = stalled()
    assert play.memory.outstanding == (Write("layer:edge", points[0].if_version),)
    play.go(10)
    retires = play.stall(Retire, within=60)
    assert play.memory.outstanding == (Write(f"revision:{V1}", retires[0].if_version),)


def test_a_write_that_landed_is_ended_by_the_next_live_look() -> None:
    play, points = stalled()
    play.perform(points[0])
    play.step()
    assert play.memory.outstanding == ()


def test_a_write_is_not_ended_by_a_look_from_a_cache() -> None:
    play, points = stalled()
    play.perform(points[0])
    play.alter = cached
    play.step()
    assert len(play.memory.outstanding) == 1


def test_a_write_is_not_ended_while_its_layer_cannot_be_observed() -> None:
    play, points = stalled()
    play.world.blind("layer edge")
    play.perform(points[0])
    play.go(10)
    assert len(play.memory.outstanding) == 1


def test_a_scale_down_is_not_ended_while_the_workloads_cannot_be_observed() -> None:
    play = released()
    play.stall(Retire, within=60)
    play.world.blind("workloads")
    play.go(10)
    assert [one.object for one in play.memory.outstanding] == [f"revision:{V1}"]


def test_the_same_write_decided_twice_is_outstanding_once_and_lands_once() -> None:
    play, first = stalled()
    second = play.stall(Point)
    assert first == second
    assert len(play.memory.outstanding) == 1
    play.perform(first[0])
    play.perform(second[0])
    assert play.conflicts == second


def test_an_abort_ends_a_switch_that_never_landed_by_writing_the_same_value_anew() -> None:
    play, late = stalled()
    play.command(commands.abort)
    play.settle()
    assert play.memory.outstanding == ()
    play.perform(late[0])
    assert play.conflicts == late
    assert play.live() == {"edge": V1}


def test_no_retry_starts_while_a_switch_of_the_last_attempt_may_land() -> None:
    play, late = stalled()
    play.command(commands.abort)
    play.command(commands.retry)
    attempt = play.memory.attempt
    play.step(act=False)
    assert play.memory.attempt == attempt
    assert "starts when no write of the last one can land" in play.memory.phase.message
    play.go()
    assert play.memory.attempt == attempt + 1
    play.phase(Healthy)
    play.perform(late[0])
    assert play.conflicts == late


def test_no_new_template_starts_while_a_switch_of_the_last_attempt_may_land() -> None:
    play, late = stalled()
    play.apply("v3")
    play.step(act=False)
    assert play.memory.current == V2
    assert V1 in play.phase(Progressing).message
    play.perform(late[0])
    play.settle()
    assert play.live() == {"edge": V3}


def test_what_a_late_switch_may_show_is_kept_whole() -> None:
    """v2 is superseded, and its switch may still land: it keeps its replicas until that is ended."""
    play, _ = stalled()
    assert V2 in play.memory.may_show
    play.world.refuse("layer edge point", 1000)
    play.world.refuse("layer edge prepare", 1000)
    play.world.scale_elsewhere(V2, 0)
    play.command(commands.abort)
    play.go(500)
    assert play.wanted() == {V1: 2, V2: 2}


def test_nothing_is_retired_while_a_switch_may_land() -> None:
    play = released()
    play.world.point_elsewhere("edge", V1)
    play.stall(Point)
    play.world.refuse("layer edge point", 1000)
    play.world.point_elsewhere("edge", V2)
    play.go(1)
    play.world.point_elsewhere("edge", V1)
    play.go(500)
    assert play.memory.outstanding
    assert play.wanted() == {V1: 2, V2: 2}


def test_nothing_is_pointed_at_a_revision_whose_scale_down_may_land() -> None:
    play = released()
    late = play.stall(Retire, within=60)
    play.command(commands.abort)
    first = play.step()
    assert not any(isinstance(action, Point) for action in first.actions)
    assert Ensure(V1, 2) in first.actions
    play.go()
    assert play.live() == {"edge": V1}
    play.perform(late[0])
    assert play.conflicts == late


def test_a_deleted_revisions_scale_down_can_not_land_any_more() -> None:
    play = released()
    play.stall(Retire, within=60)
    play.world.delete_elsewhere(V1)
    play.step()
    assert play.memory.outstanding == ()


def test_a_layer_that_is_no_longer_declared_is_not_waited_for() -> None:
    play = healthy()
    play.record = evolve(play.memory, outstanding=(Write("layer:former", "v0"),))
    play.step()
    assert play.memory.outstanding == ()


def test_a_promotion_is_complete_only_when_no_write_of_it_can_land() -> None:
    play, late = stalled()
    play.world.point_elsewhere("edge", V2)
    play.step(act=False)
    play.go()
    play.phase(Healthy)
    play.perform(late[0])
    assert play.conflicts == late


def test_no_promotion_begins_while_an_earlier_switch_may_land() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.go(5)
    play.record = evolve(play.memory, outstanding=(Write("layer:edge", play.world.layers["edge"].version),))
    play.command(commands.promote)
    decision = play.step()
    play.phase(Progressing)
    assert [one.revision for one in decision.actions if isinstance(one, Point)] == [V1], "it is ended first"
    play.go()
    assert play.live() == {"edge": V2}


def test_a_second_write_on_another_version_joins_the_first() -> None:
    """An outsider's edit lies between them; the first can not land any more, and is ended by the look that sees so."""
    play, first = stalled()
    play.world.point_elsewhere("edge", V1)
    second = play.stall(Point)
    assert first[0].if_version != second[0].if_version
    assert play.memory.outstanding == (Write("layer:edge", second[0].if_version),)


def test_while_frozen_a_write_that_may_land_is_ended_where_it_is() -> None:
    verify = Says("verify", No("slow"), Stage.POST_PROMOTION)
    play = healthy(on_failure=OnFailure.FREEZE, gates=(verify,), layers=("outer", "inner"))
    play.apply("v2")
    play.go(10)
    play.record = evolve(play.memory, outstanding=(Write("layer:inner", play.world.layers["inner"].version),))
    play.settle()
    assert play.reason is Reason.FROZEN
    assert play.memory.outstanding == ()
    assert play.live() == {"outer": V2, "inner": V2}


def test_a_frozen_release_is_superseded_only_after_its_writes_are_ended() -> None:
    verify = Says("verify", No("slow"), Stage.POST_PROMOTION)
    play = healthy(on_failure=OnFailure.FREEZE, gates=(verify,))
    play.apply("v2")
    play.go(10)
    assert play.reason is Reason.FROZEN
    version = play.world.layers["edge"].version
    play.record = evolve(play.memory, outstanding=(Write("layer:edge", version),))
    play.rollout = changed(play.rollout, gates=()).with_image("v3")
    decision = play.step()
    assert play.memory.current == V2
    assert [one.revision for one in decision.actions if isinstance(one, Point)] == [V2], "same value, new token"
    play.go()
    assert play.live() == {"edge": V3}


def test_a_layer_taken_from_the_declaration_no_longer_holds_anything_up() -> None:
    play, _ = stalled(layers=("outer", "inner"))
    play.rollout = changed(play.rollout, routers=(RouterSpec(name="inner"),))
    play.backend = evolve(play.backend, routers=play.backend.routers[1:])
    play.go()
    play.phase(Healthy)
    assert play.live() == {"outer": V1, "inner": V2}


def test_a_late_switch_between_two_aborts_does_no_harm() -> None:
    play, late = stalled()
    play.command(commands.abort)
    decision = play.step(act=False)
    play.perform(late[0])
    for action in decision.actions:
        play.perform(action)
    play.go()
    assert play.live() == {"edge": V1}
    assert play.reason is Reason.ABORTED
    assert play.phase(Degraded).revision == V2


def test_while_promoting_a_layer_that_shows_it_already_is_written_anew() -> None:
    play, _late = stalled()
    version = play.world.layers["edge"].version
    play.world.layers["edge"].active = V2
    decision = play.step(act=False)
    assert [one for one in decision.actions if isinstance(one, Point)] == [Point("edge", Slot.ACTIVE, V2, version)]
    play.phase(Promoting)
