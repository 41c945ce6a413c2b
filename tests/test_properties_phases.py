"""The phase diagram in the docstring of the rules is what the rules do: no way more, and no way less."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

from hypothesis import given

from bluegreen import commands
from bluegreen.backends.memory import NEVER
from bluegreen.decide.plan import Plan
from bluegreen.gates import CannotSay, No
from bluegreen.record import Promoting, Record
from bluegreen.testing import virtual_time
from tests.support import faults
from tests.support.plants import plant
from tests.support.worlds import V2, Play, Says, healthy, released

Edge = tuple[str, str]
PHASES = ("Progressing", "Paused", "Promoting", "Healthy", "Degraded")


def drawn() -> set[Edge]:
    """The edges of the diagram."""
    text = importlib.import_module("bluegreen.decide").__doc__ or ""
    found = re.findall(rf"^    ({'|'.join(PHASES)}) -> ({'|'.join(PHASES)}) ", text, re.MULTILINE)
    assert len(found) == len(set(found)) > len(PHASES)
    return set(found)


@contextmanager
def watched() -> Generator[set[Edge]]:
    """Every change from one phase to another: those that one decision passes through, and those of commands."""
    seen: set[Edge] = set()
    slot: Any = Plan.__dict__["record"]

    def change(plan: Plan, record: Record) -> None:
        before = getattr(plan, "record", record)  # a plan in the making has none
        note(seen, before, record)
        slot.__set__(plan, record)

    def read(plan: Plan) -> Record:
        record: Record = slot.__get__(plan, Plan)
        return record

    command = Play.command

    def commanded(play: Play, *args: Any, **options: Any) -> None:
        before = play.memory
        command(play, *args, **options)
        note(seen, before, play.memory)

    with patch.object(Plan, "record", property(read, change)), patch.object(Play, "command", commanded):
        yield seen


def note(seen: set[Edge], before: Record, after: Record) -> None:
    """Adds the change from one phase to another, if it is one."""
    edge = (type(before.phase).__name__, type(after.phase).__name__)
    if edge[0] != edge[1]:
        seen.add(edge)


# One scenario a way. Each is played after v1 was first deployed.


def a_person_has_to_promote() -> Play:
    """Progressing, then Paused."""
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.go(5)
    return play


def a_person_promotes() -> None:
    """Paused, Promoting, Healthy; and Progressing with the next template."""
    play = a_person_has_to_promote()
    play.command(commands.promote)
    play.go(5)
    play.apply("v3")
    play.go(5)


def replicas_are_missing_once_the_gate_said_yes() -> None:
    """Paused, then Progressing."""
    play = a_person_has_to_promote()
    play.world.fail(V2)
    play.command(commands.promote)
    play.go(5)


def it_promotes_itself() -> None:
    """Progressing, Promoting, Healthy."""
    released().go(60)


def the_stable_template_again() -> None:
    """Paused, Progressing, Healthy."""
    play = a_person_has_to_promote()
    play.apply("v1")
    play.go(5)


def a_gate_says_no() -> None:
    """Paused, then Degraded."""
    gate = Says("check", lambda release, now: CannotSay("soon") if (now - release.asked_at).seconds < 3 else No("bad"))
    play = healthy(gates=(gate,))
    play.apply("v2")
    play.go(10)


def no_progress_in_time() -> None:
    """Progressing, Degraded; Progressing again with some progress."""
    play = late()
    play.world.revisions[V2].replicas[0].ready_at = play.seconds
    play.go(5)


def late(**fields: Any) -> Play:
    """v2 is not available in time."""
    play = healthy(progress_deadline_seconds=20, **fields)
    play.world.set_ready_after("v2", NEVER)
    play.apply("v2")
    play.go(30)
    return play


def late_but_there() -> None:
    """Degraded, then Promoting at once."""
    play = late()
    play.world.recover(V2)
    play.go(5)


def late_but_waiting_for_a_person() -> None:
    """Degraded, then Paused at once."""
    play = late(auto_promotion_enabled=False)
    play.world.recover(V2)
    play.go(5)


def aborted_in_mid_promotion() -> None:
    """Promoting, Degraded; Progressing with a retry."""
    play = promoting()
    play.command(commands.abort)
    play.go(5)
    play.command(commands.retry)
    play.go(5)


def promoting() -> Play:
    """A layer is slow to follow."""
    play = healthy(layers=("edge", "mesh"))
    play.world.layers["edge"].converge_after_s = 10
    play.apply("v2")
    play.go(5)
    return play


def superseded_in_mid_promotion() -> None:
    """Promoting, then Progressing."""
    play = promoting()
    play.apply("v3")
    play.go(20)


def aborted_after_all() -> None:
    """Healthy, then Degraded."""
    play = released()
    play.command(commands.abort)
    play.go(5)


def it_dies_in_its_window() -> None:
    """Healthy, then Degraded."""
    play = released(scale_down_delay_seconds=600)
    play.world.fail(V2)
    play.go(60)


SCENARIOS: list[Callable[[], object]] = [
    a_person_promotes,
    replicas_are_missing_once_the_gate_said_yes,
    it_promotes_itself,
    the_stable_template_again,
    a_gate_says_no,
    no_progress_in_time,
    late_but_there,
    late_but_waiting_for_a_person,
    aborted_in_mid_promotion,
    superseded_in_mid_promotion,
    aborted_after_all,
    it_dies_in_its_window,
]


def test_every_way_is_in_the_diagram_and_the_diagram_has_no_other() -> None:
    """A way between two phases that is new needs a line there; a line needs a scenario here."""
    with watched() as seen:
        for scenario in SCENARIOS:
            scenario()
    assert seen == drawn()


@given(faults.plans(engines=False))
def test_whatever_happens_goes_one_of_these_ways(plan: faults.Plan) -> None:
    with watched() as seen:
        virtual_time.run(faults.play(plan, calm_s=60))
    assert seen <= drawn()


def test_a_way_that_is_not_drawn_is_noticed() -> None:
    """The check bites: a revision that dies in its window leads back to Promoting, say."""

    def fail(_: Any, plan: Plan, *args: Any, **options: Any) -> None:
        plan.enter(Promoting(V2, plan.now))

    with watched() as seen, plant("attempts.fail", fail), suppress(AssertionError):
        it_dies_in_its_window()
    assert seen - drawn() == {("Healthy", "Promoting")}
