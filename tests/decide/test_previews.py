"""The preview: what it shows, how many replicas it has, and that it is never empty."""

from attrs import evolve

from bluegreen import Healthy, Paused, Progressing, Slot, commands
from bluegreen.backends.memory import NEVER
from bluegreen.snapshot import NOTHING
from tests.support.worlds import V1, V2, V3, healthy

PREVIEW = {"preview_service": "shop-preview", "auto_promotion_enabled": False}


def test_the_preview_shows_the_current_revision() -> None:
    play = healthy(**PREVIEW)
    assert play.world.layers["edge"].preview == V1
    play.apply("v2")
    play.go(1)
    assert play.world.layers["edge"].preview == V2
    assert play.live() == {"edge": V1}


def test_the_preview_is_never_pointed_at_a_revision_with_nothing_available() -> None:
    play = healthy(**PREVIEW)
    play.world.set_ready_after("v2", 20)
    play.apply("v2")
    play.go(19)
    assert play.world.layers["edge"].preview == V1
    play.go(1)
    assert play.world.layers["edge"].preview == V2


def test_without_a_preview_service_the_preview_is_left_alone() -> None:
    play = healthy()
    play.apply("v2")
    play.go(60)
    assert play.world.layers["edge"].preview == NOTHING


def test_the_preview_stays_on_an_aborted_revision_and_all_comes_to_rest() -> None:
    """The layer keeps what its slot shows addressable; that alone is no reason to prepare it again and again."""
    play = healthy(**PREVIEW)
    play.apply("v2")
    play.go(1)
    play.command(commands.abort)
    play.go(120)
    assert play.wanted() == {V1: 2}
    assert play.world.layers["edge"].preview == V2
    assert play.decide().actions == ()


def test_a_preview_that_an_outsider_moves_is_brought_back() -> None:
    play = healthy(**PREVIEW)
    play.apply("v2")
    play.go(1)
    play.world.point_elsewhere("edge", V1, slot=Slot.PREVIEW)
    play.go()
    assert play.world.layers["edge"].preview == V2


def test_an_outsider_who_keeps_moving_the_preview_is_answered_ever_more_slowly() -> None:
    play = healthy(**PREVIEW)
    play.apply("v2")
    play.go(1)
    answered: list[float] = []
    for _ in range(10):
        play.world.point_elsewhere("edge", V1, slot=Slot.PREVIEW)
        began = play.seconds
        play.go()
        while play.world.layers["edge"].preview != V2:
            play.go(1)
        answered.append(play.seconds - began)
    assert answered[0] == 0
    assert answered == sorted(answered)
    assert answered[-1] == 60


def test_preview_replica_count_holds_until_the_gates_said_yes() -> None:
    play = healthy(**PREVIEW, preview_replica_count=1, replicas=4)
    play.world.set_ready_after("v2", 5)
    play.apply("v2")
    play.go(10)
    assert play.wanted() == {V1: 4, V2: 1}
    play.phase(Paused)
    play.command(commands.promote)
    play.go(1)
    assert play.wanted() == {V1: 4, V2: 4}
    play.phase(Progressing)
    assert play.live() == {"edge": V1}, "no traffic before all of it is available"
    play.go(5)
    play.phase(Healthy)
    assert play.live() == {"edge": V2}


def test_no_gate_is_asked_of_a_preview_that_is_half_there() -> None:
    play = healthy(**PREVIEW, preview_replica_count=2, replicas=4)
    play.world.set_ready_after("v2", NEVER)
    play.apply("v2")
    play.settle()
    play.world.revisions[V2].replicas[0].ready_at = play.seconds
    play.go(5)
    play.phase(Progressing)
    play.world.recover(V2)
    play.go(1)
    play.phase(Paused)


def test_without_a_preview_replica_count_the_preview_has_all_replicas() -> None:
    play = healthy(**PREVIEW, replicas=4)
    play.apply("v2")
    play.go(1)
    assert play.wanted() == {V1: 4, V2: 4}


def test_promote_full_needs_no_preview_of_its_own_size() -> None:
    play = healthy(**PREVIEW, preview_replica_count=1, replicas=4)
    play.apply("v2")
    play.go(1)
    play.command(commands.promote_full)
    play.go(1)
    assert play.live() == {"edge": V2}
    assert play.wanted() == {V1: 4, V2: 4}


def test_the_promoted_revision_never_falls_back_to_the_previews_size() -> None:
    play = healthy(**PREVIEW, preview_replica_count=1, replicas=4)
    play.apply("v2")
    play.go(1)
    play.command(commands.promote)
    play.go(100)
    assert play.wanted() == {V2: 4}
    play.apply("v3")
    play.go(1)
    assert play.wanted() == {V2: 4, V3: 1}


def test_a_preview_that_somebody_gave_live_traffic_has_all_replicas_until_it_is_taken_back() -> None:
    play = healthy(**PREVIEW, preview_replica_count=1, replicas=4)
    play.apply("v2")
    play.go(5)
    play.world.refuse("layer edge point", 10)
    play.world.point_elsewhere("edge", V2)
    play.go(1)
    assert play.wanted() == {V1: 4, V2: 4}
    play.world.blind("layer edge")
    play.go(1)
    play.world.scale_elsewhere(V2, 1)
    play.go(1)
    assert play.wanted() == {V1: 4, V2: 4}, "the layer may still show it"
    play.world.see("layer edge")
    play.go(20)
    assert play.live() == {"edge": V1}


def test_a_preview_larger_than_what_is_wanted_comes_to_rest_and_is_scaled_down_once_live() -> None:
    play = healthy(preview_replica_count=4, **PREVIEW)
    play.apply("v2")
    play.go(5)
    assert play.wanted() == {V1: 2, V2: 4}
    assert play.decide().actions == ()
    play.phase(Paused)
    play.command(commands.promote)
    play.go(120)
    assert play.wanted() == {V2: 2}
    play.phase(Healthy)


def test_a_preview_larger_than_what_is_wanted_keeps_its_size_while_a_pause_holds_the_promotion() -> None:
    play = healthy(preview_replica_count=4)
    play.rollout = evolve(play.rollout, paused=True)
    play.apply("v2")
    play.go(20)
    play.phase(Paused)
    assert play.wanted() == {V1: 2, V2: 4}
    assert play.decide().actions == ()
