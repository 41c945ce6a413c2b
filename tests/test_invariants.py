"""Each invariant's check can fail: bugs are planted in the rules, and the trace of a fixed scenario tells of each."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from attrs import evolve

from bluegreen.actions import Ensure
from bluegreen.backends.memory import NEVER
from bluegreen.decide.plan import Plan
from bluegreen.gates import Yes
from bluegreen.record import Approval, Record, Waiver
from bluegreen.snapshot import NOTHING
from bluegreen.testing import invariants, virtual_time
from bluegreen.testing.trace import Trace
from tests.support.drill import Drill
from tests.support.plants import plant
from tests.support.worlds import V1, V2, rollout

Bug = Callable[[], AbstractContextManager[Any]]
LAYERS = ("edge", "mesh")


async def released(**fields: Any) -> Drill:
    """A drill with v1 live, and v2 declared; engine A drives it."""
    fields = {"layers": LAYERS, "progress_deadline_seconds": 60, "layer_deadline_seconds": 20, **fields}
    drill = Drill(rollout(**fields))
    await drill.start()
    await asyncio.sleep(60)
    await drill.apply("v2")
    return drill


# The scenarios: a few seconds or minutes in which the bug would show.


async def a_good_release() -> Trace:
    drill = await released()
    return await drill.calm(300)


async def an_abort_while_the_stable_one_is_weak() -> Trace:
    """Two of its three replicas have just died when v2, which runs well, is aborted."""
    drill = await released(replicas=3)
    await asyncio.sleep(5)
    drill.outsider("fails two of v1", lambda: drill.world.fail(V1, 2, for_s=20))
    await drill.command("abort")
    return await drill.calm(120)


async def an_abort_while_the_stable_one_is_dead() -> Trace:
    """All of its replicas have just died when v2, which runs well, is aborted."""
    drill = await released()
    await asyncio.sleep(5)
    drill.outsider("fails all of v1", lambda: drill.world.fail(V1, for_s=40))
    await drill.command("abort")
    await asyncio.sleep(10)
    return await drill.calm(120)


async def an_outsider_empties_a_layer() -> Trace:
    drill = await released()
    await asyncio.sleep(20)
    drill.outsider("empties mesh", lambda: drill.world.point_elsewhere("mesh", NOTHING))
    return await drill.calm(100)


async def an_outsider_points_back() -> Trace:
    drill = await released(scale_down_delay_seconds=3600)
    await asyncio.sleep(20)
    drill.outsider("points mesh back", lambda: drill.world.point_elsewhere("mesh", V1))
    return await drill.calm(100)


async def an_outsider_scales_down() -> Trace:
    drill = await released()
    await asyncio.sleep(5)
    drill.outsider("scales v2 down", lambda: drill.world.scale_elsewhere(V2, 1))
    return await drill.calm(100)


async def a_layer_is_hidden() -> Trace:
    drill = await released()
    await asyncio.sleep(10)
    drill.world.blind("layer mesh")
    await asyncio.sleep(60)
    return await drill.calm(100)


async def a_restart_an_hour_later_by_its_clock() -> Trace:
    drill = await released()
    await asyncio.sleep(10)
    await drill.start(jump_s=3600)
    return await drill.calm(100)


async def a_second_attempt() -> Trace:
    """Promoted fully once; aborted; tried again, and nobody says yes to that."""
    drill = await released(auto_promotion_enabled=False)
    await asyncio.sleep(5)
    await drill.command("promote_full")
    await asyncio.sleep(0.01)
    await drill.command("abort")
    await asyncio.sleep(20)
    await drill.command("retry")
    return await drill.calm(100)


async def a_second_attempt_after_a_promotion() -> Trace:
    """Promoted once by a person; aborted; tried again, and nobody says yes to that."""
    drill = await released(auto_promotion_enabled=False)
    await asyncio.sleep(5)
    await drill.command("promote")
    await asyncio.sleep(0.01)
    await drill.command("abort")
    await asyncio.sleep(20)
    await drill.command("retry")
    return await drill.calm(100)


async def a_restart_before_anybody_said_yes() -> Trace:
    drill = await released(auto_promotion_enabled=False)
    await asyncio.sleep(5)
    await drill.start()
    return await drill.calm(100)


async def an_abort_in_mid_promotion() -> Trace:
    """Layer edge shows v2, and mesh is slow to follow."""
    drill = await released()
    drill.world.layers["mesh"].converge_after_s = 100
    await asyncio.sleep(3)
    await drill.command("abort")
    drill.world.layers["mesh"].converge_after_s = 0
    return await drill.calm(150)


async def an_abort_after_all() -> Trace:
    drill = await released(scale_down_delay_seconds=3600)
    await asyncio.sleep(20)
    await drill.command("abort")
    return await drill.calm(100)


async def a_layer_that_does_not_follow() -> Trace:
    drill = await released()
    drill.world.layers["mesh"].converge_after_s = NEVER
    await asyncio.sleep(10)
    return await drill.calm(100)


async def a_crash_between_save_and_act() -> Trace:
    """The saved write never begins; the revision dies; so traffic goes nowhere, and what was saved has to be ended."""
    drill = await released()
    process = drill.processes["A"]
    process.wire.deadly.append(("edge point", 1))
    await asyncio.sleep(10)
    assert not process.alive
    await drill.command("abort")
    await drill.start("B")
    return await drill.calm(150)


# The bugs.


def method(cls: type, name: str, broken: Callable[..., Any]) -> Bug:
    """A method replaced; `broken` gets the original first."""
    original = getattr(cls, name)
    return lambda: patch.object(cls, name, lambda *args, **options: broken(original, *args, **options))


def rule(name: str, broken: Callable[..., Any]) -> Bug:
    """A function of the rules replaced; `broken` gets the original first."""
    return lambda: plant(name, broken)


def constant(name: str, value: Any) -> Bug:
    """A number replaced."""
    return lambda: patch(name, value)


def always(*_: Any, **__: Any) -> bool:
    """What a check that was forgotten says."""
    return True


def nothing(*_: Any, **__: Any) -> None:
    """What a step that was forgotten does."""


def what_is_asked_for_counts_as_available(_: Any, plan: Plan, revision: Any) -> int:
    state = plan.revisions.get(revision)
    return state.replicas if state else 0


def only_the_first_layer_comes_back(original: Any, plan: Plan, target: Any, **options: Any) -> None:
    layers = plan.layers
    plan.layers = layers[:1]
    original(plan, target, **options)
    plan.layers = layers


def unseen_layers_are_calm(original: Any, plan: Plan) -> bool:
    layers = plan.layers
    plan.layers = tuple(one for one in layers if one[1] is not None)
    calm: bool = original(plan)
    plan.layers = layers
    return calm


def a_waiver_is_for_good(_: Any, record: Record) -> Waiver | None:
    return record.waiver


def an_approval_is_for_good(_: Any, record: Record, gate: str) -> Approval | None:
    return next((one for one in record.approvals if one.gate == gate), None)


@contextmanager
def waivers_outlive_their_attempt() -> Generator[None]:
    """A waiver is carried over to the next attempt, and counts there."""

    def begin(original: Any, plan: Plan, *args: Any) -> None:
        before = plan.record.waiver
        original(plan, *args)
        if before is not None and before.why == "promote-full":
            plan.remember(waiver=before)

    with plant("attempts.begin", begin), method(Record, "waived", a_waiver_is_for_good)():
        yield


@contextmanager
def approvals_outlive_their_attempt() -> Generator[None]:
    """An approval is carried over to the next attempt, and counts there."""

    def begin(original: Any, plan: Plan, *args: Any) -> None:
        before = plan.record.approvals
        original(plan, *args)
        plan.remember(approvals=before)

    with plant("attempts.begin", begin), method(Record, "approved", an_approval_is_for_good)():
        yield


def what_exists_is_not_restored(original: Any, plan: Plan) -> None:
    original(plan)
    plan.actions[:] = [a for a in plan.actions if not (isinstance(a, Ensure) and a.revision in plan.revisions)]


def a_restart_opens_every_gate(original: Any, plan: Plan, gate: Any, memory: Any) -> Any:
    restarted = plan.snapshot.running_since > memory.asked_at
    return Yes("it said so, surely") if restarted else original(plan, gate, memory)


def the_aborted_one_stays_stable(original: Any, record: Record, *args: Any) -> Record:
    failed: Record = original(record, *args)
    return evolve(failed, stable=record.stable)


def writes_never_end(original: Any, plan: Plan) -> None:
    before = plan.record.outstanding
    original(plan)
    plan.remember(outstanding=before)


def time_wakes_nobody(_: Any, plan: Plan, since: datetime, seconds: float) -> bool:
    return plan.now - since >= timedelta(seconds=seconds)


NUMBERS = itertools.count()


def the_record_counts(original: Any, plan: Plan, what: str, **options: Any) -> None:
    original(plan, f"{what} ({next(NUMBERS)})", **options)


PLANTED: list[tuple[int, Callable[[], Awaitable[Trace]], Bug, str]] = [
    (1, a_good_release, method(Plan, "available", what_is_asked_for_counts_as_available), "seen 0 of 2 replicas"),
    (
        1,
        an_abort_while_the_stable_one_is_weak,
        rule("traffic._may_go_back", always),
        "back, of which it had seen 1",
    ),
    (2, an_outsider_empties_a_layer, rule("traffic.bring_back", nothing), "left it so"),
    (2, a_good_release, rule("traffic.addressable", always), "for which the layer had no address"),
    (3, a_layer_is_hidden, rule("replicas._calm", unseen_layers_are_calm), "did not show everything"),
    (3, an_outsider_scales_down, rule("replicas.keep_up", what_exists_is_not_restored), "did not restore it"),
    (3, a_restart_an_hour_later_by_its_clock, constant("bluegreen.decide.replicas.RESTART_GRACE_S", 0), "9.0 s after"),
    (4, a_second_attempt, waivers_outlive_their_attempt, "gate promotion answered nothing in it"),
    (4, a_second_attempt_after_a_promotion, approvals_outlive_their_attempt, "asked again it says: waits for a person"),
    (4, a_restart_before_anybody_said_yes, rule("asking._answer", a_restart_opens_every_gate), "asked again it says"),
    (5, an_abort_in_mid_promotion, rule("traffic.bring_back", nothing), "left layer edge at"),
    (5, an_abort_after_all, rule("commands.failed", the_aborted_one_stays_stable), "is still called the stable one"),
    (5, an_abort_while_the_stable_one_is_dead, rule("phases._whereabouts", always), "names no way out"),
    (6, an_outsider_points_back, rule("traffic.bring_back", only_the_first_layer_comes_back), "leaves layer mesh at"),
    (6, a_layer_that_does_not_follow, rule("traffic.settled", always), "Healthy, and layer mesh shows"),
    (7, a_crash_between_save_and_act, rule("traffic.settle_writes", writes_never_end), "never rested"),
    (7, a_crash_between_save_and_act, rule("traffic.end_pending", nothing), "writes are outstanding: layer:edge"),
    (7, a_layer_that_does_not_follow, method(Plan, "in_time", always), "it is still Promoting"),
    (8, a_good_release, method(Plan, "passed", time_wakes_nobody), "s later it decides otherwise"),
    (8, a_good_release, method(Plan, "note", the_record_counts), "decides differently on the same look: history"),
]
"""The invariant, a scenario, the bug, and what the invariant's check says of it."""

