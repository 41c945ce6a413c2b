"""What Argo Rollouts' users suffer, and what happens here instead. Each docstring says what Argo does."""

from typing import Any

import pytest

from bluegreen import Degraded, Healthy, Paused, Progressing, Promoting, Slot, commands
from bluegreen.backends.memory import NEVER
from bluegreen.errors import SpecError
from bluegreen.gates import Stage, WaitUntil, Yes
from bluegreen.record import PauseReason, Reason
from bluegreen.snapshot import EVERYTHING, NOTHING
from tests.support.worlds import V1, V2, V3, Play, Says, healthy, released

WAITING = {"auto_promotion_enabled": False}
VERIFY = (Says("verify", stage=Stage.POST_PROMOTION),)


def live_and_unverified(**fields: Any) -> Play:
    """v2 has the live traffic, and is not stable yet."""
    play = healthy(gates=VERIFY, **fields)
    play.apply("v2")
    play.go(5)
    assert play.live() == {"edge": V2}
    return play


def test_a_scale_down_delay_of_zero_scales_down() -> None:
    """Argo leaves the old ReplicaSet at full size for good."""
    play = released(scale_down_delay_seconds=0)
    play.go(10)
    assert play.wanted() == {V2: 2}


def test_an_abort_goes_back_while_a_new_pod_is_unavailable() -> None:
    """Argo never reverts, then scales the revision with the traffic to 0: a total outage."""
    play = live_and_unverified()
    play.world.fail(V2, 1)
    play.command(commands.abort)
    play.go()
    assert play.live() == {"edge": V1}
    play.go(1000)
    assert play.live() == {"edge": V1}
    assert len(play.world.available(V1)) == 2


def test_an_abort_goes_back_although_the_rollout_is_paused() -> None:
    """Argo keeps the traffic where it is while spec.paused is set, and scales that revision to 0."""
    play = live_and_unverified()
    play.apply(paused=True)
    play.command(commands.abort)
    play.go(1000)
    assert play.live() == {"edge": V1}
    assert len(play.world.available(V1)) == 2


def test_a_hash_lost_in_mid_update_is_put_back_and_no_gate_is_skipped() -> None:
    """Argo gives the new revision live traffic as soon as it is saturated: no pause, no analysis."""
    play = healthy(**WAITING)
    play.apply("v2")
    play.go(5)
    play.world.point_elsewhere("edge", EVERYTHING)
    play.go()
    assert play.live() == {"edge": V1}
    play.go(1000)
    assert play.live() == {"edge": V1}
    play.phase(Paused)


def test_a_hash_lost_while_the_new_revision_starts_is_put_back_too() -> None:
    """Argo counts the lost hash as a fast track: it promotes once saturated."""
    play = healthy(**WAITING)
    play.world.set_ready_after("v2", 60)
    play.apply("v2")
    play.go(5)
    play.world.point_elsewhere("edge", EVERYTHING)
    play.go(100)
    assert play.live() == {"edge": V1}
    play.phase(Paused)


def test_a_hash_lost_while_idle_is_put_back_at_the_next_look() -> None:
    """Argo does not put it back for up to 15 minutes; both revisions get traffic meanwhile."""
    play = released(scale_down_delay_seconds=1000)
    play.world.point_elsewhere("edge", EVERYTHING)
    play.step()
    assert play.live() == {"edge": V2}


def test_a_promote_before_auto_promotion_seconds_is_honoured_once() -> None:
    """Argo starts the timer again: promoted at 3 s, switched at 23 s."""
    play = healthy(auto_promotion_seconds=20)
    play.apply("v2")
    play.go(3)
    play.command(commands.promote)
    play.go()
    assert play.live() == {"edge": V2}
    play.apply("v3")
    play.go(19)
    assert play.phase(Paused).reason is PauseReason.CLOCK, "once: it is worth nothing to the next revision"
    assert play.live() == {"edge": V2}


