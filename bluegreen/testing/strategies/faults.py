"""What goes wrong, and what people ask for meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from attrs import frozen
from hypothesis import strategies as st

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
from bluegreen.testing.strategies.choosing import first, seconds
from bluegreen.testing.strategies.worlds import NAMES

BUILDS: Final = ("stable", *NAMES[:2])
"""The builds that happenings are about."""
CALLS: Final = (
    *("records save", "point", "workloads retire", "workloads ensure", "workloads observe", "observe", "prepare"),
    *("records load", "workloads forget", "measure", "hooks start", "hooks poll"),
)
"""The calls of the ports, by words in their names."""
EVENTS: Final = ("Saved", "Decided", "Looked", "Acting", "Acted", "Resting", "Transition")
"""What an engine tells of itself, and may die after."""
ANY: Final = 8
"""So many of a kind there are at most where any number is asked for."""
FEW: Final = 4
"""So many things go wrong in the middling plan of many slots."""
_JUMPS_S = (0.0, -20.0, 20.0, -3600.0, 3600.0)


@frozen
class _Scope:
    """What happenings may be about."""

    layers: tuple[str, ...]
    gates: tuple[str, ...]
    at_s: st.SearchStrategy[float]
    clock_s: st.SearchStrategy[float]
    who: st.SearchStrategy[str]
    back_s: st.SearchStrategy[float]

    @staticmethod
    def of(
        rollout: Rollout | None,
        within_s: float,
        clock_jumps: bool = False,
        twins: bool = False,
        back_within_s: float = 0.0,
    ) -> _Scope:
        """For this rollout; without one, layers are `first` and `last`."""
        layers = tuple(one.name for one in rollout.policy.routers) if rollout else ("first", "last")
        gates = tuple(gate.name for stage in Stage for gate in gates_of(rollout, stage)) if rollout else ("promotion",)
        clock_s = first(*_JUMPS_S) if clock_jumps else st.just(0.0)
        back_s = first(*[one for one in (1.0, 0.0, 5.0, 10.0, 30.0, 300.0) if one <= back_within_s])
        return _Scope(layers, gates, seconds(within_s), clock_s, first("A", "B") if twins else st.just("A"), back_s)


def fault_plans(
    rollout: Rollout | None = None,
    *,
    crashes: int | None = 0,
    twins: int | None = 0,
    stalls: int | None = 0,
    partitions: int | None = 0,
    refusals: int | None = 0,
    losses: int | None = 0,
    stale_looks: int | None = 0,
    repeats: int | None = 0,
    pod_failures: int | None = 0,
    slow_layers: int | None = 0,
    outsiders: int | None = 0,
    deletions: int | None = 0,
    commands: int | None = 0,
    within_s: float = 600.0,
    back_within_s: float = 10.0,
    clock_jumps: bool = False,
) -> st.SearchStrategy[Faults]:
    """What goes wrong: at most so many of each kind, none of what is not named, any number (8) for None.

        @given(fault_plans(crashes=2, outsiders=1))
        def test_two_crashes_and_an_edit_are_the_most(faults: Faults) -> None:
            assert sum(isinstance(one, Crash) for one in faults.happenings) <= 2

    All of it begins within so many seconds of the first release. Within `back_within_s` seconds a dead engine is
    followed by another one (the time that a lease would take to expire). `outsiders` point layers elsewhere and scale
    revisions; `deletions` take a revision away for good. A `rollout` names the layers and gates; without one an
    outsider edits the first layer or the last. With `clock_jumps` the engine that follows a dead one may have a clock
    that is an hour off. What is not needed is left out when a plan shrinks, and moments become round ones.
    """
    scope = _Scope.of(rollout, within_s, clock_jumps, twins != 0, back_within_s)
    limits = {
        _crashes: crashes,
        _twins: twins,
        _stalls: stalls,
        _partitions: partitions,
        _refusals: refusals,
        _losses: losses,
        _stale_looks: stale_looks,
        _repeats: repeats,
        _pod_failures: pod_failures,
        _slow_layers: slow_layers,
        _outsiders: outsiders,
        _deletions: deletions,
        _asks: commands,
    }
    return _at_most({kind: ANY if limit is None else limit for kind, limit in limits.items()}, scope)


def commands(rollout: Rollout | None = None, *, most: int = 5, within_s: float = 600.0) -> st.SearchStrategy[Faults]:
    """A sequence of what people ask for, sensible or not, as a plan in which nothing else happens.

    @given(commands(SHOP))
    def test_whatever_people_ask_for_traffic_stays_somewhere(asked: Faults) -> None:
        assert simulate(SHOP, faults=asked).dark == timedelta(0)
    """
    return _at_most({_asks: most}, _Scope.of(rollout, within_s))


_Kind = Callable[[_Scope], st.SearchStrategy[Any]]


def _at_most(limits: Mapping[_Kind, int], scope: _Scope) -> st.SearchStrategy[Faults]:
    """A slot for each that there may be, most of them empty where there are many.

    Slots, and not a list: whatever is not needed goes away by itself, wherever it stands.
    """
    slots = [one for kind, limit in limits.items() for one in [kind(scope)] * limit]
    return _plans(slots, first(False, *[False] * (len(slots) // FEW - 1), True))


@st.composite
def _plans(draw: st.DrawFn, slots: Sequence[st.SearchStrategy[Any]], used: st.SearchStrategy[bool]) -> Faults:
    """Drawn here, and not mapped, so that Hypothesis shows a plan as what it is and not as how it came about."""
    drawn: list[Happening] = [draw(slot) for slot in slots if draw(used)]
    return Faults(tuple(sorted(drawn, key=lambda one: one.at_s)))


# Engines.


def _crashes(scope: _Scope) -> st.SearchStrategy[Any]:
    more: dict[str, Any] = {"back_after_s": scope.back_s, "clock_s": scope.clock_s}
    times = first(1, 2, 3)
    return st.one_of(
        st.builds(Crash, scope.at_s, scope.who, **more),
        st.builds(Crash, scope.at_s, scope.who, before=first(*CALLS), times=times, **more),
        st.builds(Crash, scope.at_s, scope.who, after=first(*CALLS), times=times, **more),
        st.builds(Crash, scope.at_s, scope.who, on=first(*EVENTS), times=times, **more),
    )


def _twins(scope: _Scope) -> st.SearchStrategy[Any]:
    return st.builds(Twin, scope.at_s, first("B", "C"), first(600.0, 60.0, 5.0), scope.clock_s)


def _stalls(scope: _Scope) -> st.SearchStrategy[Any]:
    return st.builds(Stall, scope.at_s, first(*CALLS), first(300.0, 0.5, 4.0, 40.0), scope.who)


def _stale_looks(scope: _Scope) -> st.SearchStrategy[Any]:
    return st.builds(StaleLooks, scope.at_s, first(3, 1, 10), first(1, 4, 12), scope.who)


def _repeats(scope: _Scope) -> st.SearchStrategy[Any]:
    return st.builds(RepeatedOutcomes, scope.at_s, first(3, 1, 10), scope.who)


# What lies between engines and the world.


def _partitions(scope: _Scope) -> st.SearchStrategy[Any]:
    parts = ("workloads", "records", "layer", *(f"layer {name}" for name in scope.layers), "metrics", "hooks")
    who = scope.who.flatmap(lambda name: first("", name))
    return st.builds(Partition, scope.at_s, first(*parts), first(60.0, 1.0, 10.0, 300.0), who)


def _refusals(scope: _Scope) -> st.SearchStrategy[Any]:
    refused = [call for call in CALLS if not call.startswith(("measure", "hooks"))]
    return st.builds(Refuse, scope.at_s, first(*refused), first(1, 2, 5))


def _losses(scope: _Scope) -> st.SearchStrategy[Any]:
    return st.builds(Lose, scope.at_s, first(*CALLS), first(1, 2, 5), scope.who)


# The world.


def _pod_failures(scope: _Scope) -> st.SearchStrategy[Any]:
    return st.builds(PodsFail, scope.at_s, first(*BUILDS), first(1, 2, 9), first(60.0, 5.0, 20.0, 3600.0))


def _slow_layers(scope: _Scope) -> st.SearchStrategy[Any]:
    return st.builds(Slow, scope.at_s, first(*scope.layers), first(30.0, 0.0, 3.0))


def _outsiders(scope: _Scope) -> st.SearchStrategy[Any]:
    slot = first(Slot.ACTIVE, Slot.ACTIVE, Slot.PREVIEW)
    points = st.builds(
        PointElsewhere, scope.at_s, first(*scope.layers), first("nothing", "everything", "foreign", *BUILDS), slot
    )
    return points | st.builds(ScaleElsewhere, scope.at_s, first(*BUILDS), first(0, 1, 4))


def _deletions(scope: _Scope) -> st.SearchStrategy[Any]:
    return st.builds(DeleteElsewhere, scope.at_s, first(*BUILDS))


# People.


def _asks(scope: _Scope) -> st.SearchStrategy[Any]:
    plain = ("promote", "abort", "retry", "promote-full", "pause", "resume")
    about = [f"apply {name}" for name in BUILDS] + [f"approve {name}" for name in scope.gates]
    return st.builds(Ask, scope.at_s, first(*plain, *about, "scale 1", "scale 2", "scale 3"))
