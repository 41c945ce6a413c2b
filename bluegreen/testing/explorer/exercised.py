"""What a search really went through: a promise about scale-downs says little where nothing is ever scaled down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from bluegreen.actions import Forget, Point, Retire
from bluegreen.decide import Decision
from bluegreen.testing.explorer.scope import COMMANDS
from bluegreen.testing.explorer.telling import LATE
from bluegreen.testing.invariants.facts import given_up

if TYPE_CHECKING:
    from bluegreen.testing.explorer.space import Space
    from bluegreen.testing.explorer.states import Step

PHASES: Final = ("Progressing", "Paused", "Promoting", "Healthy", "Degraded")
LANDED: Final = ("landed: ensure", "landed: point", "landed: scale down", "landed: measure")
HAPPENED: Final = tuple(
    f"happened: {one}"
    for one in ("crash", "refuse", "give up", "a late landing", "hide", "outsider", "fail", "a command", "an answer")
)
JUDGED: Final = (
    "invariant 1: traffic moved",
    "invariant 2: traffic moved",
    "invariant 3: scaled down",
    "invariant 4: moved forward",
    "invariant 5: given up, with traffic elsewhere",
    "invariant 6: the layers differ",
    "invariant 7: left alone",
    "invariant 8: decided",
)
"""In how many decisions, or worlds left alone, there was something that the invariant could have objected to."""


def exercised(space: Space, steps: Iterable[Step], alone: int) -> Mapping[str, int]:
    """How often each thing was met, in different situations; 0 for what never was.

    `steps` are all that were found, each once for the situation that it starts from; `alone` are the worlds in which
    one engine was left alone.
    """
    found = Counter(dict.fromkeys((*LANDED, *(f"saved: {one}" for one in PHASES), *HAPPENED, *JUDGED), 0))
    for step in steps:
        found.update(_met(space, step))
    found[JUDGED[6]] = alone
    for shown, decision in space.decider.decided():
        found.update(_could_break(decision, shown))
    return found


def _met(space: Space, step: Step) -> Iterator[str]:
    cost = space.scope.costs[step.cost]
    if cost:
        yield f"happened: {'a command' if cost in COMMANDS else cost}"
    elif step.label == "{} saves":
        record = space.memory.record(space.worlds.things[step.world].core)
        if record is not None:
            yield f"saved: {type(record.phase).__name__}"
    elif step.label.startswith(LATE):
        yield "happened: a late landing"
    elif " of {} says " in step.label:
        yield "happened: an answer"
    elif " does " in step.label and (step.event or "measure" in step.label):
        what = "scale down" if step.label.endswith(" down") else step.label.split()[2]
        yield f"landed: {what}"


def _could_break(decision: Decision, shown: tuple[object, ...]) -> Iterator[str]:
    record, moved = decision.record, [one for one in decision.actions if isinstance(one, Point)]
    yield JUDGED[7]
    if moved:
        yield JUDGED[0]
        yield JUDGED[1]
    if any(isinstance(one, Retire | Forget) for one in decision.actions):
        yield JUDGED[2]
    if any(one.revision != record.stable for one in moved):
        yield JUDGED[3]
    if given_up(record) and any(one not in (None, record.stable) for one in shown):
        yield JUDGED[4]
    if len(set(shown) - {None}) > 1:
        yield JUDGED[5]