def test_a_promote_while_a_pod_is_briefly_unavailable_is_not_lost() -> None:
    """Argo loses it, and pauses again."""
    play = healthy(**WAITING)
    play.apply("v2")
    play.go(5)
    play.world.fail(V2, 1, for_s=10)
    play.command(commands.promote)
    play.go(9)
    assert play.live() == {"edge": V1}
    play.go(1)
    play.phase(Healthy)
    assert play.live() == {"edge": V2}


def test_a_newer_revision_while_the_promoted_one_grows_from_its_preview_size_passes_its_own_gates() -> None:
    """Argo runs no pre-promotion analysis for it, and is then stuck; promote has no effect."""
    play = healthy(preview_replica_count=1, replicas=4, **WAITING)
    play.world.set_ready_after("v2", 10)
    play.apply("v2")
    play.go(10)
    play.command(commands.promote)
    play.go(5)
    assert play.wanted() == {V1: 4, V2: 4}
    play.apply("v3")
    play.go(5)
    assert play.phase(Paused).revision == V3
    assert play.wanted()[V3] == 1
    assert play.live() == {"edge": V1}
    play.command(commands.promote)
    play.go()
    assert play.live() == {"edge": V3}


def test_the_revision_with_the_traffic_follows_the_wanted_replicas_although_it_is_neither_new_nor_stable() -> None:
    """Argo never scales the ReplicaSet behind the active Service again."""
    play = live_and_unverified(replicas=2)
    play.world.fail(V1)
    play.apply("v3", replicas=5)
    play.step()
    play.step()
    assert play.live() == {"edge": V2}
    assert play.wanted()[V2] == 5


@pytest.mark.parametrize("first_end", ["superseded", "aborted"])
def test_the_progress_deadline_is_about_the_revision_in_progress_and_nothing_else(first_end: str) -> None:
    """Argo never fires it while any other ReplicaSet waits, or once waited, for its scale-down."""
    delays = {"scale_down_delay_seconds": 86_400, "abort_scale_down_delay_seconds": 86_400}
    play = healthy(progress_deadline_seconds=100, **delays, **WAITING)
    play.world.set_ready_after("v3", NEVER)
    play.apply("v2")
    play.go(5)
    if first_end == "aborted":
        play.command(commands.abort)
        play.go(5)
    play.apply("v3")
    play.go(99)
    assert V2 in play.wanted()
    play.phase(Progressing)
    play.go(1)
    assert play.reason is Reason.PROGRESS_DEADLINE


def test_a_gate_that_takes_longer_than_the_progress_deadline_is_not_stuck() -> None:
    """Argo turns a passing analysis into Degraded, and aborts it with progressDeadlineAbort."""
    play = Play(progress_deadline_seconds=100, progress_deadline_abort=True)
    play.go(60)
    open_at = play.now.replace(minute=30)
    gate = Says("long", lambda _r, now: Yes("passed") if now >= open_at else WaitUntil(open_at, "measures"))
    play.apply("v2", gates=(gate,))
    play.go(1000)
    assert play.phase(Paused).gate == "long"
    play.go(1000)
    play.phase(Healthy)
    assert play.live() == {"edge": V2}


def test_going_back_inside_the_delay_stays_fast_although_a_pod_is_briefly_unavailable() -> None:
    """Argo loses the fast track and pauses; the active Service stays on the bad revision."""
    play = released(scale_down_delay_seconds=1000)
    play.world.fail(V1, 1, for_s=10)
    play.apply("v1", **WAITING)
    play.go(9)
    assert play.live() == {"edge": V2}
    play.go(1)
    assert play.live() == {"edge": V1}
    play.phase(Healthy)


@pytest.mark.parametrize(
    ("window", "back_to", "fast"), [(1, "v2", False), (2, "v2", True), (2, "v1", False), (3, "v1", True)]
)
def test_revisions_made_within_one_second_are_counted_right(window: int, back_to: str, fast: bool) -> None:
    """Argo compares timestamps of one-second grain: fast-tracked or not, at random."""
    play = healthy(rollback_window_revisions=window, scale_down_delay_seconds=0, drain_min_seconds=0)
    for image in ("v2", "v3", "v4"):
        play.apply(image)
        play.go()
    play.apply(back_to, **WAITING)
    play.go(1)
    assert isinstance(play.memory.phase, Healthy) == fast