SCENARIOS = list(dict.fromkeys(one[1] for one in PLANTED))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.__name__)
def test_without_a_bug_all_invariants_hold(scenario: Callable[[], Awaitable[Trace]]) -> None:
    invariants.check(virtual_time.run(play(scenario)))


@pytest.mark.parametrize(("number", "scenario", "bug", "told"), PLANTED, ids=[f"{o[0]}-{o[3]}" for o in PLANTED])
def test_a_planted_bug_is_told_of(number: int, scenario: Callable[[], Awaitable[Trace]], bug: Bug, told: str) -> None:
    with bug():
        trace = virtual_time.run(play(scenario))
        found = list(invariants.violations(trace, number))
        with pytest.raises(invariants.Violation):
            invariants.check(trace)
    assert any(told in one for one in found), "\n".join([*found, trace.around(len(trace.moments) - 1, 60)])
    assert all(one.startswith(f"Invariant {number} (") for one in found)


def test_every_invariant_has_two_planted_bugs_at_least() -> None:
    assert {number: sum(one[0] == number for one in PLANTED) >= 2 for number in invariants.INVARIANTS} == dict.fromkeys(
        invariants.INVARIANTS, True
    )


async def play(scenario: Callable[[], Awaitable[Trace]]) -> Trace:
    """The scenario as a coroutine."""
    return await scenario()
