"""Clocks that were set back, that jump ahead, and the moment at which a decision is due again."""

from datetime import timedelta

import pytest
from attrs import evolve, fields, has

from bluegreen import Degraded, Healthy, Paused, Progressing
from bluegreen.backends.memory import NEVER
from bluegreen.decide import decide
from bluegreen.gates import No, OnDeadline, Stage, WaitUntil
from bluegreen.record import Reason, Record
from tests.support.worlds import START, V1, V2, Play, Says, healthy, released


def jump(play: Play, seconds: float) -> None:
    """Another process goes on, on a machine whose clock is so many seconds ahead of (or behind) the last one's."""
    play.seconds += seconds
    play.restart()


def moments(value: object) -> list[object]:
    """Every stored moment in a record."""
    return [one for one in _leaves(value) if hasattr(one, "isoformat")]


def _leaves(value: object) -> list[object]:
    if isinstance(value, tuple):
        return [leaf for one in value for leaf in _leaves(one)]
    if has(type(value)):
        return [leaf for one in fields(type(value)) for leaf in _leaves(getattr(value, one.name))]
    return [value]


def test_a_stored_time_in_the_future_counts_as_now() -> None:
    play = released(scale_down_delay_seconds=100)
    play.go(10)
    play.seconds -= 5_000
    play.world._clock = lambda: play.seconds + 5_000
    play.restart()
    play.settle()
    assert moments(play.memory)
    assert all(one <= play.now for one in moments(play.memory))  # type: ignore[operator]


def test_a_clock_that_was_set_back_delays_a_retirement_by_its_delay_at_most() -> None:
    play = released(scale_down_delay_seconds=100)
    play.go(60)
    offset = 86_400
    play.seconds -= offset
    play.world._clock = lambda: play.seconds + offset
    play.restart()
    play.go(106)
    assert play.wanted() == {V2: 2}


def test_a_clock_that_jumps_ahead_retires_nothing_at_once() -> None:
    play = released(scale_down_delay_seconds=100)
    play.go(10)
    jump(play, 86_400)
    play.go(29)
    assert play.wanted() == {V1: 2, V2: 2}


def test_a_clock_that_jumps_ahead_makes_no_revision_late() -> None:
    play = healthy(progress_deadline_abort=True)
    play.world.set_ready_after("v2", NEVER)
    play.apply("v2")
    play.go(10)
    jump(play, 86_400)
    play.go(599)
    play.phase(Progressing)
    play.go(1)
    play.phase(Degraded)


def test_a_clock_that_jumps_ahead_makes_no_layer_late() -> None:
    play = healthy()
    play.world.layers["edge"].converge_after_s = 86_400 + 50
    play.apply("v2")
    play.go(10)
    jump(play, 86_400)
    play.go(119)
    play.phase(Healthy)


@pytest.mark.parametrize("late", [60, 3600])
def test_what_is_due_is_due_exactly_then(late: float) -> None:
    """Nothing changes a moment before `wake_at`, and something does at it."""
    play = healthy(auto_promotion_seconds=int(late))
    play.apply("v2")
    decision = play.settle()
    assert decision.wake_at == START + timedelta(seconds=play.seconds + late)
    assert decision.wake_at is not None
    snapshot = play.look()
    just_before = decide(play.rollout, play.record, snapshot, decision.wake_at - timedelta(microseconds=1))
    assert just_before.record == play.record
    assert just_before.actions == ()
    then = decide(play.rollout, play.record, snapshot, decision.wake_at)
    assert then.record != play.record


def test_the_same_inputs_give_the_same_decision() -> None:
    play = healthy()
    play.apply("v2")
    for _ in range(10):
        snapshot = play.look()
        first = decide(play.rollout, play.record, snapshot, play.now)
        assert first == decide(play.rollout, play.record, snapshot, play.now)
        play.step()


def test_a_gate_that_waits_for_a_moment_is_asked_again_at_it() -> None:
    when = START + timedelta(seconds=500)
    play = healthy(gates=(Says("window", lambda _r, now: WaitUntil(when, "closed") if now < when else No("never")),))
    play.apply("v2")
    decision = play.go(5)
    assert decision.wake_at == when
    assert play.phase(Paused).until == when
    play.go(500)
    assert play.reason is Reason.GATE_FAILED


def test_a_gate_whose_moment_has_passed_is_not_waited_for_in_circles() -> None:
    when = START - timedelta(seconds=500)
    play = healthy(gates=(Says("window", WaitUntil(when, "confused")),))
    play.apply("v2")
    assert play.go(5).wake_at is None


def test_a_gates_deadline_wakes_the_decision() -> None:
    play = healthy(gates=(Says("slow", deadline_seconds=40, on_deadline=OnDeadline.ABORT, stage=Stage.POST_PROMOTION),))
    play.apply("v2")
    play.go(39)
    assert play.live() == {"edge": V2}
    play.go(1)
    assert play.reason is Reason.GATE_DEADLINE
    assert play.live() == {"edge": V1}


def test_a_record_that_was_never_saved_has_nothing_to_clamp() -> None:
    play = Play()
    play.record = evolve(Record.new(play.now), saved_at=None)
    play.go()
    play.phase(Healthy)
