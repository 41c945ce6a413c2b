"""A newer template while an older one is under way: the attempt is closed, traffic is on stable, then it begins."""

from typing import Any

from bluegreen import Degraded, Healthy, Paused, Progressing, Promoting, commands
from bluegreen.gates import Stage
from bluegreen.record import Reason
from tests.support.worlds import V1, V2, V3, Play, Says, healthy, released

WAITING = {"auto_promotion_enabled": False}


def test_in_mid_preview_the_newer_one_takes_over_and_the_older_one_goes_after_its_delay() -> None:
    play = healthy(**WAITING)
    play.apply("v2")
    play.go(5)
    play.apply("v3")
    play.go(5)
    assert play.phase(Paused).revision == V3
    assert set(play.wanted()) == {V1, V2, V3}
    play.go(36)
    assert set(play.wanted()) == {V1, V3}


def halfway(**fields: Any) -> Play:
    """v2 has traffic on the outer layer, which has yet to follow."""
    play = healthy(layers=("outer", "inner"), **fields)
    play.world.layers["outer"].converge_after_s = 50
    play.apply("v2")
    play.go(5)
    assert play.live() == {"outer": V2, "inner": V1}
    return play


def test_in_mid_promotion_traffic_goes_back_to_stable_first() -> None:
    play = halfway()
    play.apply("v3", **WAITING)
    play.go()
    assert play.live() == {"outer": V1, "inner": V1}
    assert play.phase(Paused).revision == V3


def test_while_traffic_is_on_the_superseded_revision_it_is_kept_whole_and_nothing_new_is_prepared() -> None:
    play = halfway(replicas=4)
    play.world.fail(V1, 2)
    play.apply("v3", replicas=6)
    play.go(5)
    assert play.live()["outer"] == V2
    assert play.wanted() == {V1: 6, V2: 6}
    assert V1 in play.phase(Progressing).message
    play.go(90)
    assert play.live() == {"outer": V3, "inner": V3}


def test_while_a_layer_cannot_be_observed_the_superseded_revision_is_kept() -> None:
    play = halfway()
    play.world.blind("layer outer")
    play.apply("v3", **WAITING)
    play.go(1000)
    assert play.wanted()[V2] == 2
    assert play.live()["outer"] == V2
    play.world.see("layer outer")
    play.go()
    assert play.live() == {"outer": V1, "inner": V1}


def test_waiting_for_its_post_promotion_gate_it_is_not_stable_yet_and_is_superseded_by_way_of_stable() -> None:
    play = healthy(gates=(Says("verify", stage=Stage.POST_PROMOTION),))
    play.apply("v2")
    play.go(5)
    play.phase(Promoting)
    play.apply("v3", **WAITING)
    play.go()
    assert play.live() == {"edge": V1}


def test_the_stable_template_again_in_mid_preview_is_healthy_at_once() -> None:
    play = healthy(**WAITING)
    play.apply("v2")
    play.go(5)
    play.apply("v1")
    play.go()
    play.phase(Healthy)
    play.go(40)
    assert play.wanted() == {V1: 2}


def test_the_stable_template_again_in_mid_promotion_takes_traffic_back() -> None:
    play = halfway()
    play.apply("v1")
    play.go(1)
    assert play.live() == {"outer": V1, "inner": V1}
    assert f"traffic goes back to {V1}" in play.phase(Progressing).message
    play.go(60)
    play.phase(Healthy)


def test_the_stable_template_again_waits_until_the_stable_one_is_whole() -> None:
    play = healthy(**WAITING)
    play.apply("v2")
    play.go(5)
    play.world.fail(V1, 1, for_s=20)
    play.apply("v1")
    play.go(19)
    play.phase(Progressing)
    play.go(1)
    play.phase(Healthy)


def test_the_stable_template_again_is_degraded_once_it_takes_too_long_and_goes_on_by_itself() -> None:
    play = halfway(progress_deadline_seconds=60)
    play.world.fail(V1)
    play.apply("v1")
    play.go(59)
    assert f"{V1} has nothing available" in play.phase(Progressing).message
    play.go(2)
    assert play.reason is Reason.PROGRESS_DEADLINE
    said = f"after 60 s {V1} has nothing available, so outer cannot go back to it; it goes on by itself when it can"
    assert play.phase(Degraded).message == said
    play.world.recover(V1)
    play.go(60)
    play.phase(Healthy)
    assert play.live() == {"outer": V1, "inner": V1}


def test_the_stable_template_again_is_degraded_while_it_lacks_replicas_for_too_long() -> None:
    play = healthy(progress_deadline_seconds=60, **WAITING)
    play.apply("v2")
    play.go(5)
    play.world.fail(V1, 1)
    play.apply("v1")
    play.go(61)
    said = f"after 60 s traffic is not settled on {V1} with all replicas of it available"
    assert play.phase(Degraded).message.startswith(said)
    play.world.recover(V1)
    play.go(1)
    play.phase(Healthy)


def test_a_new_template_while_healthy_in_the_window_keeps_both_former_revisions() -> None:
    play = released(scale_down_delay_seconds=1000)
    play.apply("v3", **WAITING)
    play.go(5)
    assert set(play.wanted()) == {V1, V2, V3}
    play.command(commands.promote)
    play.go(5)
    assert play.memory.previous == V2
    assert set(play.wanted()) == {V1, V2, V3}


def test_templates_that_come_faster_than_they_start_end_on_the_last() -> None:
    play = healthy()
    play.world.ready_after_s = 10
    for number in range(2, 9):
        play.apply(f"v{number}")
        play.go(3)
    play.apply("v3")
    play.go(120)
    assert play.live() == {"edge": V3}
    assert play.wanted() == {V3: 2}
    play.phase(Healthy)


def test_a_stable_revision_that_is_dead_is_not_waited_for_for_ever() -> None:
    """Superseded with live traffic while the stable one is dead: hold, then prepare the newer one, then release it."""
    play = halfway()
    play.world.fail(V1)
    play.apply("v3")
    play.go(20)
    assert play.live()["outer"] == V2
    assert V3 not in play.world.revisions
    play.go(200)
    assert play.live() == {"outer": V3, "inner": V3}


def test_an_aborted_revision_that_is_superseded_goes_after_its_own_delay() -> None:
    play = healthy(**WAITING, abort_scale_down_delay_seconds=100)
    play.apply("v2")
    play.go(5)
    play.command(commands.abort)
    play.go(5)
    assert play.reason is Reason.ABORTED
    play.apply("v3")
    play.go(50)
    assert set(play.wanted()) == {V1, V2, V3}
    play.go(60)
    assert set(play.wanted()) == {V1, V3}


def test_an_attempt_has_a_number_of_its_own() -> None:
    play = healthy(**WAITING)
    numbers = [play.memory.attempt]
    for image in ("v2", "v3", "v2"):
        play.apply(image)
        play.go(1)
        numbers.append(play.memory.attempt)
    play.command(commands.abort)
    play.go()
    play.phase(Degraded)
    play.command(commands.retry)
    play.go()
    numbers.append(play.memory.attempt)
    assert numbers == [1, 2, 3, 4, 5]


def test_nothing_of_earlier_attempts_is_kept_but_their_history() -> None:
    play = healthy(**WAITING)
    for number in range(2, 12):
        play.apply(f"v{number}")
        play.go(1)
        play.command(commands.approve, gate="other")
    mine = (play.memory.current, play.memory.attempt)
    assert [(one.revision, one.attempt) for one in play.memory.gates] == [mine]
    assert [(one.revision, one.attempt) for one in play.memory.approvals] == [mine]
