"""The two gates that every rollout may have, and the order in which gates are asked."""

from datetime import timedelta
from typing import Any

import pytest

from bluegreen.decide.declared import gates_of
from bluegreen.gates import CannotSay, ClockGate, ManualGate, OnDeadline, Release, Stage, WaitUntil, Yes
from bluegreen.record import Approval, PauseReason
from tests.support.worlds import START, V1, V2, Says, rollout

RELEASE = Release(rollout(), V2, V1, 2, START)
APPROVED = Release(rollout(), V2, V1, 2, START, approval=Approval("promotion", V2, 2, "ann", START))


def after(seconds: float) -> object:
    """The clock gate's answer so long after it was first asked."""
    return ClockGate(60).answer(RELEASE, START + timedelta(seconds=seconds))


def test_the_manual_gate_waits_for_a_person_however_long() -> None:
    for seconds in (0, 10**7):
        answer = ManualGate().answer(RELEASE, START + timedelta(seconds=seconds))
        assert isinstance(answer, CannotSay)
        assert answer.pause is PauseReason.PERSON


def test_the_manual_gate_opens_for_the_person_who_promotes() -> None:
    assert ManualGate().answer(APPROVED, START) == Yes("approved by ann")


def test_the_clock_gate_waits_until_its_moment() -> None:
    answer = after(59)
    assert isinstance(answer, WaitUntil)
    assert answer.when == START + timedelta(seconds=60)
    assert answer.pause is PauseReason.CLOCK
    assert "12:01:00 UTC" in answer.reason


def test_the_clock_gate_opens_by_itself() -> None:
    assert isinstance(after(60), Yes)


def test_the_clock_gate_opens_early_for_the_person_who_promotes() -> None:
    assert ClockGate(60).answer(APPROVED, START) == Yes("approved by ann")


def test_a_clock_that_was_set_back_opens_nothing_early() -> None:
    assert isinstance(after(-500), WaitUntil)


@pytest.mark.parametrize("gate", [ManualGate(), ClockGate(5)])
def test_the_built_in_gates_hold_for_good(gate: ManualGate | ClockGate) -> None:
    assert gate.deadline_seconds is None
    assert gate.on_deadline is OnDeadline.HOLD
    assert gate.stage is Stage.PRE_PROMOTION


BEFORE, AFTER = Says("before"), Says("after", stage=Stage.POST_PROMOTION)


@pytest.mark.parametrize(
    ("fields", "pause"),
    [
        ({}, ()),
        ({"auto_promotion_seconds": 5}, (ClockGate(5),)),
        ({"auto_promotion_enabled": False}, (ManualGate(),)),
        ({"auto_promotion_enabled": False, "auto_promotion_seconds": 5}, (ManualGate(),)),
    ],
)
def test_the_pause_comes_last_and_only_before_promotion(fields: dict[str, Any], pause: tuple[object, ...]) -> None:
    declared = rollout(gates=(AFTER, BEFORE), **fields)
    assert gates_of(declared, Stage.PRE_PROMOTION) == (BEFORE, *pause)
    assert gates_of(declared, Stage.POST_PROMOTION) == (AFTER,)
