"""A trace: what engines looked at, decided, saved and did, beside what was true of their world all the while."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from attrs import frozen

from bluegreen.actions import Action
from bluegreen.backends.memory import World
from bluegreen.decide import Decision
from bluegreen.engine.events import Acted, Acting, Decided, Dropped, Event, Failed, Looked, Observer, Resting, Saved
from bluegreen.record import Record
from bluegreen.snapshot import Shown, Slot
from bluegreen.spec import RevisionId

Happening: TypeAlias = Event | str
"""What an engine told of itself; or, in words, what somebody else did."""


@frozen
class TrueLayer:
    """A layer as it really is: what its active slot shows, and its token."""

    active: Shown
    version: str


@frozen
class TrueRevision:
    """A revision as it really is: replicas asked for, replicas available, and its token."""

    replicas: int
    available: int
    version: str


@frozen
class Truth:
    """The world as it really is at one moment, whatever any engine believes."""

    layers: Mapping[str, TrueLayer]
    revisions: Mapping[RevisionId, TrueRevision]
    record: Record | None

    def shows(self, layer: str) -> Shown:
        """What the layer's active slot shows."""
        return self.layers[layer].active

    def replicas(self, revision: RevisionId) -> int:
        """How many replicas the revision has been asked to have; 0 for one that does not exist."""
        return self.revisions[revision].replicas if revision in self.revisions else 0

    def available(self, revision: RevisionId | None) -> int:
        """How many of the revision's replicas are available; 0 for one that does not exist."""
        return self.revisions[revision].available if revision is not None and revision in self.revisions else 0


@frozen
class Moment:
    """One thing that happened, `at_s` by the world's clock, and the truth right after it."""

    number: int
    at_s: float
    who: str
    event: Happening
    truth: Truth


@frozen
class Turn:
    """One engine's look, and what it decided on it. `number` is the moment of the decision."""

    number: int
    at_s: float
    who: str
    look: Looked
    decision: Decision


@frozen
class Landed:
    """An action that the world accepted, however late; the turn that decided it, and the truth before and after."""

    number: int
    at_s: float
    turn: Turn
    action: Action
    before: Truth
    after: Truth


class Trace:
    """A list of moments, fed by observers of any number of engines that share one world in memory.

        trace = Trace(world)
        engine = Engine(rollout, backend, observers=[trace.observer("A")])

    What changes between two moments and is no engine's accepted action was somebody else's doing.
    """

    def __init__(self, world: World) -> None:
        self.moments: list[Moment] = []
        self.calm_at_s: float | None = None
        """When the faults stopped, in the world's seconds; None while they have not."""
        self.runaway: int | None = None
        """The moment at which an engine was stopped because it never rested."""
        self._world = world
        self._truth: tuple[tuple[object, ...], Truth] | None = None

    def observer(self, who: str) -> Observer:
        """What the engine of this name takes as an observer."""
        return lambda event: self._add(who, event)

    def note(self, what: str, who: str = "somebody") -> None:
        """Writes down what somebody else did, a crash or an edit, for whoever reads the trace."""
        self._add(who, what)

    def calm(self) -> None:
        """From here on nothing goes wrong any more: now the rollout has to finish, in the time the trace goes on."""
        self._add("the faults", "stop")
        self.calm_at_s = self.moments[-1].at_s

    def turns(self) -> list[Turn]:
        """Every decision, with its look, in the order in which they were made."""
        looks: dict[str, Looked] = {}
        found: list[Turn] = []
        for moment in self.moments:
            if isinstance(moment.event, Looked):
                looks[moment.who] = moment.event
            elif isinstance(moment.event, Decided):
                look, decision = looks[moment.who], moment.event.decision
                found.append(Turn(moment.number, moment.at_s, moment.who, look, decision))
        return found

    def landed(self) -> list[Landed]:
        """Every action that the world accepted, in the order in which it did."""
        found: list[Landed] = []
        turns = self.turns()
        for before, moment in zip(self.moments, self.moments[1:], strict=False):
            if not isinstance(moment.event, Acted):
                continue
            action = moment.event.action
            turn = next(
                one
                for one in reversed(turns)
                if one.number < moment.number and one.who == moment.who and action in one.decision.actions
            )
            found.append(Landed(moment.number, moment.at_s, turn, action, before.truth, moment.truth))
        return found

    def around(self, number: int, before: int = 30, after: int = 3) -> str:
        """The moments that led to one of them and followed it, a line each; what only repeats itself is left out."""
        lines: list[tuple[int, str]] = []
        for moment in self.moments[: number + after]:
            line = words(moment)
            told = line.split(" s  ", 1)[1]
            if moment.number == number or told not in {other.split(" s  ", 1)[1] for _, other in lines[-9:]}:
                lines.append((moment.number, line))
        last = next(index for index, (at, _) in enumerate(lines) if at == number)
        near = lines[max(last - before, 0) : last + after]
        return "\n".join(("> " if at == number else "  ") + line for at, line in near)

    def _add(self, who: str, event: Happening) -> None:
        self.moments.append(Moment(len(self.moments), self._world.time(), who, event, self._look()))

    def _look(self) -> Truth:
        world = self._world
        layers = {name: TrueLayer(one.active, one.version) for name, one in world.layers.items()}
        revisions = {
            one.id: TrueRevision(one.wanted, len(world.available(one.id)), one.version)
            for one in world.revisions.values()
        }
        key = (*layers.values(), *revisions.items(), world.stored.version)
        if self._truth is None or self._truth[0] != key:
            self._truth = key, Truth(layers, revisions, world.stored.record)
        return self._truth[1]


