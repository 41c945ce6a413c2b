"""The search: breadth first through everything that may happen, so that the first harm found is the nearest."""

from __future__ import annotations

import gc
import time
from array import array
from collections.abc import Callable, Iterator
from itertools import product

from attrs import frozen

from bluegreen.testing.explorer.alone import Alone
from bluegreen.testing.explorer.beginning import beginning_in_words, first_world
from bluegreen.testing.explorer.engines import Engines
from bluegreen.testing.explorer.happenings import Happenings
from bluegreen.testing.explorer.scope import Scope
from bluegreen.testing.explorer.space import Space
from bluegreen.testing.explorer.states import Step, Table
from bluegreen.testing.explorer.telling import Counterexample, Move, told
from bluegreen.testing.explorer.ways import watched

WORLD_AT, CREW_AT = 40, 16
"""A state is three numbers in one: the world's, that of what the engines have in mind, and, lowest, the budget's."""
CREWS, BUDGETS = (1 << WORLD_AT - CREW_AT) - 1, (1 << CREW_AT) - 1


@frozen
class Progress:
    """How far a search has come: states found, those of them that were gone on from, worlds, depth, seconds."""

    states: int
    done: int
    worlds: int
    depth: int
    seconds: float


@frozen
class Explored:
    """What a search found. `complete`: it came to its end, and has seen everything there is within its bounds.

    `states` are those found, `worlds` the different worlds (records included) in those that were gone on from,
    `depth` the steps of the longest way, `decisions` how many different questions were decided, `ways` from which phase
    to which the rollout went.
    """

    states: int
    worlds: int
    depth: int
    seconds: float
    decisions: int
    complete: bool
    violation: Counterexample | None
    ways: frozenset[tuple[str, str]]


