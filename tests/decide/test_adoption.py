"""A record that is not there: what live traffic shows is stable, and gates apply."""

import pytest
from attrs import evolve

from bluegreen import Healthy, Paused, Progressing
from bluegreen.decide import decide
from bluegreen.record import Record
from bluegreen.snapshot import EVERYTHING, Foreign, Unobserved
from bluegreen.spec import RevisionId
from tests.support.worlds import START, V1, V2, Play, changed, healthy, released


def forgetful(play: Play) -> Play:
    """The same world, of which nothing is remembered."""
    play.record = None
    play.restart()
    return play


def test_what_has_the_traffic_is_stable() -> None:
    play = forgetful(healthy())
    play.go()
    assert play.memory.stable == V1
    play.phase(Healthy)
    assert play.did("Adopted")


def test_another_template_than_the_live_one_passes_its_gates() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.go(5)
    forgetful(play).go(100)
    assert play.memory.stable == V1
    play.phase(Paused)
    assert play.live() == {"edge": V1}


@pytest.mark.parametrize("moved", ["outer", "inner"])
def test_a_record_lost_in_mid_promotion_completes_nothing_by_itself(moved: str) -> None:
    play = healthy(layers=("outer", "inner"), auto_promotion_enabled=False)
    play.apply("v2")
    play.go(5)
    play.world.point_elsewhere(moved, V2)
    forgetful(play).go(100)
    assert play.memory.stable == V1
    assert play.live() == {"outer": V1, "inner": V1}
    play.phase(Paused)


def test_a_record_lost_while_the_old_revision_is_dead_goes_on_with_what_serves() -> None:
    play = healthy(layers=("outer", "inner"), auto_promotion_enabled=False)
    play.apply("v2")
    play.go(5)
    play.world.point_elsewhere("outer", V2)
    play.world.fail(V1)
    forgetful(play).go(100)
    assert play.memory.stable == V2
    assert play.live() == {"outer": V2, "inner": V2}


def test_nothing_is_taken_for_stable_before_every_layer_was_seen() -> None:
    play = forgetful(healthy(layers=("outer", "inner")))
    play.world.blind("layer inner")
    play.go(100)
    assert not play.memory.adopted
    assert "inner" in play.phase(Progressing).message
    assert play.decide().actions == ()
    play.world.see("layer inner")
    play.go()
    play.phase(Healthy)


def test_nothing_is_taken_for_stable_before_the_workloads_were_seen() -> None:
    play = forgetful(healthy())
    play.world.blind("workloads")
    play.go(100)
    assert "the workloads" in play.phase(Progressing).message
    assert play.live() == {"edge": V1}
    play.world.see("workloads")
    play.go()
    play.phase(Healthy)


def test_where_a_layer_selects_everything_the_only_revision_that_serves_is_stable() -> None:
    play = healthy()
    play.world.point_elsewhere("edge", EVERYTHING)
    forgetful(play).apply(auto_promotion_enabled=False)
    play.apply("v2")
    play.go(60)
    assert play.memory.stable == V1
    assert play.live() == {"edge": V1}
    play.phase(Paused)


def test_where_a_layer_selects_everything_and_two_serve_a_person_decides() -> None:
    play = released(scale_down_delay_seconds=1000)
    play.world.point_elsewhere("edge", EVERYTHING)
    forgetful(play).apply(auto_promotion_enabled=False)
    play.go(60)
    assert play.memory.stable is None
    play.phase(Paused)
    assert play.live() == {"edge": EVERYTHING}, "it stays as it is"
    assert play.wanted() == {V1: 2, V2: 2}, "nobody who may be serving is scaled down"


def test_what_is_no_revision_of_ours_is_not_adopted() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.world.point_elsewhere("edge", Foreign("legacy"))
    forgetful(play).go(60)
    assert play.memory.stable is None
    play.phase(Paused)
    assert play.live() == {"edge": Foreign("legacy")}


def test_a_pointer_at_a_revision_that_does_not_exist_is_not_adopted_and_gates_apply() -> None:
    play = Play(auto_promotion_enabled=False)
    play.world.point_elsewhere("edge", RevisionId("gone"))
    play.go(60)
    play.phase(Paused)
    assert play.memory.stable is None


def test_adopting_happens_once() -> None:
    play = forgetful(healthy())
    play.go()
    assert [entry.what for entry in play.memory.history].count("Adopted") == 1


def test_a_world_that_other_hands_built_is_taken_over_without_touching_its_traffic() -> None:
    made = healthy()
    other = Play(changed(made.rollout, auto_promotion_enabled=False), world=made.world)
    other.seconds = made.seconds
    before = made.world.layers["edge"].version
    other.go()
    other.phase(Healthy)
    assert made.world.layers["edge"].version == before


def test_a_record_that_names_no_revision_waits_for_a_look_at_the_workloads() -> None:
    play = Play()
    record = evolve(Record.new(START), adopted=True)
    snapshot = evolve(play.look(), workloads=Unobserved(START, "refused"))
    decision = decide(play.rollout, record, snapshot, START)
    assert decision.actions == ()
    assert decision.record.phase.message == "cannot look yet at the workloads"