def words(moment: Moment) -> str:
    """One line about a moment."""
    truth = moment.truth
    where = ", ".join(f"{name} shows {one.active}" for name, one in truth.layers.items())
    runs = ", ".join(f"{name} {one.available}/{one.replicas}" for name, one in truth.revisions.items())
    return f"{moment.number:4} {moment.at_s:8.2f} s  {moment.who}: {_told(moment.event)}   [{where}; {runs}]"


def _told(event: Happening) -> str:
    match event:
        case str():
            return event
        case Looked(record, snapshot):
            unseen = [one.name for one in snapshot.layers if not hasattr(one.seen, "value")]
            unseen += [] if hasattr(snapshot.workloads, "value") else ["workloads"]
            return "looks" + (f", not seeing {', '.join(unseen)}" if unseen else "") + f" ({_phase(record)})"
        case Decided(decision):
            return f"decides {', '.join(map(brief, decision.actions)) or 'nothing'} ({_phase(decision.record)})"
        case Saved(record):
            return f"saves ({_phase(record)})"
        case Acting(action) | Acted(action) | Dropped(action):
            return f"{type(event).__name__.lower()} {brief(action)}"
        case Failed(what, error):
            return f"failed to {what}: {error}"
        case Resting():
            return "rests"
        case _:
            return type(event).__name__


def _phase(record: Record | None) -> str:
    if record is None:
        return "nothing recorded"
    pending = " ".join(f"{one.object}@{one.token}" for one in record.outstanding)
    return (
        f"{type(record.phase).__name__} {record.attempt}, stable {record.stable}, current {record.current}"
        + (f", previous {record.previous}" if record.previous else "")
        + (f", outstanding {pending}" if pending else "")
        + (f", {reason}" if (reason := getattr(record.phase, "reason", "")) else "")
    )


def brief(action: Action) -> str:
    """A few words for an action."""
    name = type(action).__name__.lower()
    slot = f" {action.slot}" if getattr(action, "slot", Slot.ACTIVE) is Slot.PREVIEW else ""  # type: ignore[union-attr]
    parts = [str(getattr(action, field)) for field in ("layer", "revision", "replicas") if hasattr(action, field)]
    return f"{name}{slot} {' '.join(parts)}"
