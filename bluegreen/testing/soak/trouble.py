"""What goes wrong, by chance: faults of every kind, and what people ask for, some of it all at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from attrs import frozen

from bluegreen.decide.declared import gates_of
from bluegreen.gates import Stage
from bluegreen.snapshot import Slot
from bluegreen.spec import Rollout
from bluegreen.testing.simulator.faults import (
    Ask,
    Crash,
    DeleteElsewhere,
    Faults,
    Happening,
    Lose,
    Partition,
    PodsFail,
    PointElsewhere,
    Refuse,
    RepeatedOutcomes,
    ScaleElsewhere,
    Slow,
    StaleLooks,
    Stall,
    Twin,
)
from bluegreen.testing.soak.chance import Chance
from bluegreen.testing.soak.worlds import NAMES

BUILDS: Final = ("stable", *NAMES[:2])
WRITES: Final = ("point", "point", "records save", "workloads retire", "workloads ensure", "prepare", "forget")
CALLS: Final = (*WRITES, *WRITES, "records load", "workloads observe", "observe", "measure", "hooks start", "poll")
"""The calls of the ports, by words in their names; those that change something come more often."""
EVENTS: Final = ("Looked", "Decided", "Saved", "Saved", "Acting", "Acted", "Resting", "Transition")
MOST: Final = 12
"""So many things happen in one run at most."""


@frozen
class _Setting:
    """What happenings may be about; `who` is the engine that this one is about."""

    chance: Chance
    layers: tuple[str, ...]
    gates: tuple[str, ...]

    @property
    def who(self) -> str:
        return self.chance.one("A", "A", "B")

    def one(self, *choices: Any) -> Any:
        return self.chance.one(*choices)


def trouble(chance: Chance, rollout: Rollout) -> Faults:
    """What goes wrong in one run: nothing, one thing, or up to a dozen, half an hour apart or all at once."""
    layers = tuple(one.name for one in rollout.policy.routers)
    it = _Setting(chance, layers, tuple(gate.name for stage in Stage for gate in gates_of(rollout, stage)))
    kinds = chance.one(_ANY, _ANY, _ENGINES, _WORLD, _PEOPLE)
    at_s, found = chance.seconds(20), list[Happening]()
    for _ in range(chance.one(0, 1, 2, 4, 8, MOST)):
        found.append(chance.one(*kinds)(it, round(at_s, 1)))
        at_s += chance.wait_s()
    return Faults(tuple(found))


def _crash(it: _Setting, at_s: float) -> Happening:
    fields: dict[str, Any] = {"back_after_s": it.one(1.0, 0.0, 5.0, 30.0)}
    fields["clock_s"] = it.one(0.0, 0.0, -20.0, 20.0, -3600.0, 3600.0)
    match it.one("now", "before", "after", "on", "on"):
        case "before":
            fields |= {"before": it.one(*CALLS), "times": it.one(1, 1, 2, 3)}
        case "after":
            fields |= {"after": it.one(*CALLS), "times": it.one(1, 1, 2, 3)}
        case "on":
            fields |= {"on": it.one(*EVENTS), "times": it.one(1, 1, 2, 3)}
        case _:
            pass
    return Crash(at_s, it.who, **fields)


def _twin(it: _Setting, at_s: float) -> Happening:
    return Twin(at_s, it.one("B", "B", "C"), it.one(600.0, 60.0, 5.0), it.one(0.0, -0.5, 0.5))


def _stall(it: _Setting, at_s: float) -> Happening:
    return Stall(at_s, it.one(*CALLS), it.one(300.0, 0.5, 4.0, 40.0), it.who)


def _partition(it: _Setting, at_s: float) -> Happening:
    parts = ("workloads", "records", "layer", "metrics", "hooks", *(f"layer {name}" for name in it.layers))
    return Partition(at_s, it.one(*parts), it.one(60.0, 1.0, 10.0, 300.0), it.one("", it.who))


def _refuse(it: _Setting, at_s: float) -> Happening:
    return Refuse(at_s, it.one(*WRITES, "workloads observe", "observe"), it.one(1, 2, 5))


def _lose(it: _Setting, at_s: float) -> Happening:
    return Lose(at_s, it.one(*CALLS), it.one(1, 2, 5), it.who)


def _stale_looks(it: _Setting, at_s: float) -> Happening:
    return StaleLooks(at_s, it.one(1, 3, 10), it.one(1, 4, 12), it.who)


def _repeats(it: _Setting, at_s: float) -> Happening:
    return RepeatedOutcomes(at_s, it.one(1, 3, 10), it.who)


def _pods_fail(it: _Setting, at_s: float) -> Happening:
    return PodsFail(at_s, it.one(*BUILDS), it.one(1, 2, 9), it.one(5.0, 20.0, 60.0, 3600.0))


def _slow(it: _Setting, at_s: float) -> Happening:
    return Slow(at_s, it.one(*it.layers), it.one(30.0, 3.0, 0.0))


def _point(it: _Setting, at_s: float) -> Happening:
    shown = it.one("nothing", "everything", "foreign", *BUILDS, *BUILDS)
    return PointElsewhere(at_s, it.one(*it.layers), shown, it.one(Slot.ACTIVE, Slot.ACTIVE, Slot.PREVIEW))


def _scale(it: _Setting, at_s: float) -> Happening:
    return ScaleElsewhere(at_s, it.one(*BUILDS), it.one(0, 1, 4))


def _delete(it: _Setting, at_s: float) -> Happening:
    return DeleteElsewhere(at_s, it.one(*BUILDS))


def _ask(it: _Setting, at_s: float) -> Happening:
    plain = ("promote", "abort", "abort", "retry", "retry", "promote-full", "pause", "resume")
    about = [f"apply {name}" for name in BUILDS] + [f"approve {name}" for name in it.gates]
    return Ask(at_s, it.one(*plain, *about, f"scale {it.one(1, 2, 3)}"))


_Kind = Callable[[_Setting, float], Happening]
_ENGINES: tuple[_Kind, ...] = (_crash, _crash, _twin, _stall, _lose, _stale_looks, _repeats, _ask)
_WORLD: tuple[_Kind, ...] = (_partition, _refuse, _pods_fail, _slow, _point, _scale, _delete, _ask)
_PEOPLE: tuple[_Kind, ...] = (_ask,)
_ANY: tuple[_Kind, ...] = (*_ENGINES, *_WORLD, _partition, _pods_fail, _ask)
