"""A trace in the making: fed by the observers of engines, and asked afterwards."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from datetime import timedelta

from bluegreen.backends.memory import World
from bluegreen.engine.events import Acted, Decided, Looked, Observer
from bluegreen.record import Phase
from bluegreen.spec import RevisionId
from bluegreen.testing.trace import answers
from bluegreen.testing.trace.answers import Promotion
from bluegreen.testing.trace.moments import Happening, Landed, Moment, TrueLayer, TrueRevision, Truth, Turn
from bluegreen.testing.trace.words import words


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
        self.released = 0
        """The moment at which the first release began: the very first one unless `begin` was called."""
        self.names: Mapping[RevisionId, str] = {}
        """What people call the revisions."""
        self.listeners: list[Callable[[Moment], None]] = []
        """Who is told of each moment; to be quick about it, and to change nothing."""
        self._world = world
        self._truth: tuple[tuple[object, ...], Truth] | None = None

    def __str__(self) -> str:
        """The time line, below an empty line, so that it is read as what it is behind `AssertionError:`."""
        from bluegreen.testing.timeline import lines  # it tells of traces, and so imports this module

        return "\n" + "\n".join(lines(self) if self.moments else ("nothing happened",))

    def __repr__(self) -> str:
        if not self.moments:
            return "<Trace: nothing happened>"
        from bluegreen.testing.timeline import clock

        long = clock(timedelta(seconds=self.moments[-1].at_s - self.moments[self.released].at_s))
        return f"<Trace: {len(self.moments)} moments in {long}, {type(self.phase).__name__} in the end>"

    def observer(self, who: str) -> Observer:
        """What the engine of this name takes as an observer."""
        return lambda event: self._add(who, event)

    def note(self, what: str, who: str = "somebody") -> None:
        """Writes down what somebody else did, a crash or an edit, for whoever reads the trace."""
        self._add(who, what)

    def begin(self, names: Mapping[RevisionId, str]) -> None:
        """The first release begins now; these are the names of the revisions that will be met."""
        self.names = names
        self._add("the release", "begins")
        self.released = self.moments[-1].number

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
        turns: dict[str, list[Turn]] = {}
        for turn in self.turns():
            turns.setdefault(turn.who, []).append(turn)
        for before, moment in zip(self.moments, self.moments[1:], strict=False):
            if not isinstance(moment.event, Acted):
                continue
            action, mine = moment.event.action, turns[moment.who]
            began = bisect_left(mine, moment.number, key=lambda one: one.number)
            turn = next(one for one in reversed(mine[:began]) if action in one.decision.actions)
            found.append(Landed(moment.number, moment.at_s, turn, action, before.truth, moment.truth))
        return found

    # In the words of whoever writes a rule. All times are those of the world, whatever engines believe.

    def live(self, revision: RevisionId | None) -> timedelta:
        """How long the revision had live traffic, on any layer, all in all; nothing for None."""
        return answers.live(self, revision)

    @property
    def promotions(self) -> list[Promotion]:
        """Each time that live traffic was moved forward on all layers, and the release completed."""
        return answers.promotions(self)

    @property
    def phase(self) -> Phase | None:
        """The phase in the end; None when nothing was ever saved."""
        record = self.moments[-1].truth.record if self.moments else None
        return record.phase if record else None

    @property
    def phases(self) -> list[tuple[timedelta, Phase]]:
        """Every phase, from when on it held, counted from the first release; one that only says more is left out."""
        return answers.phases(self)

    @property
    def rollback_time(self) -> timedelta | None:
        """The longest time from giving an attempt up until every layer was back on the stable revision, among those
        attempts that had traffic; None when there was none. One that has not ended counts until the end."""
        return answers.rollback_time(self)

    @property
    def dark(self) -> timedelta:
        """How long some layer that had been serving had nothing available behind it, all in all."""
        return answers.dark(self)

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
        moment = Moment(len(self.moments), self._world.time(), who, event, self._look())
        self.moments.append(moment)
        for listener in self.listeners:
            listener(moment)

    def _look(self) -> Truth:
        world = self._world
        layers = [(name, one.active, one.version) for name, one in world.layers.items()]
        revisions = [
            (name, one.wanted, len(world.available(name)), one.version) for name, one in world.revisions.items()
        ]
        key = (layers, revisions, world.stored.version)
        if self._truth is None or self._truth[0] != key:
            shown = {name: TrueLayer(active, version) for name, active, version in layers}
            run = {name: TrueRevision(wanted, there, version) for name, wanted, there, version in revisions}
            self._truth = key, Truth(shown, run, world.stored.record)
        return self._truth[1]
