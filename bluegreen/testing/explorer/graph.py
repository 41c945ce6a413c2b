"""What may follow a state. All that takes long is done once for each world, crew or budget, and then looked up."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from attrs import frozen

from bluegreen.testing.explorer.alone import Alone
from bluegreen.testing.explorer.beginning import first_world
from bluegreen.testing.explorer.engines import Engines
from bluegreen.testing.explorer.happenings import Happenings
from bluegreen.testing.explorer.scope import Scope
from bluegreen.testing.explorer.space import Space
from bluegreen.testing.explorer.states import Step, Table

WORLD_AT, CREW_AT = 40, 16
"""A state is three numbers in one: the world's, that of what the engines have in mind, and, lowest, the budget's."""
CREWS, BUDGETS = (1 << WORLD_AT - CREW_AT) - 1, (1 << CREW_AT) - 1


@frozen
class Way:
    """A step from a state, who takes it (None: no engine), and what each engine has in mind then, at its place."""

    step: Step
    who: int | None
    minds: tuple[int, ...]


class Graph:
    """The states of one scope. Engines are interchangeable: what they have in mind is kept sorted, as a crew."""

    def __init__(self, scope: Scope, *, liveness: bool) -> None:
        self.scope = scope
        self.space = Space(scope)
        self._engines = Engines(self.space)
        self._happenings = Happenings(self.space, self._engines)
        good = [number for number, answer in enumerate(scope.answers, 1) if answer is True] or [1]
        bad = [number for number, answer in enumerate(scope.answers, 1) if answer is False] or good
        ends = {good[0], bad[0]} if liveness else set[int]()
        self.alone = [Alone(self.space, self._engines, answer=one) for one in sorted(ends)]
        self.crews: Table[tuple[int, ...]] = Table()
        self._budgets: Table[tuple[int, ...]] = Table()
        self._paid: dict[tuple[int, int], int] = {}
        self._by_world: dict[int, tuple[Step, ...]] = {}
        self._by_mind: dict[tuple[int, int], tuple[Step, ...]] = {}
        self._noticed: dict[tuple[int, int], tuple[int, ...]] = {}
        self._joined: dict[tuple[int, int, int, int], tuple[int, ...]] = {}
        self.harm = ""
        """The first promise that was seen broken."""

    @property
    def worlds(self) -> int:
        """How many worlds were gone on from."""
        return len(self._by_world)

    def steps(self) -> Iterator[Step]:
        """All steps found so far, each once for the world, and the engine, that it starts from."""
        for known in (self._by_world.values(), self._by_mind.values()):
            for steps in known:
                yield from steps

    def first(self) -> int:
        """The state in which the search begins."""
        crew = (self.space.minds.number(self.space.idle),) * self.scope.engines
        world = first_world(self.space, self._engines)
        return packed(world, self.crews.number(crew), self._budgets.number(self.scope.budget()))

    def following(self, state: int) -> list[int]:
        """The states that may follow this one, some of them several times."""
        found = self._without_engines(state)
        self._with_engines(state, found)
        return found

    def _without_engines(self, state: int) -> list[int]:
        world, crew, budget = state >> WORLD_AT, state >> CREW_AT & CREWS, state & BUDGETS
        found: list[int] = []
        for _, after, _, event, cost, _ in self._by_world.get(world) or self._happen(world):
            left = self._pay(budget, cost) if cost else budget
            if left >= 0:
                base = after << WORLD_AT | left
                for crew_after in self._noticed.get((crew, event)) or self._notice(crew, event):
                    found.append(base | crew_after << CREW_AT)
        return found

    def _with_engines(self, state: int, found: list[int]) -> None:
        world, crew, budget = state >> WORLD_AT, state >> CREW_AT & CREWS, state & BUDGETS
        minds, twin = self.crews.things[crew], -1
        for place, mind in enumerate(minds):
            if mind == twin:
                continue  # another engine in the same place
            twin = mind
            for _, after, own, event, cost, harm in self._by_mind.get((world, mind)) or self._think(world, mind):
                left = self._pay(budget, cost) if cost else budget
                if left < 0:
                    continue
                self.harm = self.harm or harm
                base, key = after << WORLD_AT | left, (crew, place, own, event)
                for crew_after in self._joined.get(key) or self._join(key):
                    found.append(base | crew_after << CREW_AT)

    def _happen(self, world: int) -> tuple[Step, ...]:
        for alone in self.alone:
            self.harm = self.harm or alone.verdict(world)
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
        minds = self.crews.things[crew]
        found = self._noticed[crew, event] = self._mixed([self.space.after(one, event) for one in minds])
        return found

    def _join(self, key: tuple[int, int, int, int]) -> tuple[int, ...]:
        crew, place, own, event = key
        minds = enumerate(self.crews.things[crew])
        found = self._joined[key] = self._mixed(
            [(own,) if at == place else self.space.after(one, event) for at, one in minds]
        )
        return found

    def _mixed(self, each: list[tuple[int, ...]]) -> tuple[int, ...]:
        mixes = {tuple(sorted(mix)) for mix in product(*each)}
        return tuple(self.crews.number(mix) for mix in sorted(mixes))

    # For those who tell of it.

    def ways(self, state: int, minds: tuple[int, ...]) -> Iterator[Way]:
        """All steps from a state, the engines at places of their own, and of each every way in which they take it."""
        world = state >> WORLD_AT
        for step in self._by_world.get(world) or self._happen(world):
            for mix in product(*(self.space.after(one, step.event) for one in minds)):
                yield Way(step, None, mix)
        for place, mind in enumerate(minds):
            for step in self._by_mind.get((world, mind)) or self._think(world, mind):
                each = [self.space.after(one, step.event) for one in minds]
                each[place] = (step.mind,)
                for mix in product(*each):
                    yield Way(step, place, mix)

    def reached(self, before: int, way: Way) -> int:
        """The state to which a way leads; -1 when the budget does not allow it."""
        budget = before & BUDGETS
        left = self._pay(budget, way.step.cost) if way.step.cost else budget
        return packed(way.step.world, self.crews.number(tuple(sorted(way.minds))), left) if left >= 0 else -1


def packed(world: int, crew: int, budget: int) -> int:
    """The three numbers in one."""
    assert crew <= CREWS, "more crews than there are numbers for"
    assert budget <= BUDGETS, "more budgets than there are numbers for"
    return world << WORLD_AT | crew << CREW_AT | budget
