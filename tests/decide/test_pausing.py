"""`spec.paused` holds promotions back, and nothing else."""

from bluegreen import Healthy, Paused, commands
from bluegreen.gates import Stage
from bluegreen.record import PauseReason, Reason
from tests.support.worlds import V1, V2, Says, healthy, released


def test_no_promotion_starts_while_it_is_paused() -> None:
    play = healthy()
    play.apply("v2", paused=True)
    play.go(1000)
    assert play.phase(Paused).reason is PauseReason.SPEC
    assert play.live() == {"edge": V1}
    assert play.wanted() == {V1: 2, V2: 2}, "it is prepared all the same"
    play.apply(paused=False)
    play.go()
    play.phase(Healthy)
    assert play.live() == {"edge": V2}


def test_while_it_is_paused_nobody_is_late() -> None:
    play = healthy(progress_deadline_abort=True)
    play.world.set_ready_after("v2", 5000)
    play.apply("v2", paused=True)
    play.go(4000)
    assert play.phase(Paused).reason is PauseReason.SPEC
    play.apply(paused=False)
    play.go(599)
    play.apply(paused=True)
    play.go(1000)
    play.apply(paused=False)
    play.go()
    play.phase(Healthy)


def test_paused_does_not_keep_an_abort_from_taking_traffic_back() -> None:
    play = healthy(gates=(Says("verify", stage=Stage.POST_PROMOTION),))
    play.apply("v2")
    play.go(5)
    assert play.live() == {"edge": V2}
    play.apply(paused=True)
    play.command(commands.abort)
    play.go(60)
    assert play.live() == {"edge": V1}
    assert play.wanted() == {V1: 2}
    assert play.reason is Reason.ABORTED


def test_paused_does_not_keep_anything_from_being_scaled() -> None:
    play = released(scale_down_delay_seconds=100)
    play.apply(paused=True, replicas=4)
    play.go(5)
    assert play.wanted() == {V1: 4, V2: 4}
    play.go(200)
    assert play.wanted() == {V2: 4}


def test_paused_does_not_keep_drift_from_being_healed() -> None:
    play = released(scale_down_delay_seconds=100)
    play.apply(paused=True)
    play.world.point_elsewhere("edge", V1)
    play.go()
    assert play.live() == {"edge": V2}


def test_a_promotion_under_way_is_not_stopped_halfway() -> None:
    play = healthy(layers=("outer", "inner"))
    play.world.layers["outer"].converge_after_s = 10
    play.apply("v2")
    play.go(5)
    play.apply(paused=True)
    play.go(20)
    assert play.live() == {"outer": V2, "inner": V2}
    play.phase(Healthy)


def test_gates_are_asked_while_it_is_paused_and_their_answers_kept() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2", paused=True)
    play.go(5)
    assert play.phase(Paused).reason is PauseReason.PERSON
    play.command(commands.promote)
    play.go(5)
    assert play.phase(Paused).reason is PauseReason.SPEC
    play.apply(paused=False)
    play.go()
    play.phase(Healthy)


def test_a_healthy_rollout_that_is_paused_stays_healthy() -> None:
    play = healthy()
    play.apply(paused=True)
    play.go(100)
    play.phase(Healthy)


def test_since_when_it_is_paused_does_not_change_while_it_is() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.go(5)
    since = play.phase(Paused).since
    play.go(500)
    play.world.fail(V2, 1, for_s=5)
    play.go(10)
    assert play.phase(Paused).since == since