class Search:
    """One search through one scope."""

    def __init__(self, scope: Scope, *, liveness: bool = True) -> None:
        self.scope = scope
        self.space = Space(scope)
        self._engines = Engines(self.space)
        self._happenings = Happenings(self.space, self._engines)
        good = [number for number, answer in enumerate(scope.answers, 1) if answer is True] or [1]
        bad = [number for number, answer in enumerate(scope.answers, 1) if answer is False] or good
        ends = {good[0], bad[0]} if liveness else set[int]()
        self._alone = [Alone(self.space, self._engines, answer=one) for one in sorted(ends)]
        self._crews: Table[tuple[int, ...]] = Table()
        self._budgets: Table[tuple[int, ...]] = Table()
        self._paid: dict[tuple[int, int], int] = {}
        self._by_world: dict[int, tuple[Step, ...]] = {}
        self._by_mind: dict[tuple[int, int], tuple[Step, ...]] = {}
        self._noticed: dict[tuple[int, int], tuple[int, ...]] = {}
        self._joined: dict[tuple[int, int, int, int], tuple[int, ...]] = {}
        self._states = array("Q")
        self._parents = array("l")
        self._seen: set[int] = set()
        self._harm = ""

    def run(
        self,
        limit_states: int | None = None,
        seconds: float | None = None,
        progress: Callable[[Progress], None] | None = None,
        every_s: float = 5.0,
    ) -> Explored:
        """Searches until everything was seen, a promise is broken, or there are so many states or seconds."""
        with watched(self.space.decider.ways):
            return self._run(limit_states, seconds, progress, every_s)

    def _run(
        self,
        limit_states: int | None,
        seconds: float | None,
        progress: Callable[[Progress], None] | None,
        every_s: float,
    ) -> Explored:
        began = told_at = time.monotonic()
        self._add(self._first(), -1)
        done, depth, level_ends = 0, 0, 1
        collecting = gc.isenabled()
        gc.disable()  # nothing that is kept here forms a cycle, and there are millions of it
        try:
            while done < len(self._states) and not self._harm:
                if done == level_ends:
                    depth, level_ends = depth + 1, len(self._states)
                self._expand(done)
                done += 1
                if done & 255:
                    continue
                now = time.monotonic()
                if progress and now - told_at > every_s:
                    told_at = now
                    progress(Progress(len(self._states), done, len(self._by_world), depth, now - began))
                if (limit_states and len(self._states) >= limit_states) or (seconds and now - began > seconds):
                    break
        finally:
            if collecting:
                gc.enable()
        complete = done == len(self._states) and not self._harm
        return Explored(
            states=len(self._states),
            worlds=len(self._by_world),
            depth=depth + (not complete),
            seconds=time.monotonic() - began,
            decisions=len(self.space.decider),
            complete=complete,
            violation=self._counterexample(done - 1) if self._harm else None,
            ways=frozenset(self.space.decider.ways),
        )

    def canonical_worlds(self) -> frozenset[object]:
        """The worlds of all states found, each with its record, whatever numbers they have here."""
        found = {state >> WORLD_AT for state in self._states}
        worlds = (self.space.worlds.things[number] for number in found)
        return frozenset((one._replace(core=0), self.space.memory.record(one.core)) for one in worlds)

    def _first(self) -> int:
        world = first_world(self.space, self._engines)
        crew = (self.space.minds.number(self.space.idle),) * self.scope.engines
        return self._packed(world, self._crews.number(crew), self._budgets.number(self.scope.budget()))

    @staticmethod
    def _packed(world: int, crew: int, budget: int) -> int:
        assert crew <= CREWS and budget <= BUDGETS, "more than this search has numbers for"
        return world << WORLD_AT | crew << CREW_AT | budget

    def _add(self, state: int, parent: int) -> None:
        if state not in self._seen:
            self._seen.add(state)
            self._states.append(state)
            self._parents.append(parent)

    # The hot loop. All that takes long is done once for each world, crew or budget, and looked up ever after.

    def _expand(self, at: int) -> None:
        state, seen = self._states[at], self._seen
        world, crew, budget = state >> WORLD_AT, state >> CREW_AT & CREWS, state & BUDGETS
        found: list[int] = []
        for _, after, _, event, cost, _ in self._by_world.get(world) or self._happen(world):
            left = self._pay(budget, cost) if cost else budget
            if left >= 0:
                base = after << WORLD_AT | left
                for crew_after in self._noticed.get((crew, event)) or self._notice(crew, event):
                    found.append(base | crew_after << CREW_AT)
        minds = self._crews.things[crew]
        for place, mind in enumerate(minds):
            if place and mind == minds[place - 1]:
                continue  # a twin in the same place
            for _, after, own, event, cost, harm in self._by_mind.get((world, mind)) or self._think(world, mind):
                left = self._pay(budget, cost) if cost else budget
                if left >= 0:
                    self._harm = self._harm or harm
                    base = after << WORLD_AT | left
                    for crew_after in self._joined.get((crew, place, own, event)) or self._join(crew, place, own, event):
                        found.append(base | crew_after << CREW_AT)
        for one in found:
            if one not in seen:
                seen.add(one)
                self._states.append(one)
                self._parents.append(at)

    def _happen(self, world: int) -> tuple[Step, ...]:
        for alone in self._alone:
            if why := alone.verdict(world):
                self._harm = why
        steps = self._by_world[world] = self._happenings.steps(world)
        return steps

    def _think(self, world: int, mind: int) -> tuple[Step, ...]:
        steps = self._by_mind[world, mind] = self._engines.steps(world, mind)
        return steps

    def _pay(self, budget: int, cost: int) -> int:
        """The number of the budget that is left; -1 when there is not enough."""
        found = self._paid.get((budget, cost))
        if found is None:
            left = list(self._budgets.things[budget])
            left[cost] -= 1
            found = self._paid[budget, cost] = -1 if left[cost] < 0 else self._budgets.number(tuple(left))
        return found

    def _notice(self, crew: int, event: int) -> tuple[int, ...]:
        minds = self._crews.things[crew]
        mixes = {tuple(sorted(mix)) for mix in product(*(self.space.after(one, event) for one in minds))}
        found = self._noticed[crew, event] = tuple(self._crews.number(mix) for mix in sorted(mixes))
        return found

    def _join(self, crew: int, place: int, own: int, event: int) -> tuple[int, ...]:
        minds = self._crews.things[crew]
        others = (self.space.after(one, event) for at, one in enumerate(minds) if at != place)
        mixes = {tuple(sorted((own, *mix))) for mix in product(*others)}
        found = self._joined[crew, place, own, event] = tuple(self._crews.number(mix) for mix in sorted(mixes))
        return found

    # Telling.

    def _counterexample(self, at: int) -> Counterexample:
        way = [at]
        while self._parents[way[-1]] >= 0:
            way.append(self._parents[way[-1]])
        way.reverse()
        space, things = self.space, self.space.minds.things
        minds = self._crews.things[self._states[way[0]] >> CREW_AT & CREWS]
        moves: list[Move] = []
        for number in way[1:]:
            target = self._states[number]
            before = self._states[self._parents[number]]
            step, who, after = next(
                one for one in self._moves(before, minds) if self._reached(before, one[0], one[2]) == target
            )
            moves.append(Move(step.label, who, tuple(things[one] for one in minds), tuple(things[one] for one in after)))
            minds = after
        harmful = [one for one in self._moves(self._states[at], minds) if one[0].harm]
        lines = list(told(space, [*moves, *self._last(harmful, minds)], self.scope.engines))
        if not harmful:
            lines += self._left_alone(self._states[at] >> WORLD_AT)
        return Counterexample(self._harm, tuple(lines), (beginning_in_words(self.scope),))

    def _last(self, harmful: list[tuple[Step, int | None, tuple[int, ...]]], minds: tuple[int, ...]) -> Iterator[Move]:
        things = self.space.minds.things
        for step, who, after in harmful[:1]:
            yield Move(step.label, who, tuple(things[one] for one in minds), tuple(things[one] for one in after))

    def _left_alone(self, world: int) -> Iterator[str]:
        yield "# from here on nothing goes wrong, and one engine runs by itself:"
        for alone in self._alone:
            if alone.verdict(world):
                yield from (f"#   {line}" for label in alone.way(world) for line in label.splitlines())
                return

    def _moves(self, state: int, minds: tuple[int, ...]) -> Iterator[tuple[Step, int | None, tuple[int, ...]]]:
        """All steps from a state, with who takes it and what all have in mind then, each at its place."""
        world = state >> WORLD_AT
        for step in self._by_world.get(world) or self._happen(world):
            for mix in product(*(self.space.after(one, step.event) for one in minds)):
                yield step, None, mix
        for place, mind in enumerate(minds):
            for step in self._by_mind.get((world, mind)) or self._think(world, mind):
                own = [(step.mind,) if at == place else self.space.after(one, step.event) for at, one in enumerate(minds)]
                for mix in product(*own):
                    yield step, place, mix

    def _reached(self, before: int, step: Step, minds: tuple[int, ...]) -> int:
        budget = before & BUDGETS
        left = self._pay(budget, step.cost) if step.cost else budget
        return self._packed(step.world, self._crews.number(tuple(sorted(minds))), left) if left >= 0 else -1
