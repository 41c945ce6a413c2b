"""Going back: the fast track to a revision that was stable before, and to no other."""

from typing import Any

import pytest

from bluegreen import Healthy, Paused, commands
from bluegreen.gates import No, Stage
from tests.support.worlds import V1, V2, V3, Play, Says, changed, healthy, released

WAITING = {"auto_promotion_enabled": False}


def lived_through(*images: str, **fields: Any) -> Play:
    """Each image promoted after the other, the former ones retired."""
    play = healthy(scale_down_delay_seconds=10, **fields)
    for image in images:
        play.apply(image)
        play.go(1)
        if isinstance(play.memory.phase, Paused):
            play.command(commands.promote)
        play.go(60)
        play.phase(Healthy)
    return play


def test_back_to_the_revision_that_is_still_running_needs_no_gate() -> None:
    play = released(scale_down_delay_seconds=1000)
    play.apply("v1", auto_promotion_enabled=False)
    play.go(1)
    play.phase(Healthy)
    assert play.live() == {"edge": V1}
    assert any("fast track" in entry.why for entry in play.memory.history)


def test_a_pod_that_is_briefly_unavailable_does_not_lose_the_fast_track() -> None:
    play = released(scale_down_delay_seconds=1000)
    play.world.fail(V1, 1, for_s=20)
    play.apply("v1", auto_promotion_enabled=False)
    play.go(19)
    assert play.live() == {"edge": V2}
    play.go(1)
    assert play.live() == {"edge": V1}


def test_back_to_a_revision_that_was_scaled_down_passes_its_gates() -> None:
    play = lived_through("v2", **WAITING)
    play.apply("v1")
    play.go(100)
    play.phase(Paused)
    assert play.live() == {"edge": V2}


@pytest.mark.parametrize(
    ("window", "back_to", "fast"), [(1, "v2", True), (1, "v1", False), (2, "v1", True), (0, "v2", False)]
)
def test_within_the_rollback_window_no_gate_is_passed(window: int, back_to: str, fast: bool) -> None:
    play = lived_through("v2", "v3", rollback_window_revisions=window, **WAITING)
    play.apply(back_to)
    play.go(5)
    assert isinstance(play.memory.phase, Healthy) == fast
    assert (play.live() == {"edge": V3}) != fast


def test_the_rollback_window_counts_revisions_born_in_the_same_instant() -> None:
    """Revisions are ordered by an ordinal, so no two of them are of the same age."""
    play = healthy(rollback_window_revisions=1, scale_down_delay_seconds=0, drain_min_seconds=0)
    for image in ("v2", "v3"):
        play.apply(image)
        play.go()
    play.apply("v1", auto_promotion_enabled=False)
    play.go(1)
    play.phase(Paused)
    assert play.live() == {"edge": V3}


def test_the_window_opens_backwards_only() -> None:
    play = lived_through("v2", rollback_window_revisions=5, **WAITING)
    play.apply("v3")
    play.go(5)
    play.phase(Paused)


def test_a_revision_that_was_aborted_has_no_fast_track() -> None:
    play = released(scale_down_delay_seconds=1000, abort_scale_down_delay_seconds=1000)
    play.command(commands.abort)
    play.go(5)
    play.apply("v3", auto_promotion_enabled=False)
    play.go(5)
    play.apply("v2")
    play.go(5)
    play.phase(Paused)
    assert play.live() == {"edge": V1}


def test_a_revision_that_was_undone_has_no_fast_track() -> None:
    play = released(scale_down_delay_seconds=1000)
    play.apply("v1", auto_promotion_enabled=False)
    play.go(5)
    play.phase(Healthy)
    play.apply("v2")
    play.go(5)
    play.phase(Paused)
    assert play.live() == {"edge": V1}


def test_a_revision_whose_gate_said_no_has_no_fast_track() -> None:
    play = healthy(gates=(Says("verify", No("slow"), Stage.POST_PROMOTION),), abort_scale_down_delay_seconds=0)
    play.apply("v2")
    play.go(5)
    play.rollout = changed(play.rollout, gates=(), auto_promotion_enabled=False).with_image("v1")
    play.go(5)
    play.phase(Healthy)
    play.apply("v2")
    play.go(5)
    play.phase(Paused)


def test_a_revision_that_was_only_previewed_has_no_fast_track() -> None:
    play = healthy(**WAITING)
    play.apply("v2")
    play.go(5)
    play.apply("v3")
    play.go(5)
    play.apply("v2")
    play.go(5)
    play.phase(Paused)


def test_the_fast_track_still_needs_the_revision_to_be_available() -> None:
    play = lived_through("v2", rollback_window_revisions=1)
    play.world.revisions[V1].ready_after_s = 30
    play.apply("v1")
    play.go(29)
    assert play.live() == {"edge": V2}
    play.go(1)
    assert play.live() == {"edge": V1}


def test_the_window_opens_only_when_every_post_promotion_gate_has_decided() -> None:
    play = healthy(gates=(Says("verify", stage=Stage.POST_PROMOTION),))
    play.apply("v2")
    play.go(5000)
    assert play.wanted() == {V1: 2, V2: 2}
    play.command(commands.abort)
    play.go(5)
    assert play.live() == {"edge": V1}