def test_the_preview_is_never_empty_during_an_update() -> None:
    """Argo points the preview Service at the new ReplicaSet while that still has no pod."""
    play = healthy(preview_service="shop-preview", **WAITING)
    play.world.set_ready_after("v2", 10)
    play.apply("v2")
    for _ in range(20):
        play.go(1)
        shown = play.world.layers["edge"].preview
        assert isinstance(shown, str)
        assert play.world.available(shown)
    assert play.world.layers["edge"].preview == V2


@pytest.mark.parametrize("lost", ["layer outer", "layer inner"])
def test_a_layer_that_is_gone_freezes_neither_scaling_nor_an_abort(lost: str) -> None:
    """Argo freezes all of it (InvalidSpec): the stable revision stays at 2 of 4 wanted replicas, no abort goes back."""
    play = healthy(gates=VERIFY, layers=("outer", "inner"))
    play.apply("v2")
    play.go(5)
    play.world.blind(lost, "Service not found")
    play.apply(replicas=4)
    play.command(commands.abort)
    play.go(5)
    assert play.wanted() == {V1: 4, V2: 4}
    other = "inner" if lost == "layer outer" else "outer"
    assert play.live()[other] == V1


def test_an_invalid_declaration_never_counts() -> None:
    """Argo accepts it, and stops reconciling until it is fixed."""
    play = healthy()
    with pytest.raises(SpecError, match="activeService"):
        play.apply(active_service="")
    play.apply(replicas=4)
    play.go()
    assert play.wanted() == {V1: 4}


def test_an_abort_when_healthy_goes_back_while_the_previous_revision_is_retained() -> None:
    """Argo ignores it."""
    play = released(scale_down_delay_seconds=100)
    play.command(commands.abort)
    play.go()
    assert play.live() == {"edge": V1}
    play.phase(Degraded)


def test_a_revision_that_dies_after_its_promotion_is_taken_back() -> None:
    """Argo leaves the traffic on it."""
    play = released(scale_down_delay_seconds=100)
    play.world.fail(V2)
    play.go(31)
    assert play.live() == {"edge": V1}


def test_a_first_revision_is_not_stable_before_it_is_ready() -> None:
    """Argo marks it as stable before a single pod is ready."""
    play = Play()
    play.world.set_ready_after("v1", NEVER)
    play.go(100)
    assert play.memory.stable is None
    assert play.live() == {"edge": NOTHING}


def test_who_comes_after_a_crash_goes_on_at_its_first_look() -> None:
    """Argo leaves the rollout with nobody in charge for 16 to 18 s, also after an orderly end."""
    play = healthy()
    play.apply("v2")
    while not isinstance(play.memory.phase, Promoting):
        play.step()
    play.step(act=False)
    play.restart()
    play.step()
    assert play.live() == {"edge": V2}


def test_a_progress_deadline_that_was_missed_is_about_that_attempt_only() -> None:
    """Argo keeps the deadline switched off for all later revisions once one was aborted."""
    play = healthy(progress_deadline_seconds=100, progress_deadline_abort=True)
    for image in ("v2", "v3"):
        play.world.set_ready_after(image, NEVER)
        play.apply(image)
        play.go(100)
        assert play.reason is Reason.ABORTED
        play.go(60)
        assert play.wanted() == {V1: 2}


def test_the_abandoned_preview_is_no_way_into_live_traffic() -> None:
    """Argo resets its checkpoint from a stale copy, and skips the gates of the next revision."""
    play = healthy(preview_service="shop-preview", preview_replica_count=1, **WAITING)
    play.apply("v2")
    play.go(5)
    play.command(commands.promote)
    play.apply("v3")
    play.go(100)
    play.phase(Paused)
    assert play.live() == {"edge": V1}
    assert play.world.layers["edge"].preview == V3
    play.world.point_elsewhere("edge", V3, slot=Slot.ACTIVE)
    play.go()
    assert play.live() == {"edge": V1}
